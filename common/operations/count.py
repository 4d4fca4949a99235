"""Count a fleet for its metrics, from what is known of its Applications."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from common.core.keys import Object
from common.core.model.spec import DEFAULT_PROJECT
from common.core.statuses import HealthStatus, SyncStatus
from common.metrics import FleetCounts
from common.ports import Applications

_SLICE = 200
"""Applications read at a time, so that a big fleet is not held in memory as a whole."""


def count(applications: Applications) -> FleetCounts:
    """Applications by status, and drifted objects by cluster and project.

    Raises:
        StoreUnavailable: they cannot be read.
    """
    by_status: Counter[tuple[str, str]] = Counter()
    drifted: Counter[tuple[str, str]] = Counter()
    keys = applications.keys()
    for start in range(0, len(keys), _SLICE):
        _add(applications.many(keys[start : start + _SLICE]), by_status, drifted)
    return FleetCounts(applications=by_status, drifted=drifted)


def _add(
    found: Iterable[Object | None], by_status: Counter[tuple[str, str]], drifted: Counter[tuple[str, str]]
) -> None:
    for app in found:
        if app is None:
            continue
        spec, status = app.get("spec") or {}, app.get("status") or {}
        sync = (status.get("sync") or {}).get("status") or SyncStatus.UNKNOWN.value
        health = (status.get("health") or {}).get("status") or HealthStatus.UNKNOWN.value
        by_status[(sync, health)] += 1
        place = spec.get("destination") or {}
        where = (place.get("name") or place.get("server") or "", spec.get("project") or DEFAULT_PROJECT)
        rows = status.get("resources") or ()
        drifted[where] += sum(1 for row in rows if row.get("status") == SyncStatus.OUT_OF_SYNC)
