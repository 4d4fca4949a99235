"""What runs to an end: Jobs and Argo Workflows."""

from __future__ import annotations

from datetime import datetime

from common.core.health.values import (
    Health,
    conditions,
    degraded,
    healthy,
    progressing,
    status_of,
    suspended,
    unknown,
)
from common.core.keys import Object


def job(obj: Object, now: datetime) -> Health:  # noqa: ARG001
    """Degraded when it failed, healthy when it completed, suspended while it is, else on its way."""
    found = {str(c.get("type")): c for c in conditions(obj) if c.get("status") == "True"}
    if failed := found.get("Failed"):
        return degraded(str(failed.get("message") or ""))
    if complete := found.get("Complete"):
        return healthy(str(complete.get("message") or ""))
    if held := found.get("Suspended"):
        return suspended(str(held.get("message") or ""))
    return progressing()


def workflow(obj: Object, now: datetime) -> Health:  # noqa: ARG001
    """By its phase; one that has not started is on its way."""
    status = status_of(obj)
    message = str(status.get("message") or "")
    phase = status.get("phase") or "Pending"
    if phase in {"Pending", "Running"}:
        return progressing(message)
    if phase == "Succeeded":
        return healthy(message)
    return degraded(message) if phase in {"Failed", "Error"} else unknown(message)
