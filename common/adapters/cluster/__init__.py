"""Kubernetes API servers over kept-alive HTTP connections, with raw JSON."""
