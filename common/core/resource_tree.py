"""What an application's objects have brought about: their children, by ownerReferences, as a tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from common.core.keys import GroupKind, GroupVersionKind, Object, ObjectKey, gvk_of, key_of
from common.core.resource_links import images_of, links_of

_POD = GroupVersionKind("", "v1", "Pod")
_REPLICA_SET = GroupVersionKind("apps", "v1", "ReplicaSet")
_REVISION = GroupVersionKind("apps", "v1", "ControllerRevision")
_JOB = GroupVersionKind("batch", "v1", "Job")
_SLICE = GroupVersionKind("discovery.k8s.io", "v1", "EndpointSlice")
_CLAIM = GroupVersionKind("", "v1", "PersistentVolumeClaim")

_CHILDREN: dict[GroupKind, tuple[GroupVersionKind, ...]] = {
    GroupKind("apps", "Deployment"): (_REPLICA_SET,),
    GroupKind("apps", "ReplicaSet"): (_POD,),
    GroupKind("apps", "StatefulSet"): (_POD, _REVISION, _CLAIM),
    GroupKind("apps", "DaemonSet"): (_POD, _REVISION),
    GroupKind("", "ReplicationController"): (_POD,),
    GroupKind("batch", "CronJob"): (_JOB,),
    GroupKind("batch", "Job"): (_POD,),
    GroupKind("", "Service"): (_SLICE,),
}
_BUILT_IN = frozenset(
    {
        "",
        "apps",
        "batch",
        "autoscaling",
        "policy",
        "discovery.k8s.io",
        "networking.k8s.io",
        "rbac.authorization.k8s.io",
        "storage.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "admissionregistration.k8s.io",
        "scheduling.k8s.io",
        "coordination.k8s.io",
        "argoproj.io",
    }
)
_ANY = (_REPLICA_SET, _POD, _JOB)
"""What an operator's own kinds may bring about beside what nobody can guess."""


class ObjectRef(msgspec.Struct, frozen=True, kw_only=True):
    """An object that another one belongs to."""

    key: ObjectKey
    version: str = ""
    uid: str = ""


class TreeNode(msgspec.Struct, frozen=True, kw_only=True):
    """One object of the tree."""

    key: ObjectKey
    version: str
    uid: str = ""
    resource_version: str = ""
    created_at: str = ""
    parents: tuple[ObjectRef, ...] = ()
    images: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    """Name and value of what people look for first: a pod's phase, a ReplicaSet's revision."""
    object: Object | None = None
    """None for what should be and is not."""


def child_kinds(kinds: Iterable[GroupKind]) -> frozenset[GroupVersionKind]:
    """Kinds that objects of these kinds, and their children again, bring about."""
    found: set[GroupVersionKind] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        brought = _CHILDREN.get(kind, () if kind.group in _BUILT_IN else _ANY)
        waiting += [gvk.group_kind for gvk in brought if gvk not in found]
        found.update(brought)
    return frozenset(found)


def build_tree(
    roots: Mapping[ObjectKey, tuple[str, Object | None]], candidates: Iterable[Object]
) -> tuple[TreeNode, ...]:
    """The roots (with their version, and None for a missing object), and every candidate that one of them
    owns, directly or through others. Sorted: roots first, each generation by key.
    """
    nodes = {key: _node(key, version, obj, ()) for key, (version, obj) in roots.items()}
    by_uid = {node.uid: node for node in nodes.values() if node.uid}
    waiting = [obj for obj in candidates if key_of(obj) not in nodes]
    ordered = [nodes[key] for key in sorted(nodes)]
    while True:
        grown = sorted((_child(obj, by_uid) for obj in waiting if _owners(obj, by_uid)), key=_by_key)
        if not grown:
            return tuple(ordered)
        ordered += grown
        known = {node.uid for node in grown}
        waiting = [obj for obj in waiting if (obj["metadata"].get("uid") or "") not in known]
        by_uid |= {node.uid: node for node in grown}


def _by_key(node: TreeNode) -> ObjectKey:
    return node.key


def _owners(obj: Object, by_uid: Mapping[str, TreeNode]) -> list[TreeNode]:
    references = obj["metadata"].get("ownerReferences") or ()
    return [by_uid[one["uid"]] for one in references if one.get("uid") in by_uid]


def _child(obj: Object, by_uid: Mapping[str, TreeNode]) -> TreeNode:
    parents = tuple(
        ObjectRef(key=owner.key, version=owner.version, uid=owner.uid) for owner in _owners(obj, by_uid)
    )
    return _node(key_of(obj), gvk_of(obj).version, obj, parents)


def _node(key: ObjectKey, version: str, obj: Object | None, parents: tuple[ObjectRef, ...]) -> TreeNode:
    if obj is None:
        return TreeNode(key=key, version=version, parents=parents)
    meta = obj["metadata"]
    return TreeNode(
        key=key,
        version=version,
        uid=meta.get("uid") or "",
        resource_version=meta.get("resourceVersion") or "",
        created_at=meta.get("creationTimestamp") or "",
        parents=parents,
        images=images_of(obj),
        links=links_of(obj),
        facts=tuple(_facts(key, obj)),
        object=obj,
    )


def _facts(key: ObjectKey, obj: Object) -> Iterable[tuple[str, str]]:
    if key.group_kind == GroupKind("apps", "ReplicaSet"):
        revision = (obj["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision")
        if revision:
            yield "Revision", f"Rev:{revision}"
    elif key.group_kind == GroupKind("", "Pod"):
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        reason = status.get("reason") or status.get("phase")
        if reason:
            yield "Status Reason", str(reason)
        if spec.get("nodeName"):
            yield "Node", str(spec["nodeName"])
        states = status.get("containerStatuses") or ()
        ready = sum(bool(one.get("ready")) for one in states)
        yield "Containers", f"{ready}/{len(spec.get('containers') or ())}"
        restarts = sum(int(one.get("restartCount") or 0) for one in states)
        if restarts:
            yield "Restart Count", str(restarts)
