"""The Cluster port against scripted answers: what is sent, and what is made of odd answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from common.adapters.cluster.client import HttpCluster
from common.core.access import ClusterAccess
from common.core.errors import (
    ClusterUnreachable,
    Forbidden,
    InvalidInput,
    KindNotServed,
    NotFound,
    ServerError,
    Throttled,
    WatchExpired,
)
from common.core.keys import ClusterId, GroupVersionKind, Object
from common.ports import PatchType, Propagation
from tests.unit.common.adapters.cluster.scripted_server import (
    Answer,
    Request,
    ScriptedServer,
    answer,
    api,
    scripted,
)

POD = GroupVersionKind("", "v1", "Pod")
NAMESPACE = GroupVersionKind("", "v1", "Namespace")


def _pod(name: str = "web", namespace: str = "shop") -> Object:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}}


@contextmanager
def _cluster(
    handler: Callable[[Request], Answer], **access: object
) -> Iterator[tuple[HttpCluster, ScriptedServer]]:
    with scripted(api(handler)) as server:
        made = ClusterAccess(id=ClusterId("c"), server=server.url, **access)  # type: ignore[arg-type]
        cluster = HttpCluster(made)
        yield cluster, server
        cluster.close()


def _query(request: Request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.path).query)


def test_apply_sends_a_forced_strict_apply_patch() -> None:
    """Server-side apply: content type, manager, force, strict validation, dry run."""
    with _cluster(lambda r: answer(200, orjson.loads(r.body))) as (cluster, server):
        assert cluster.apply(_pod()) == _pod()
        cluster.apply(_pod(), force=False, dry_run=True, field_manager="m", validate=False)
    first, second = server.requests[-2:]
    assert (first.method, urlsplit(first.path).path) == ("PATCH", "/api/v1/namespaces/shop/pods/web")
    assert first.headers["content-type"] == "application/apply-patch+yaml"
    assert _query(first) == {"fieldManager": ["moorings"], "force": ["true"], "fieldValidation": ["Strict"]}
    assert _query(second) == {
        "fieldManager": ["m"], "force": ["false"], "fieldValidation": ["Ignore"], "dryRun": ["All"],
    }  # fmt: skip


def test_create_replace_patch_and_delete_requests() -> None:
    """Verbs, paths and bodies of the other writes."""
    with _cluster(lambda _: answer(200, {})) as (cluster, server):
        cluster.create(_pod())
        cluster.replace(_pod())
        cluster.patch(POD, "shop", "web", [], patch_type=PatchType.JSON, subresource="status")
        cluster.delete(POD, "shop", "web", uid="u", resource_version="7", propagation=Propagation.FOREGROUND)
    sent = [(r.method, urlsplit(r.path).path) for r in server.requests[-4:]]
    assert sent == [
        ("POST", "/api/v1/namespaces/shop/pods"),
        ("PUT", "/api/v1/namespaces/shop/pods/web"),
        ("PATCH", "/api/v1/namespaces/shop/pods/web/status"),
        ("DELETE", "/api/v1/namespaces/shop/pods/web"),
    ]
    assert server.requests[-2].headers["content-type"] == "application/json-patch+json"
    options = orjson.loads(server.requests[-1].body)
    assert options["preconditions"] == {"uid": "u", "resourceVersion": "7"}
    assert options["propagationPolicy"] == "Foreground"


def test_list_takes_all_pages_and_names_its_items() -> None:
    """Pages are followed, and items get the apiVersion and kind that built-in lists leave out."""

    def pages(request: Request) -> bytes:
        if "continue" in _query(request):
            return answer(200, {"metadata": {"resourceVersion": "9"}, "items": [{"metadata": {"name": "b"}}]})
        meta = {"resourceVersion": "9", "continue": "t"}
        return answer(200, {"metadata": meta, "items": [{"metadata": {"name": "a"}}]})

    with _cluster(pages) as (cluster, server):
        found = cluster.list(POD, label_selector="a=b")
    assert [item["metadata"]["name"] for item in found.items] == ["a", "b"]
    assert {(item["apiVersion"], item["kind"]) for item in found.items} == {("v1", "Pod")}
    assert found.resource_version == "9"
    assert _query(server.requests[-1]) == {"limit": ["500"], "continue": ["t"], "labelSelector": ["a=b"]}


def test_list_starts_again_when_its_continue_token_expires() -> None:
    """A 410 between pages: part of a list is no list."""
    expired = iter([True, False])

    def pages(request: Request) -> bytes:
        if "continue" not in _query(request):
            return answer(200, {"metadata": {"continue": "t"}, "items": [{"metadata": {"name": "a"}}]})
        if next(expired):
            return answer(410, {"kind": "Status", "reason": "Expired"})
        return answer(200, {"metadata": {"resourceVersion": "2"}, "items": []})

    with _cluster(pages) as (cluster, _):
        assert len(cluster.list(POD).items) == 1


def test_list_that_always_expires_raises() -> None:
    """No endless loop, and no part of a list."""
    with (
        _cluster(lambda _: answer(410, {"kind": "Status"})) as (cluster, server),
        pytest.raises(WatchExpired),
    ):
        cluster.list(POD)
    assert sum("limit" in r.path for r in server.requests) == 3


def test_access_limited_to_namespaces() -> None:
    """`namespaces` of the Secret: lists go one by one, the rest is refused without a request."""

    def one(request: Request) -> bytes:
        rv = "5" if "/a/" in request.path else "3"
        return answer(200, {"metadata": {"resourceVersion": rv}, "items": [{"metadata": {}}]})

    with _cluster(one, namespaces=("a", "b"), cluster_resources=False) as (cluster, server):
        found = cluster.list(POD)
        assert (len(found.items), found.resource_version) == (2, "3")
        asked = len(server.requests)
        with pytest.raises(Forbidden, match="namespace shop"):
            cluster.get(POD, "shop", "web")
        with pytest.raises(Forbidden, match="cluster-scoped"):
            cluster.get(NAMESPACE, "", "a")
        assert len(server.requests) == asked


@pytest.mark.parametrize("raw", [b"{", b"[]", b"", b"\xff"])
def test_broken_json_is_unreachable(raw: bytes) -> None:
    """A 200 that cannot be read says nothing about what happened."""
    with _cluster(lambda _: answer(200, raw=raw)) as (cluster, _), pytest.raises(ClusterUnreachable):
        cluster.get(POD, "shop", "web")


def test_throttled() -> None:
    """429 carries how long to wait."""
    with _cluster(lambda _: answer(429, {}, "Retry-After: 4\r\n")) as (cluster, _):
        with pytest.raises(Throttled) as caught:
            cluster.get(POD, "shop", "web")
        assert caught.value.retry_after_seconds == 4


def test_missing_namespace_object_is_not_found() -> None:
    """For a Namespace itself, the Status that names a namespace is about the object."""
    status = {"kind": "Status", "details": {"name": "x", "kind": "namespaces"}}
    with _cluster(lambda _: answer(404, status)) as (cluster, _), pytest.raises(NotFound):
        cluster.get(NAMESPACE, "", "x")


def test_unknown_kind_asks_discovery_at_a_bounded_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that is missing is looked for again, but not once a request."""
    from common.adapters.cluster import known_kinds

    with _cluster(lambda _: answer(200, {})) as (cluster, server):
        for _ in range(5):
            with pytest.raises(KindNotServed, match=r"no Widget in x\.io/v1"):
                cluster.get(GroupVersionKind("x.io", "v1", "Widget"), "a", "b")
        assert sum(r.path == "/apis" for r in server.requests) == 1
        monkeypatch.setattr(known_kinds, "REFRESH_SECONDS", 0.0)
        with pytest.raises(KindNotServed):
            cluster.get(GroupVersionKind("x.io", "v1", "Widget"), "a", "b")
        assert sum(r.path == "/apis" for r in server.requests) == 2


def test_object_without_name_or_namespace_is_bad_input() -> None:
    """Named before any request, instead of the server's answer to a wrong path."""
    with _cluster(lambda _: answer(200, {})) as (cluster, _):
        with pytest.raises(InvalidInput, match=r"metadata\.name"):
            cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "a"}})
        with pytest.raises(InvalidInput, match=r"metadata\.namespace"):
            cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}})


def test_requests_are_observed() -> None:
    """Each request is told, with its status, and `error` when there was no answer."""
    seen: list[tuple[str, str, str]] = []
    with scripted(api(lambda r: None if "dead" in r.path else answer(200, {}))) as server:
        access = ClusterAccess(id=ClusterId("c"), server=server.url)
        cluster = HttpCluster(access, observe=lambda a, v, g, c, s: seen.append((v, g.kind, c)))
        cluster.get(POD, "shop", "web")
        with pytest.raises(ClusterUnreachable):
            cluster.create(_pod(namespace="dead"))
        cluster.close()
    assert seen == [("get", "Pod", "200"), ("create", "Pod", "error")]


def _legacy(request: Request) -> bytes:
    """An old server: one aggregated API is down."""
    documents = {
        "/version": {"gitVersion": "v1.20.0"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/api/v1": {
            "resources": [
                {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["get"], "shortNames": ["po"]},
                {"name": "pods/status", "kind": "Pod", "namespaced": True},
            ]
        },
        "/apis": {
            "kind": "APIGroupList",
            "groups": [
                {
                    "preferredVersion": {"groupVersion": "apps/v1"},
                    "versions": [{"groupVersion": "apps/v1beta1"}, {"groupVersion": "apps/v1"}],
                },
                {"versions": [{"groupVersion": "metrics.k8s.io/v1"}]},
            ],
        },
        "/apis/apps/v1": {"resources": [{"name": "deployments", "kind": "Deployment", "namespaced": True}]},
        "/apis/apps/v1beta1": {
            "resources": [{"name": "deployments", "kind": "Deployment", "namespaced": True}]
        },
    }
    if request.path in documents:
        return answer(200, documents[request.path])
    return answer(503, {"kind": "Status", "message": "service unavailable"})


def test_legacy_discovery_marks_groups_that_fail() -> None:
    """A failing group neither hides the others nor vanishes: its kinds are unknown, not unserved."""
    with scripted(_legacy) as server:
        cluster = HttpCluster(ClusterAccess(id=ClusterId("c"), server=server.url))
        catalog = cluster.catalog()
        with pytest.raises(ServerError):
            cluster.get(GroupVersionKind("metrics.k8s.io", "v1", "PodMetrics"), "a", "b")
        cluster.close()
    assert catalog.version == "v1.20.0"
    assert catalog.failed == ("metrics.k8s.io/v1",)
    assert [(r.gvk.api_version, r.plural) for r in catalog.resources] == [
        ("v1", "pods"), ("apps/v1", "deployments"), ("apps/v1beta1", "deployments"),
    ]  # fmt: skip
    assert catalog.resources[0].subresources == ("status",)


def test_schemas_are_read_once_a_group_version() -> None:
    """The document is kept by the hash in its address; a kind without one has none."""
    gvk = {"group": "", "version": "v1", "kind": "Pod"}
    documents = {
        "/openapi/v3": {"paths": {"api/v1": {"serverRelativeURL": "/openapi/v3/api/v1?hash=A"}}},
        "/openapi/v3/api/v1?hash=A": {
            "components": {"schemas": {"P": {"x-kubernetes-group-version-kind": [gvk]}, "Q": {}}}
        },
    }
    with _cluster(lambda r: answer(200, documents[r.path])) as (cluster, server):
        schema = cluster.schema(POD)
        assert schema is not None
        assert schema["root"] == "P"
        assert set(schema["schemas"]) == {"P", "Q"}
        assert cluster.schema(POD) is schema
        assert cluster.schema(GroupVersionKind("", "v1", "Nope")) is None
        assert cluster.schema(GroupVersionKind("apps", "v1", "Deployment")) is None
    assert sum(r.path.startswith("/openapi") for r in server.requests) == 2


def test_server_without_openapi_v3_has_no_schemas() -> None:
    """None says that nothing is known."""
    with _cluster(lambda _: answer(404, raw=b"404 page not found")) as (cluster, _):
        assert cluster.schema(POD) is None
