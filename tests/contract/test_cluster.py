"""The Cluster port: what operations rely on, for the cluster in memory and for a real API server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from common.adapters.cluster.client import HttpCluster
from common.adapters.memory.cluster import MemoryCluster
from common.core.errors import (
    AlreadyExists,
    FieldConflict,
    InvalidInput,
    KindNotServed,
    NamespaceMissing,
    NotFound,
    VersionConflict,
)
from common.core.keys import GroupVersionKind, Object
from common.ports import Cluster, PatchType
from sandbox.run import running_sandbox

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
NAMESPACE = GroupVersionKind("", "v1", "Namespace")
NOBODY = GroupVersionKind("example.org", "v1", "Nobody")


def _config(name: str = "web", namespace: str = "default", **data: str) -> Object:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def _version(obj: Object) -> int:
    return int(obj["metadata"]["resourceVersion"])


@pytest.fixture(params=["memory", "sandbox"])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Each implementation, with the namespace `default`."""
    if request.param == "memory":
        yield MemoryCluster()
    else:
        with running_sandbox(controllers=False) as fleet:
            made = HttpCluster(fleet[0].access())
            yield made
            made.close()


def test_catalog_has_the_kinds(cluster: Cluster) -> None:
    """Scope and plural of what is served, under a digest that stays while nothing changes."""
    catalog = cluster.catalog()
    rows = {row.gvk: row for row in catalog.resources}
    assert (rows[CONFIG_MAP].plural, rows[CONFIG_MAP].namespaced) == ("configmaps", True)
    assert not rows[NAMESPACE].namespaced
    assert catalog.digest == cluster.catalog(refresh=True).digest
    assert catalog.failed == ()


def test_apply_creates_then_changes_then_leaves_alone(cluster: Cluster) -> None:
    """An apply that changes nothing is no write; a field that is no longer applied goes."""
    first = cluster.apply(_config(a="1", b="2"))
    assert first["data"] == {"a": "1", "b": "2"}
    same = cluster.apply(_config(a="1", b="2"))
    assert _version(same) == _version(first)
    changed = cluster.apply(_config(a="3"))
    assert changed["data"] == {"a": "3"}
    assert _version(changed) > _version(first)
    assert changed["metadata"]["uid"] == first["metadata"]["uid"]
    assert cluster.get(CONFIG_MAP, "default", "web")["data"] == {"a": "3"}


def test_apply_keeps_what_others_own(cluster: Cluster) -> None:
    """Fields of other managers stay, and without force theirs cannot be taken."""
    cluster.apply(_config(a="1"), field_manager="other")
    ours = cluster.apply(_config(b="2"))
    assert ours["data"] == {"a": "1", "b": "2"}
    with pytest.raises(FieldConflict) as caught:
        cluster.apply(_config(a="9", b="2"), force=False)
    assert caught.value.managers == ("other",)
    assert caught.value.fields == (".data.a",)
    assert cluster.apply(_config(a="9", b="2"))["data"]["a"] == "9"


def test_dry_runs_change_nothing(cluster: Cluster) -> None:
    """Each write can be tried."""
    assert cluster.apply(_config(a="1"), dry_run=True)["data"] == {"a": "1"}
    assert cluster.create(_config(a="1"), dry_run=True)["data"] == {"a": "1"}
    with pytest.raises(NotFound):
        cluster.get(CONFIG_MAP, "default", "web")
    made = cluster.create(_config(a="1"))
    cluster.patch(CONFIG_MAP, "default", "web", {"data": {"a": "2"}}, dry_run=True)
    cluster.replace(_config(a="3"), dry_run=True)
    cluster.delete(CONFIG_MAP, "default", "web", dry_run=True)
    live = cluster.get(CONFIG_MAP, "default", "web")
    assert (live["data"], _version(live)) == ({"a": "1"}, _version(made))


def test_create_twice(cluster: Cluster) -> None:
    """The second is refused."""
    cluster.create(_config())
    with pytest.raises(AlreadyExists):
        cluster.create(_config())


def test_generate_name(cluster: Cluster) -> None:
    """The server makes the name."""
    obj = _config(a="1")
    obj["metadata"] = {"generateName": "web-", "namespace": "default"}
    first, second = cluster.create(obj), cluster.create(obj)
    assert first["metadata"]["name"].startswith("web-")
    assert first["metadata"]["name"] != second["metadata"]["name"]


def test_replace_with_and_without_precondition(cluster: Cluster) -> None:
    """A resourceVersion that is not the current one is a conflict; none is no precondition."""
    made = cluster.create(_config(a="1"))
    cluster.replace(_config(a="2"))
    stale = _config(a="3")
    stale["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    with pytest.raises(VersionConflict):
        cluster.replace(stale)
    with pytest.raises(NotFound):
        cluster.replace(_config(name="none"))


def test_patches(cluster: Cluster) -> None:
    """Merge patch with null, JSON patch, and the precondition in a merge patch."""
    made = cluster.create(_config(a="1", b="2"))
    patched = cluster.patch(CONFIG_MAP, "default", "web", {"data": {"a": None, "c": "3"}})
    assert patched["data"] == {"b": "2", "c": "3"}
    steps = [{"op": "replace", "path": "/data/b", "value": "x"}]
    patched = cluster.patch(CONFIG_MAP, "default", "web", steps, patch_type=PatchType.JSON)
    assert patched["data"]["b"] == "x"
    stale = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "data": {"b": "y"}}
    with pytest.raises(VersionConflict):
        cluster.patch(CONFIG_MAP, "default", "web", stale)


def test_list_is_of_one_moment(cluster: Cluster) -> None:
    """Items carry their kind; a namespace or a selector narrows; its version is not older than any."""
    labelled = _config("a")
    labelled["metadata"]["labels"] = {"app": "x"}
    cluster.create(labelled)
    last = cluster.create(_config("b"))
    found = cluster.list(CONFIG_MAP, "default")
    names = [item["metadata"]["name"] for item in found.items]
    assert {"a", "b"} <= set(names)
    assert {(item["apiVersion"], item["kind"]) for item in found.items} == {("v1", "ConfigMap")}
    assert int(found.resource_version) >= _version(last)
    assert [i["metadata"]["name"] for i in cluster.list(CONFIG_MAP, label_selector="app=x").items] == ["a"]
    assert cluster.list(CONFIG_MAP, "default", label_selector="app=nobody").items == ()


def test_list_of_many(cluster: Cluster) -> None:
    """More than a page."""
    for n in range(520):
        cluster.create(_config(f"many-{n:03}"))
    found = cluster.list(CONFIG_MAP, "default")
    assert sum(i["metadata"]["name"].startswith("many-") for i in found.items) == 520


def test_delete_with_preconditions(cluster: Cluster) -> None:
    """An object made again under the same name is another one."""
    made = cluster.create(_config())
    uid, version = made["metadata"]["uid"], made["metadata"]["resourceVersion"]
    with pytest.raises(VersionConflict):
        cluster.delete(CONFIG_MAP, "default", "web", uid="another")
    cluster.patch(CONFIG_MAP, "default", "web", {"data": {"a": "2"}})
    with pytest.raises(VersionConflict):
        cluster.delete(CONFIG_MAP, "default", "web", uid=uid, resource_version=version)
    cluster.delete(CONFIG_MAP, "default", "web", uid=uid)
    with pytest.raises(NotFound):
        cluster.delete(CONFIG_MAP, "default", "web")


def test_finalizers_hold_an_object(cluster: Cluster) -> None:
    """Deleted, it stays until the last finalizer is taken away."""
    held = _config()
    held["metadata"]["finalizers"] = ["example.org/hold"]
    cluster.create(held)
    cluster.delete(CONFIG_MAP, "default", "web")
    assert cluster.get(CONFIG_MAP, "default", "web")["metadata"]["deletionTimestamp"]
    cluster.patch(CONFIG_MAP, "default", "web", {"metadata": {"finalizers": None}})
    with pytest.raises(NotFound):
        cluster.get(CONFIG_MAP, "default", "web")


def test_what_is_missing_has_its_type(cluster: Cluster) -> None:
    """Object, namespace and kind are three different absences."""
    with pytest.raises(NotFound):
        cluster.get(CONFIG_MAP, "default", "none")
    with pytest.raises(NotFound):
        cluster.get(NAMESPACE, "", "none")
    with pytest.raises(NamespaceMissing):
        cluster.apply(_config(namespace="none"))
    with pytest.raises(NamespaceMissing):
        cluster.create(_config(namespace="none"))
    with pytest.raises(KindNotServed):
        cluster.get(NOBODY, "default", "x")
    with pytest.raises(InvalidInput):
        cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})


def test_generation_counts_changes_of_the_spec_only(cluster: Cluster) -> None:
    """Metadata does not count."""
    app = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w", "namespace": "default"}}
    labels = {"app": "w"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    app["spec"] = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}  # type: ignore[assignment]
    gvk = GroupVersionKind("apps", "v1", "Deployment")
    assert cluster.apply(app)["metadata"]["generation"] == 1
    patched = cluster.patch(gvk, "default", "w", {"metadata": {"labels": {"a": "b"}}})
    assert patched["metadata"]["generation"] == 1
    assert cluster.patch(gvk, "default", "w", {"spec": {"replicas": 2}})["metadata"]["generation"] == 2
