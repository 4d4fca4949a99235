"""A Kubernetes API in one process: for the quick start, and for tests that want a cluster in milliseconds.

`sandbox.run` starts it: `SandboxCluster` inside an event loop, `running_sandbox` beside a test. Nothing is
imported here, so that importing one module costs only that module.
"""
