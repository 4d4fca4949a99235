"""Let a deleted Application go: its objects first where its finalizer asks for it, then the finalizer."""

from __future__ import annotations

from common import logging
from common.operations import deletion
from common.operations.status_write import write
from common.operations.turn import Turn

AGAIN_SECONDS = 2.0
"""Deletions take their time, and the snapshot's events wake us earlier."""

log = logging.get(__name__)


def advance(turn: Turn) -> float | None:
    """Delete what is left, or take our finalizer off.

    Raises:
        InvalidInput: the destination cannot be told: its objects would stay behind unseen.
        ClusterError: a read or a deletion failed; the finalizer stays.
        Overtaken: the Application changed meanwhile.
    """
    propagation = deletion.propagation_of(turn.app)
    if propagation is None:
        return None
    place = turn.fleet.place(turn.app)
    cluster = turn.connect(place)
    left = deletion.delete_objects(
        turn.ports, cluster, turn.app, turn.owner, turn.fleet.tracking, propagation
    )
    if left:
        log.info("objects_being_deleted", app=str(turn.app.key), left=len(left))
        return AGAIN_SECONDS
    others = [name for name in turn.app.finalizers if not name.startswith(deletion.CASCADE)]
    write(turn.ports, turn.app.raw, {"metadata": {"finalizers": others or None}})
    return None
