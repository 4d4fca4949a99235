"""What happens around every task and around a worker's life: context, metrics, its memory, its end."""

from __future__ import annotations

import logging as stdlib_logging
import threading
import time
from typing import Any

import psutil
from celery import signals
from celery.worker import state as worker_state

from common import logging, metrics
from common.core.errors import Retryable
from common.settings import Settings

log = logging.get(__name__)

_began = threading.local()
_HEAVY_CHECK_SECONDS = 5.0


def connect(settings: Settings) -> None:
    """Connect the handlers for this process. Celery's own logging set-up is switched off."""
    watcher = MemoryWatcher(settings.worker.memory_limit_bytes)
    # It logs every failure too; ours says it with the task's context.
    stdlib_logging.getLogger("celery.app.trace").setLevel(stdlib_logging.CRITICAL)
    signals.setup_logging.connect(_no_logging_setup, weak=False, dispatch_uid="moorings-logging")
    signals.task_prerun.connect(before_task, weak=False, dispatch_uid="moorings-before")
    signals.task_postrun.connect(after_task, weak=False, dispatch_uid="moorings-after")
    signals.task_postrun.connect(watcher.after_task, weak=False, dispatch_uid="moorings-memory")
    signals.task_failure.connect(failed_task, weak=False, dispatch_uid="moorings-failed")


def _no_logging_setup(**_kwargs: Any) -> None:
    """Being connected is what matters."""


def before_task(task: Any, args: Any, **_kwargs: Any) -> None:
    """Bind the trace and the item to what the task logs; begin its clock."""
    headers = task.request
    sent_at = getattr(headers, "sent_at", None)
    logging.clear()
    logging.bind(
        task=task.name.removeprefix("moorings."),
        item=args[0] if args else "",
        trace_id=getattr(headers, "trace_id", None) or task.request.id,
    )
    _began.at = time.perf_counter()
    metrics.TASKS_RUNNING.inc()
    if isinstance(sent_at, float):
        metrics.TASK_QUEUED_SECONDS.labels(task.name).observe(max(0.0, time.time() - sent_at))


def after_task(task: Any, state: str | None = None, retval: object = None, **_kwargs: Any) -> None:
    """Count it and forget its context."""
    metrics.TASKS_RUNNING.dec()
    metrics.TASKS.labels(task.name, outcome(state, retval)).inc()
    metrics.TASK_SECONDS.labels(task.name).observe(time.perf_counter() - _began.at)
    logging.clear()


def failed_task(exception: BaseException, **_kwargs: Any) -> None:
    """Say it once, with its trace. What it was doing is due again when its lease ends."""
    if isinstance(exception, Retryable):
        log.warning("task_failed", error=str(exception), error_type=type(exception).__name__)
    else:
        log.error("task_failed", error_type=type(exception).__name__, exc_info=exception)


def outcome(state_name: str | None, result: object) -> str:
    """`ok`, `retryable` or `error`."""
    if state_name == "SUCCESS":
        return "ok"
    return "retryable" if isinstance(result, Retryable) else "error"


class MemoryWatcher:
    """Ends the worker warm when it holds more than its limit; whoever supervises it starts another."""

    def __init__(self, limit_bytes: int | None) -> None:
        self._limit = limit_bytes
        self._process = psutil.Process()
        self._next = 0.0

    def after_task(self, **_kwargs: Any) -> None:
        """Look every few seconds at most: reading the size costs as much as a small task."""
        now = time.monotonic()
        if self._limit is None or now < self._next:
            return
        self._next = now + _HEAVY_CHECK_SECONDS
        held = self._process.memory_info().rss
        if held > self._limit and worker_state.should_stop is None:
            log.warning("worker_over_memory_limit", resident_bytes=held, limit_bytes=self._limit)
            worker_state.should_stop = 0
