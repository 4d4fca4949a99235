"""`moor beat`: a process with one beat."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

from common import logging, metrics
from common.settings import Settings
from common.wiring import Engine, engine
from scheduler.service import Beat
from scheduler.watch.engine_parts import engine_parts
from scheduler.watch.relist import HomeRelister

log = logging.get(__name__)


def make_beat(engine: Engine) -> Beat:
    """A beat of this process. Reads the home cluster's settings."""
    return Beat(
        engine.celery,
        due=engine.due,
        queue=engine.queue,
        bell=engine.due.doorbell(),
        relister=HomeRelister(engine_parts(engine)),
    )


def run(settings: Settings, *, ready: Callable[[str], object] = lambda _metrics_url: None) -> int:
    """`moor beat`: until SIGTERM or SIGINT; returns the exit code. Logging is set up by now."""
    wired = engine()
    server = None
    if settings.observe.metrics_port is not None:
        metrics.REGISTRY.register(metrics.DepthCollector(wired.due.depth))
        server = metrics.MetricsServer(settings.observe.metrics_host, settings.observe.metrics_port)
    beat = make_beat(wired)

    def end(_number: int, _frame: Any) -> None:
        threading.Thread(target=beat.stop, name="beat-stop").start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    log.info("beat_ready")
    ready(server.url if server else "")
    try:
        beat.run()
    finally:
        if server:
            server.close()
        wired.close()
        log.info("beat_ended")
    return 0
