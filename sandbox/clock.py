"""The time, for the sandbox's own timestamps."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Aware, UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


def stamp(now: datetime) -> str:
    """As metav1.Time has it: whole seconds."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_stamp(now: datetime) -> str:
    """As metav1.MicroTime has it."""
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
