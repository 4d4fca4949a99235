"""What health rules give, and the questions that they share."""

from __future__ import annotations

from typing import Any

import msgspec

from common.core.keys import Object
from common.core.statuses import HealthStatus


class Health(msgspec.Struct, frozen=True):
    """A health with its reason."""

    status: HealthStatus
    message: str = ""


def healthy(message: str = "") -> Health:
    """It does what it should."""
    return Health(HealthStatus.HEALTHY, message)


def progressing(message: str = "") -> Health:
    """Not yet, and it may become so."""
    return Health(HealthStatus.PROGRESSING, message)


def degraded(message: str = "") -> Health:
    """It has failed, or cannot become healthy by itself."""
    return Health(HealthStatus.DEGRADED, message)


def suspended(message: str = "") -> Health:
    """Somebody paused it."""
    return Health(HealthStatus.SUSPENDED, message)


def unknown(message: str = "") -> Health:
    """Nothing can be said."""
    return Health(HealthStatus.UNKNOWN, message)


def spec_of(obj: Object) -> dict[str, Any]:
    """The object's spec; empty when there is none."""
    return obj.get("spec") or {}


def status_of(obj: Object) -> dict[str, Any]:
    """The object's status; empty when its controller has not written one."""
    return obj.get("status") or {}


def count(fields: dict[str, Any], name: str, default: int = 0) -> int:
    """A number of replicas or the like; the default when it is not there."""
    value = fields.get(name)
    return default if value is None else int(value)


def observed(obj: Object) -> bool:
    """Whether the status is about the spec that is there now."""
    return count(obj.get("metadata") or {}, "generation") <= count(status_of(obj), "observedGeneration")


def conditions(obj: Object) -> list[dict[str, Any]]:
    """The conditions of its status, in their order."""
    return status_of(obj).get("conditions") or []


def condition(obj: Object, kind: str) -> dict[str, Any] | None:
    """The condition of a type."""
    return next((found for found in conditions(obj) if found.get("type") == kind), None)


def message_of(found: dict[str, Any]) -> str:
    """A condition's own words: its message, else its reason."""
    return str(found.get("message") or found.get("reason") or "")
