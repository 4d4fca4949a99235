"""Where a path leads."""

from __future__ import annotations

import pytest

from sandbox.requests import Request, Target, parse_target


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/pods", Target("", "v1", "pods")),
        ("/api/v1/namespaces", Target("", "v1", "namespaces")),
        ("/api/v1/namespaces/n", Target("", "v1", "namespaces", name="n")),
        ("/api/v1/namespaces/n/status", Target("", "v1", "namespaces", name="n", subresource="status")),
        ("/api/v1/namespaces/n/finalize", Target("", "v1", "namespaces", name="n", subresource="finalize")),
        ("/api/v1/namespaces/n/pods", Target("", "v1", "pods", "n")),
        ("/api/v1/namespaces/n/pods/p", Target("", "v1", "pods", "n", "p")),
        ("/api/v1/namespaces/n/pods/p/log", Target("", "v1", "pods", "n", "p", "log")),
        ("/apis/apps/v1/deployments", Target("apps", "v1", "deployments")),
        ("/apis/a.b/v1/namespaces/n/things/d/scale", Target("a.b", "v1", "things", "n", "d", "scale")),
        ("/apis/a.b/v1/clusterroles/a%3Ab", Target("a.b", "v1", "clusterroles", name="a:b")),
        ("/api/v1/watch/namespaces/n/pods", Target("", "v1", "pods", "n", watch=True)),
        ("/api", None),
        ("/api/v1", None),
        ("/apis", None),
        ("/apis/apps", None),
        ("/apis/apps/v1", None),
        ("/healthz", None),
        ("/api/v1/pods/a/b/c", None),
        ("/api/v1//x", None),
    ],
)  # fmt: skip
def test_paths(path: str, target: Target | None) -> None:
    """Group, version, plural, namespace, name, subresource; None for everything else."""
    assert parse_target(path) == target


def request(agent: str, **query: str) -> Request:
    """A request of some program."""
    return Request(method="GET", path="/", query=query, headers={b"user-agent": agent.encode()}, body=b"")


def test_the_manager_is_named_or_the_program() -> None:
    """`fieldManager`, else what stands before the slash of the user agent."""
    assert request("kubectl/v1.32 (linux)").manager == "kubectl"
    assert request("kubectl/v1.32", fieldManager="me").manager == "me"
    assert request("").manager == "unknown"
