"""`moor beat`: a process with one beat."""

from __future__ import annotations

import signal
import threading
from typing import Any

from common import logging, metrics
from common.settings import Settings
from common.wiring import engine
from scheduler.service import Beat

log = logging.get(__name__)


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
