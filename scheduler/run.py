"""`moor beat`: Celery's beat service around our scheduler, in the main thread or beside others."""

from __future__ import annotations

import signal
import threading
from functools import partial
from typing import Any

from celery import Celery
from celery.beat import Service

from common import logging, metrics
from common.adapters.redis.doorbell import Doorbell
from common.core.errors import StoreError
from common.ports import DueSet, TaskQueue
from common.settings import Settings
from common.wiring import engine
from scheduler.beat import DueScheduler, Relister

log = logging.get(__name__)


class Beat:
    """One beat. `run` blocks; `stop` from any thread or a signal handler ends it at once."""

    def __init__(
        self, app: Celery, *, due: DueSet, queue: TaskQueue, bell: Doorbell, relister: Relister
    ) -> None:
        self._bell = bell
        make = partial(DueScheduler, due=due, queue=queue, bell=bell, relister=relister)
        self._service = Service(app, max_interval=60, scheduler_cls=make, remote_control=False)

    def run(self) -> None:
        """Tick until stopped."""
        self._service.start()

    def stop(self) -> None:
        """End it: the sleeping tick is woken by the bell."""
        self._service.scheduler.stop()
        self._service.stop()
        try:
            self._bell.ring("stop")
        except StoreError as error:
            log.warning("bell_not_rung", error=str(error))


def run(settings: Settings) -> int:
    """`moor beat`: until SIGTERM or SIGINT; returns the exit code. Logging is set up by now."""
    wired = engine()
    server = None
    if settings.observe.metrics_port is not None:
        metrics.REGISTRY.register(metrics.DepthCollector(wired.due.depth))
        server = metrics.MetricsServer(settings.observe.metrics_host, settings.observe.metrics_port)
    beat = Beat(wired.celery, due=wired.due, queue=wired.queue, bell=wired.due.doorbell(), relister=wired)

    def end(_number: int, _frame: Any) -> None:
        threading.Thread(target=beat.stop, name="beat-stop").start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    log.info("beat_ready")
    try:
        beat.run()
    finally:
        if server:
            server.close()
        wired.close()
        log.info("beat_ended")
    return 0
