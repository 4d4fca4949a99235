"""One level-triggered step of one due item: what a task does, whatever its name.

The step claims the item, does everything that can be done without waiting, and lets go with the time of the
next look. Being killed anywhere costs a repetition.
"""

from __future__ import annotations

from common import logging, metrics
from common.core.errors import LeaseLost, Retryable
from common.core.keys import AppKey
from common.operations import reconcile
from common.operations.bundle import Ports
from common.operations.echo import Echo
from common.operations.fleet import FleetReader
from common.operations.follow import follow
from common.operations.status_write import Overtaken
from common.ports import Claim, Item, Kind

log = logging.get(__name__)

RETRY_SECONDS = 5.0
"""After a failure that may pass, when the other side did not say how long."""
UNEXPECTED_SECONDS = 60.0
"""After a failure that nobody foresaw; its trace is in the log."""


def step(ports: Ports, fleet: FleetReader, item: Item) -> None:
    """Claim an item and advance it.

    Raises:
        StoreUnavailable: Redis is away; the lease runs out by itself.
    """
    claim = ports.leases.claim(item)
    if claim is None:
        return
    metrics.SCHEDULER_LATENESS.labels(item.sort).observe(max(0.0, claim.waited_seconds))
    echo = Echo()
    try:
        due_in = _advance(ports, fleet, claim, echo)
    except BaseException:
        # What it was due for must not be lost, nor tried again at once.
        ports.due.request(item, claim.kinds or Kind.DIFF, delay_seconds=UNEXPECTED_SECONDS)
        _release(ports, claim, UNEXPECTED_SECONDS)
        raise
    _release(ports, claim, due_in, seen=echo.seen(ports, claim))


def _advance(ports: Ports, fleet: FleetReader, claim: Claim, echo: Echo) -> float | None:
    try:
        if claim.item.sort == "ref":
            return follow(ports, fleet.current(), claim.item.name)
        key = AppKey.parse(claim.item.name)
        return reconcile.application(ports, fleet.current(), key, claim.kinds, echo)
    except Overtaken:
        return 0.0
    except Retryable as error:
        wait = error.retry_after_seconds or RETRY_SECONDS
        log.warning("step_retried", item=str(claim.item), reason=str(error), retry_seconds=wait)
        ports.due.request(claim.item, claim.kinds or Kind.DIFF, delay_seconds=wait)
        return wait


def _release(ports: Ports, claim: Claim, due_in: float | None, *, seen: int | None = None) -> None:
    try:
        if ports.leases.release(claim, due_in_seconds=due_in, seen=seen):
            ports.queue.ring(claim.item, claim.kinds)
    except LeaseLost:
        log.info("lease_lost", item=str(claim.item))
