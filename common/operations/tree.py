"""The resource tree of an application: its objects from the snapshot, their children by LISTs on demand.

A LIST moves thousands of objects a second, and somebody looks at one application at a time: nothing is
watched or kept for this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from common.core.errors import ClusterError, KindNotServed
from common.core.health import Health, assess
from common.core.keys import GroupVersionKind, Object, ObjectKey
from common.core.model.application import Application
from common.core.redact import digest_secret
from common.core.resource_tree import TreeNode, build_tree, child_kinds
from common.core.statuses import HealthStatus
from common.core.tracking import instance_name
from common.operations.bundle import Ports
from common.operations.fleet import Fleet
from common.operations.live_view import ask
from common.ports import Cluster


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    nodes: tuple[TreeNode, ...]
    health: Mapping[ObjectKey, Health]
    """Of each node whose kind has one."""
    problems: tuple[str, ...] = ()
    """Kinds that could not be listed: children of theirs may be missing from the tree."""


def resource_tree(ports: Ports, fleet: Fleet, app: Application) -> Tree:
    """The tree as it is now. Secrets' values are digests.

    Raises:
        InvalidInput: the application's destination or project is not valid.
        ClusterError: the destination's objects cannot be read.
    """
    cluster = ports.clusters.connect(fleet.place(app).access)
    roots = _roots(ports, cluster, app)
    problems: list[str] = []
    candidates = list(_candidates(cluster, roots, problems))
    nodes = build_tree(roots, candidates)
    now = ports.clock.now()
    found = {node.key: assess(node.object, now) for node in nodes if node.object is not None}
    health = {key: one for key, one in found.items() if one is not None}
    missing = Health(HealthStatus.MISSING, "")
    health |= {node.key: missing for node in nodes if node.object is None}
    return Tree(nodes=nodes, health=health, problems=tuple(problems))


def _roots(ports: Ports, cluster: Cluster, app: Application) -> dict[ObjectKey, tuple[str, Object | None]]:
    """The objects of the status; asked for where the snapshot proves nothing."""
    snapshot = ports.live.read(cluster.access.id, instance_name(app.key, ports.namespace))
    roots: dict[ObjectKey, tuple[str, Object | None]] = {}
    for row in app.status.resources:
        live = snapshot.objects.get(row.key)
        if live is None and row.key.group_kind not in snapshot.complete:
            found = ask(cluster, row.key, GroupVersionKind(row.group, row.version, row.kind))
            live = None if found is None else digest_secret(found, ports.secrets_key)
        roots[row.key] = (row.version, live)
    return roots


def _candidates(
    cluster: Cluster, roots: Mapping[ObjectKey, tuple[str, Object | None]], problems: list[str]
) -> Iterator[Object]:
    """Objects of the kinds that the roots may have brought about, in the namespaces where they are."""
    kinds: dict[str, set[GroupVersionKind]] = {}
    for key, (_, live) in roots.items():
        if live is not None and key.namespace:
            kinds.setdefault(key.namespace, set()).update(child_kinds([key.group_kind]))
    for namespace in sorted(kinds):
        for gvk in sorted(kinds[namespace]):
            try:
                yield from cluster.list(gvk, namespace).items
            except KindNotServed:
                continue
            except ClusterError as error:
                problems.append(f"{gvk.kind} in {namespace}: {error}")
