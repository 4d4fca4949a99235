"""The tree: children by ownerReferences, and what people look for first."""

from __future__ import annotations

from typing import Any

from common.core.keys import GroupKind, Object, ObjectKey, key_of
from common.core.resource_tree import build_tree, child_kinds

DEPLOYMENT = ObjectKey("apps", "Deployment", "shop", "web")


def obj(api: str, kind: str, name: str, *owners: str, **more: Any) -> Object:
    """A minimal object whose uid is its name."""
    meta: Object = {"namespace": "shop", "name": name, "uid": name, **more.pop("metadata", {})}
    if owners:
        meta["ownerReferences"] = [{"uid": owner} for owner in owners]
    return {"apiVersion": api, "kind": kind, "metadata": meta, **more}


def test_children_of_children_are_listed_too() -> None:
    """A Deployment's pods belong to its ReplicaSets; a CronJob's to its Jobs."""
    found = child_kinds([GroupKind("apps", "Deployment"), GroupKind("batch", "CronJob")])
    assert sorted(gvk.kind for gvk in found) == ["Job", "Pod", "ReplicaSet"]


def test_an_operators_kind_may_bring_about_workloads() -> None:
    """Nobody knows what a custom resource makes; a ConfigMap and an Application make nothing."""
    assert {gvk.kind for gvk in child_kinds([GroupKind("db.example", "Postgres")])} == {
        "Job",
        "Pod",
        "ReplicaSet",
    }
    assert child_kinds([GroupKind("", "ConfigMap"), GroupKind("argoproj.io", "Application")]) == frozenset()


def test_the_tree_follows_owners_through_generations() -> None:
    """Whatever the order of the candidates; what nobody of ours owns is left out."""
    root = obj("apps/v1", "Deployment", "web")
    pods = [obj("v1", "Pod", name, "web-1") for name in ("web-1-b", "web-1-a")]
    foreign = obj("v1", "Pod", "other", "elsewhere")
    candidates = [*pods, foreign, obj("apps/v1", "ReplicaSet", "web-1", "web"), root]
    nodes = build_tree({DEPLOYMENT: ("v1", root)}, candidates)
    assert [node.key.name for node in nodes] == ["web", "web-1", "web-1-a", "web-1-b"]
    assert [parent.key for node in nodes[2:] for parent in node.parents] == [
        key_of(candidates[3]),
        key_of(candidates[3]),
    ]


def test_a_missing_object_is_a_node_without_an_object() -> None:
    """It should be there: the tree says that it is not, and has no children for it."""
    (node,) = build_tree({DEPLOYMENT: ("v1", None)}, [obj("v1", "Pod", "stray", "")])
    assert (node.key, node.object, node.uid) == (DEPLOYMENT, None, "")


def test_pods_and_replica_sets_say_what_counts() -> None:
    """Phase or reason, node, ready containers, restarts; a ReplicaSet's revision."""
    noted = {"annotations": {"deployment.kubernetes.io/revision": "2"}}
    states = [{"ready": True, "restartCount": 3}, {"ready": False}]
    objects = [
        obj("apps/v1", "ReplicaSet", "a", metadata=noted),
        obj("apps/v1", "ReplicaSet", "b"),
        obj(
            "v1",
            "Pod",
            "c",
            spec={"nodeName": "n1", "containers": [{"image": "x"}, {"image": "y"}]},
            status={"phase": "Running", "reason": "Evicted", "containerStatuses": states},
        ),
        obj("v1", "Pod", "d"),
    ]
    nodes = build_tree({key_of(one): ("v1", one) for one in objects}, [])
    facts = {node.key.name: dict(node.facts) for node in nodes}
    assert facts == {
        "a": {"Revision": "Rev:2"},
        "b": {},
        "c": {"Status Reason": "Evicted", "Node": "n1", "Containers": "1/2", "Restart Count": "3"},
        "d": {"Containers": "0/0"},
    }
