"""Delete an Application that somebody has deleted: with its finalizer its objects go first, else they stay.

The finalizer is taken off only when every object that was ours is proven to be gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping

import orjson

from common.core.annotations import (
    HELM_RESOURCE_POLICY,
    HOOK_FINALIZER,
    SYNC_OPTIONS,
    annotation,
    has_option,
)
from common.core.errors import CacheMiss, KindNotServed, NotFound, VersionConflict
from common.core.hooks import wave_of
from common.core.keys import GroupVersionKind, Object, ObjectKey, gvk_of, key_of
from common.core.model.application import Application
from common.core.plan.order import kind_rank
from common.core.tracking import TrackingSettings, is_ours
from common.operations.bundle import Ports
from common.operations.live_view import ask
from common.operations.render import INPUTS, RENDERS
from common.ports import Cluster, Propagation

CASCADE = "resources-finalizer.argocd.argoproj.io"
_FOREGROUND = (CASCADE, f"{CASCADE}/foreground")
_BACKGROUND = f"{CASCADE}/background"


def propagation_of(app: Application) -> Propagation | None:
    """How its objects are to be deleted; None when they stay."""
    if _BACKGROUND in app.finalizers:
        return Propagation.BACKGROUND
    return Propagation.FOREGROUND if any(name in app.finalizers for name in _FOREGROUND) else None


def is_kept(obj: Object) -> bool:
    """What a cascading deletion leaves: its loss would take more with it, or it says so."""
    return (
        gvk_of(obj).group_kind.kind == "CustomResourceDefinition"
        or annotation(obj, HELM_RESOURCE_POLICY) == "keep"
        or has_option(obj, SYNC_OPTIONS, "Delete=false")
    )


def delete_objects(
    ports: Ports,
    cluster: Cluster,
    app: Application,
    owner: str,
    tracking: TrackingSettings,
    propagation: Propagation,
) -> list[ObjectKey]:
    """Ask for the deletion of the latest wave that is still there; what is left, empty when all is gone.

    Raises:
        ClusterError: a read or a deletion failed; nothing is concluded.
    """
    left = _ours(ports, cluster, app, owner, tracking)
    if not left:
        return []
    last = max(wave_of(obj).number for obj in left.values())
    now = [key for key in _reverse(left) if wave_of(left[key]).number == last]
    for key in now:
        _delete(cluster, key, left[key], propagation)
    return [key for key in left if ask(cluster, key, gvk_of(left[key])) is not None]


def _delete(cluster: Cluster, key: ObjectKey, obj: Object, propagation: Propagation) -> None:
    """Delete one. What is gone meanwhile is as wanted; what is another object by now is looked at again."""
    gvk, meta = gvk_of(obj), obj["metadata"]
    with contextlib.suppress(NotFound, VersionConflict):
        if "deletionTimestamp" not in meta:
            cluster.delete(gvk, key.namespace, key.name, uid=meta["uid"], propagation=propagation)
        if HOOK_FINALIZER in (meta.get("finalizers") or ()):
            # No operation of this application will come to release its hooks.
            left = [name for name in meta["finalizers"] if name != HOOK_FINALIZER]
            body = {"metadata": {"finalizers": left or None, "uid": meta["uid"]}}
            cluster.patch(gvk, key.namespace, key.name, body)


def _reverse(objects: Mapping[ObjectKey, Object]) -> Iterable[ObjectKey]:
    """The reverse of the order in which they are applied."""
    return sorted(objects, key=lambda key: (kind_rank(key.kind), key), reverse=True)


def _ours(
    ports: Ports, cluster: Cluster, app: Application, owner: str, tracking: TrackingSettings
) -> dict[ObjectKey, Object]:
    """What is live, ours and not to be kept.

    The snapshot tells of the kinds that it has completely; every other kind that the status, or the last
    render (a sync may have been killed before it wrote a status), names is listed.
    """
    snapshot = ports.live.read(cluster.access.id, owner)
    known: dict[ObjectKey, GroupVersionKind] = {
        row.key: GroupVersionKind(row.group, row.version, row.kind) for row in app.status.resources
    }
    known |= {key: gvk_of(obj) for key, obj in snapshot.objects.items()}
    kinds = {gvk.group_kind: gvk for gvk in (*known.values(), *_rendered_kinds(ports, app))}
    found = [obj for key in sorted(known) if (obj := ask(cluster, key, known[key])) is not None]
    for kind in sorted(kinds.keys() - snapshot.complete):
        found += _listed(cluster, kinds[kind])
    return {
        key_of(obj): obj
        for obj in found
        if is_ours(obj, owner, tracking) and not is_kept(obj) and not _is_self(key_of(obj), app)
    }


def _rendered_kinds(ports: Ports, app: Application) -> list[GroupVersionKind]:
    """The kinds of the last render, as far as it is still kept."""
    (inputs,) = ports.facts.get(INPUTS, [str(app.key)])
    try:
        kept = ports.blobs.get(RENDERS, inputs["key"]) if inputs else b"[]"
    except CacheMiss:
        return []
    return [gvk_of(obj) for obj in orjson.loads(kept)]


def _listed(cluster: Cluster, gvk: GroupVersionKind) -> Iterable[Object]:
    """All of a kind; a kind that is not served has none."""
    try:
        items = cluster.list(gvk).items
    except KindNotServed:
        return []
    return [{"apiVersion": gvk.api_version, "kind": gvk.kind, **obj} for obj in items]


def _is_self(key: ObjectKey, app: Application) -> bool:
    """An application of applications may track itself; it is deleted by its own deletion."""
    return (key.group, key.kind, key.namespace, key.name) == (
        "argoproj.io",
        "Application",
        app.key.namespace,
        app.key.name,
    )
