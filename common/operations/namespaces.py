"""Whether a destination namespace is there: asked once in a while, not at every sync."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from common.core.keys import GroupVersionKind, Object, ObjectKey
from common.operations.live_view import ask
from common.ports import Cluster

KNOWN_SECONDS = 60.0
"""A namespace that goes meanwhile makes the next apply say so, and the retry asks again."""
_LIMIT = 10_000
_NAMESPACE = GroupVersionKind("", "v1", "Namespace")
_known: WeakKeyDictionary[Cluster, dict[str, tuple[datetime, Object]]] = WeakKeyDictionary()
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
    with _lock:
        kept = _known.setdefault(cluster, {}).get(name)
    if kept is not None and not fresh and now - kept[0] < timedelta(seconds=KNOWN_SECONDS):
        return kept[1]
    found = ask(cluster, ObjectKey("", "Namespace", "", name), _NAMESPACE)
    with _lock:
        names = _known.setdefault(cluster, {})
        names.pop(name, None)
        if found is not None and "deletionTimestamp" not in found["metadata"]:
            while len(names) >= _LIMIT:
                del names[next(iter(names))]
            names[name] = (now, found)
    return found


def forget(cluster: Cluster, name: str) -> None:
    """Somebody found it missing."""
    with _lock:
        _known.setdefault(cluster, {}).pop(name, None)
