"""PersistentVolumeClaims."""

from __future__ import annotations

from datetime import datetime

from common.core.health.values import Health, degraded, healthy, progressing, status_of, unknown
from common.core.keys import Object


def persistent_volume_claim(obj: Object, now: datetime) -> Health:  # noqa: ARG001
    """Healthy when bound, degraded when its volume is lost."""
    phase = status_of(obj).get("phase")
    if phase == "Bound":
        return healthy()
    if phase == "Lost":
        return degraded()
    return progressing() if phase == "Pending" else unknown()
