"""Pure decisions: values in, values out. No clock, files, network, Redis, Kubernetes, Git or logging."""
