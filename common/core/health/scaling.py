"""HorizontalPodAutoscalers, of any API version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from common.core.annotations import annotation
from common.core.health.values import Health, conditions, degraded, healthy, message_of, progressing
from common.core.keys import Object

_V1_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
_FAILURES = {
    ("AbleToScale", "FailedGetScale"),
    ("AbleToScale", "FailedUpdateScale"),
    ("ScalingActive", "FailedGetResourceMetric"),
    ("ScalingActive", "InvalidSelector"),
}


def horizontal_pod_autoscaler(obj: Object, now: datetime) -> Health:  # noqa: ARG001
    """Degraded when it cannot read or scale its target; healthy when it can, or is at its limit.

    The first condition that says either decides, in the order in which the controller wrote them.
    """
    for found in _conditions(obj):
        kind = found.get("type")
        if (kind, found.get("reason")) in _FAILURES:
            return degraded(message_of(found))
        if kind in {"AbleToScale", "ScalingLimited"} and found.get("status") == "True":
            return healthy(message_of(found))
    return progressing("Waiting to Autoscale")


def _conditions(obj: Object) -> list[dict[str, Any]]:
    """`autoscaling/v1` keeps its conditions in an annotation."""
    text = annotation(obj, _V1_CONDITIONS)
    if not text:
        return conditions(obj)
    found: list[dict[str, Any]] = orjson.loads(text)
    return found
