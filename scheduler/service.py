"""One beat that can be stopped: Celery's service around our scheduler, in any thread."""

from __future__ import annotations

from functools import partial

from celery import Celery
from celery.beat import Service

from common import logging
from common.adapters.redis.doorbell import Doorbell
from common.core.errors import StoreError
from common.ports import DueSet, TaskQueue
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
        self._scheduler = self._service.scheduler

    def run(self) -> None:
        """Tick until stopped."""
        self._service.start()

    def stop(self) -> None:
        """End it: the sleeping tick is woken by the bell."""
        self._scheduler.stop()
        self._service.stop()
        try:
            self._bell.ring("stop")
        except StoreError as error:
            log.warning("bell_not_rung", error=str(error))
