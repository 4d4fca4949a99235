"""`moor worker`: one process with a pool of threads. SIGTERM ends it warm, within its grace."""

from __future__ import annotations

import os
import socket
import threading
import warnings
from collections.abc import Callable
from typing import Any

from celery import Celery, signals
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning

from common import logging, metrics
from common.settings import Settings
from common.wiring import engine
from workers.app import make_app

log = logging.get(__name__)


def run(settings: Settings, *, ready: Callable[[str], object] = lambda _metrics_url: None) -> int:
    """Work until told to stop; returns the exit code. `ready` is told /metrics' address (or nothing).

    Logging is set up by now. Must run in the main thread, for the signals.
    """
    server = None
    if settings.observe.metrics_port is not None:
        server = metrics.MetricsServer(settings.observe.metrics_host, settings.observe.metrics_port)
    app = make_app(settings)

    def on_ready(**_kwargs: Any) -> None:
        log.info("worker_ready", concurrency=settings.worker.concurrency)
        ready(server.url if server else "")

    signals.worker_ready.connect(on_ready, weak=False)
    signals.worker_shutting_down.connect(_Deadline(settings.worker.grace_seconds).begin, weak=False)
    try:
        return work(app, settings.worker.concurrency)
    finally:
        engine().close()
        if server:
            server.close()
        log.info("worker_ended")


def work(app: Celery, concurrency: int) -> int:
    """Run Celery's worker with all that talks to other workers left out; returns its exit code."""
    # Only JSON is accepted, so that root is no worse here than elsewhere; and acks are early on purpose.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
    worker = app.Worker(
        pool="threads",
        concurrency=concurrency,
        hostname=f"moorings-{os.getpid()}@{socket.gethostname()}",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        task_events=False,
        quiet=True,
        loglevel="INFO",
        prefetch_multiplier=1,
    )
    worker.start()
    return int(worker.exitcode or 0)


class _Deadline:
    """Ends the process when a warm shutdown takes too long: a thread cannot be ended."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def begin(self, **_kwargs: Any) -> None:
        """From a signal handler, so no logging here (a lock may be held)."""
        timer = threading.Timer(self._seconds, self._end)
        timer.daemon = True
        timer.start()

    def _end(self) -> None:
        log.warning("worker_ended_before_its_tasks", grace_seconds=self._seconds)
        # Gives back leases: others go on at once.
        engine().close()
        os._exit(1)
