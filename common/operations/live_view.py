"""What is live of one application: the snapshot, and a GET for what the snapshot cannot prove."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from common.core.errors import KindNotServed, NotFound
from common.core.keys import GroupKind, GroupVersionKind, Object, ObjectKey
from common.operations.bundle import Ports
from common.ports import Cluster


class LiveView(msgspec.Struct, frozen=True, kw_only=True):
    """The live objects that matter, each either here, proven absent, or not asked for."""

    objects: Mapping[ObjectKey, Object]
    absent: frozenset[ObjectKey]
    """Proven not to exist, or not to be the application's."""
    complete: frozenset[GroupKind]
    """Kinds of which every object that the application tracks is in `objects`."""

    def with_answers(self, answers: Mapping[ObjectKey, Object], gone: Collection[ObjectKey]) -> LiveView:
        """The view after writes of ours: what the server answered, without what it deleted."""
        objects = {key: obj for key, obj in {**self.objects, **answers}.items() if key not in gone}
        absent = (self.absent - answers.keys()) | frozenset(gone)
        return msgspec.structs.replace(self, objects=objects, absent=absent)


def live_view(
    ports: Ports,
    cluster: Cluster,
    owner: str,
    desired: Mapping[ObjectKey, GroupVersionKind],
    inventory: Mapping[ObjectKey, GroupVersionKind],
    *,
    ask_for_missing: bool,
) -> LiveView:
    """Read the snapshot, and ask the cluster where it proves nothing.

    Args:
        ports: where to read.
        cluster: the destination.
        owner: the application's instance name.
        desired: the objects that should exist.
        inventory: those that existed when the status was last written.
        ask_for_missing: whether an object without our tracking matters: where policy heals, the apply
            answers the same question.

    Raises:
        ClusterError: a read failed; what it would have told stays unknown, so nothing is decided.
        StoreUnavailable: the snapshot could not be read.
    """
    snapshot = ports.live.read(cluster.access.id, owner)
    wanted = {key.group_kind for key in (*desired, *inventory)} - snapshot.complete
    if wanted:
        ports.live.want(cluster.access.id, wanted)
    objects = dict(snapshot.objects)
    absent = set()
    for key, gvk in {**inventory, **desired}.items():
        if key in objects:
            continue
        proven = key.group_kind in snapshot.complete
        if proven and (key not in desired or not ask_for_missing):
            absent.add(key)
            continue
        if not proven and key in desired and not ask_for_missing and key not in inventory:
            continue
        found = ask(cluster, key, gvk)
        if found is None:
            absent.add(key)
        else:
            objects[key] = found
    return LiveView(objects=objects, absent=frozenset(absent), complete=snapshot.complete)


def ask(cluster: Cluster, key: ObjectKey, gvk: GroupVersionKind) -> Object | None:
    """One GET; None is proof of absence, a kind that is not served included."""
    try:
        return cluster.get(gvk, key.namespace, key.name)
    except (NotFound, KindNotServed):
        return None
