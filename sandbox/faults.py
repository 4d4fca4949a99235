"""Faults on demand: what a test, or a benchmark, makes a cluster do wrong."""

from __future__ import annotations

import asyncio
import random

import msgspec

from sandbox.status import ApiError


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault. It concerns the requests that match all of its filters, and of them the share `rate`."""

    latency_seconds: float = 0.0
    """Added before the request is looked at."""
    status: int = 0
    """Answer with this code instead; 0 for no such answer."""
    message: str = ""
    retry_after_seconds: int | None = None
    """The Retry-After header of a 429 or 503; None for none."""
    rate: float = 1.0
    """Share of the matching requests, 0 to 1."""
    verbs: tuple[str, ...] = ()
    """`get list watch create update patch apply delete deletecollection`; empty for all."""
    resources: tuple[str, ...] = ()
    """Plurals; empty for all."""
    hang: bool = False
    """Never answer: the connection stays open until the client gives up or the faults are cleared."""
    after_commit: bool = False
    """The write happens; only its answer is lost (the connection is cut)."""
    times: int | None = None
    """Only so many requests; None for no bound."""


class FaultPlan:
    """The faults in force, tried in order."""

    def __init__(self, *, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - faults, not secrets
        self._faults: list[Fault] = []
        self._left: list[int | None] = []
        self._changes: set[asyncio.Event] = set()

    def set(self, *faults: Fault) -> None:
        """Replace all faults; none clears them."""
        self._faults = list(faults)
        self._left = [fault.times for fault in faults]
        for change in self._changes:
            change.set()

    async def changed(self) -> None:
        """Wait until the faults are replaced or cleared."""
        change = asyncio.Event()
        self._changes.add(change)
        try:
            await change.wait()
        finally:
            self._changes.discard(change)

    @property
    def active(self) -> bool:
        """Whether there are any."""
        return bool(self._faults)

    def listed(self) -> list[Fault]:
        """The faults in force."""
        return list(self._faults)

    def strike(self, verb: str, plural: str) -> list[Fault]:
        """The faults that this request meets."""
        found = []
        for place, fault in enumerate(self._faults):
            left = self._left[place]
            if left == 0 or (fault.verbs and verb not in fault.verbs):
                continue
            if fault.resources and plural not in fault.resources:
                continue
            if fault.rate < 1.0 and self._random.random() >= fault.rate:
                continue
            if left is not None:
                self._left[place] = left - 1
            found.append(fault)
        return found


_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def refusal(fault: Fault) -> ApiError:
    """The error that a fault answers with."""
    wait = fault.retry_after_seconds
    headers = ((b"retry-after", str(wait).encode()),) if wait is not None else ()
    return ApiError(
        fault.status,
        _REASONS.get(fault.status, ""),
        fault.message or f"injected fault {fault.status}",
        details={"retryAfterSeconds": wait} if wait is not None else None,
        headers=headers,
    )
