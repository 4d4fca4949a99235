"""HTTP: the REST API, webhooks, event streams, probes, and the pages."""
