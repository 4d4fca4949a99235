"""Whether a destination namespace is there: asked once in a while, not at every sync."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from common.core.keys import ClusterId, GroupVersionKind, Object, ObjectKey
from common.operations.live_view import ask
from common.ports import Cluster

KNOWN_SECONDS = 60.0
"""A namespace that goes meanwhile makes the next apply say so, and the retry asks again."""
_LIMIT = 10_000
_NAMESPACE = GroupVersionKind("", "v1", "Namespace")
_known: dict[tuple[ClusterId, str], tuple[datetime, Object]] = {}
_lock = threading.Lock()


def find(cluster: Cluster, name: str, now: datetime, *, fresh: bool) -> Object | None:
    """The namespace; None is proof that it is not there.

    Args:
        cluster: where.
        name: its name.
        now: the time.
        fresh: whether its labels and annotations matter, not just that it is there.

    Raises:
        ClusterError: it could not be read.
    """
    key = (cluster.access.id, name)
    with _lock:
        kept = _known.get(key)
    if kept is not None and not fresh and now - kept[0] < timedelta(seconds=KNOWN_SECONDS):
        return kept[1]
    found = ask(cluster, ObjectKey("", "Namespace", "", name), _NAMESPACE)
    with _lock:
        _known.pop(key, None)
        if found is not None and "deletionTimestamp" not in found["metadata"]:
            while len(_known) >= _LIMIT:
                del _known[next(iter(_known))]
            _known[key] = (now, found)
    return found


def forget(cluster: Cluster, name: str) -> None:
    """Somebody found it missing."""
    with _lock:
        _known.pop((cluster.access.id, name), None)
