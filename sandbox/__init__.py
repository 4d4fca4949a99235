"""An embedded Kubernetes API, for the quick start and for tests."""
