"""The beat: sleeps until the next due time, rings what is due, and lists everything after a flush.

A subclass of Celery's scheduler, because that one keeps its schedule in a file and wakes early and often.
Any number of beats share the work: a tick moves what it pops a few seconds ahead, so none rings twice and a
dead one loses nothing.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

from celery import Celery
from celery.beat import Scheduler

from common import logging, metrics
from common.core.errors import MooringsError, StoreError
from common.ports import DueSet, TaskQueue

log = logging.get(__name__)

TICK_LIMIT = 500
LONGEST_SLEEP_SECONDS = 5.0
"""The bell is a message that may be lost; a beat that heard nothing looks again after this."""
AFTER_FAILURE_SECONDS = 1.0


class Bell(Protocol):
    """What wakes a sleeping beat."""

    def wait(self, seconds: float) -> list[str]:
        """Sleep, or until rung. Raises StoreError."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class Relister(Protocol):
    """What makes everything due after Redis was emptied."""

    def relist(self) -> None:
        """List everything and make it due. Raises MooringsError."""
        ...


class DueScheduler(Scheduler):  # type: ignore[misc] # Celery publishes no types
    """Rings what the due set says. `tick` does the sleeping, so that it can be woken."""

    def __init__(
        self, app: Celery, *, due: DueSet, queue: TaskQueue, bell: Bell, relister: Relister, **kwargs: Any
    ) -> None:
        self._due = due
        self._queue = queue
        self._bell = bell
        self._relister = relister
        self._stopping = threading.Event()
        kwargs.pop("schedule_filename", None)
        super().__init__(app, **kwargs)

    def setup_schedule(self) -> None:
        """There is none: all due times are in Redis."""

    def tick(self, *_args: Any, **_kwargs: Any) -> float:
        """Ring what is due, sleep until the next, and ask to be called again at once."""
        if self._stopping.is_set():
            return 0.0
        try:
            wait = self.ring_due()
            if wait > 0:
                self._bell.wait(min(wait, LONGEST_SLEEP_SECONDS))
        except MooringsError as error:
            metrics.SCHEDULER_TICKS.labels("error").inc()
            log.warning("tick_failed", error=str(error), error_type=type(error).__name__)
            self._stopping.wait(AFTER_FAILURE_SECONDS)
        return 0.0

    def ring_due(self) -> float:
        """One look at the due set; returns the seconds until the next is due. Raises MooringsError."""
        if self._due.ensure_epoch():
            log.info("redis_was_empty")
            metrics.EPOCHS.inc()
            self._relister.relist()
            self._due.keep_epoch()
        rung, wait = self._due.tick(limit=TICK_LIMIT)
        for item, kinds in rung:
            self._queue.ring(item, kinds)
        metrics.SCHEDULER_TICKS.labels("rung" if rung else "idle").inc()
        return wait

    def stop(self) -> None:
        """Do no more ticks; the sleeping one is woken by its bell, or ends within five seconds."""
        self._stopping.set()

    def close(self) -> None:
        """Stop listening."""
        self.stop()
        try:
            self._bell.close()
        except StoreError as error:
            log.warning("bell_not_closed", error=str(error))
