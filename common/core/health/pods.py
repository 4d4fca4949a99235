"""Pods."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from common.core.annotations import IGNORE_RESTART_POLICY, annotation
from common.core.health.values import (
    Health,
    condition,
    degraded,
    healthy,
    progressing,
    spec_of,
    status_of,
    unknown,
)
from common.core.keys import Object

_ENDS_WITH_IMAGE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")


def pod(obj: Object, now: datetime) -> Health:  # noqa: ARG001
    """Healthy when it is ready, if it always restarts; when it has ended well, if it is to end."""
    status = status_of(obj)
    endless = spec_of(obj).get("restartPolicy", "Always") == "Always"
    if (endless or annotation(obj, IGNORE_RESTART_POLICY) == "true") and (stuck := list(_stuck(status))):
        return degraded(", ".join(stuck))
    phase = status.get("phase")
    message = str(status.get("message") or "")
    if phase == "Pending":
        return progressing(message)
    if phase == "Succeeded":
        return healthy(message)
    if phase == "Failed":
        return degraded(_why_failed(status))
    if phase == "Running":
        return _running(obj, message, endless=endless)
    return unknown(message)


def _stuck(status: dict[str, Any]) -> Iterator[str]:
    """Containers that wait and will not start by themselves."""
    for container in status.get("containerStatuses") or ():
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason = str(waiting.get("reason") or "")
        if reason.startswith("Err") or reason.endswith(("Error", "BackOff")) or reason in _ENDS_WITH_IMAGE:
            yield str(waiting.get("message") or "")


def _why_failed(status: dict[str, Any]) -> str:
    """The pod's message, else the first that a container left."""
    if message := status.get("message"):
        return str(message)
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        ended = (container.get("state") or {}).get("terminated")
        if not ended:
            continue
        if message := ended.get("message"):
            return str(message)
        if ended.get("reason") == "OOMKilled":
            return "OOMKilled"
        if ended.get("exitCode"):
            return f'container "{container.get("name")}" failed with exit code {ended["exitCode"]}'
    return ""


def _running(obj: Object, message: str, *, endless: bool) -> Health:
    if not endless:
        return progressing(message)
    ready = condition(obj, "Ready")
    if ready is not None and ready.get("status") == "True":
        return healthy(message)
    restarted = any(
        (container.get("lastState") or {}).get("terminated")
        for container in status_of(obj).get("containerStatuses") or ()
    )
    return degraded(message) if restarted else progressing(message)
