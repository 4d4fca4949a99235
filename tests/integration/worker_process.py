"""A real worker process around an engine of a few lines: what `test_worker.py` starts and kills.

Its steps claim, take `STEP_SECONDS`, note what they saw in Redis, and release.
"""

from __future__ import annotations

import os
import sys
import time
import types

import structlog

from common import logging
from common.adapters.lease_keeper import LeaseKeeper
from common.adapters.redis.connection import connect
from common.adapters.redis.due import RedisDueSet
from common.ports import Item, Kind
from common.settings import Settings


class Engine:
    """What `common.wiring.engine()` gives, as far as a worker needs it."""

    def __init__(self, settings: Settings) -> None:
        self.client = connect(settings.redis.url.reveal())
        self.due = RedisDueSet(self.client)
        self.keeper = LeaseKeeper(self.due, lease_seconds=settings.worker.lease_seconds)
        self.keeper.start()

    def step(self, item: Item, _kinds: Kind) -> None:
        """One step. Raises what the item's name says."""
        claim = self.keeper.claim(item)
        if claim is None:
            return
        self.client.rpush("t:began", f"{os.getpid()} {item} {int(claim.kinds)}")
        if item.name.endswith("/broken"):
            self.keeper.release(claim, due_in_seconds=60)
            raise ValueError("https://bob:hunter2@git.example")
        time.sleep(float(os.environ.get("STEP_SECONDS", "0")))
        if item.name.endswith("/slow"):
            time.sleep(float(os.environ.get("SLOW_SECONDS", "0")))
        self.client.hset("t:context", mapping=structlog.contextvars.get_contextvars())
        self.keeper.release(claim, due_in_seconds=None)
        self.client.rpush("t:done", f"{item} {int(claim.kinds)}")

    def close(self) -> None:
        """Give back what is held."""
        self.keeper.abandon()
        self.keeper.stop()


def main() -> int:
    """Put the engine where tasks look for it, and run."""
    settings = Settings.from_environment()
    logging.configure(level="info", log_format="json")
    wired = Engine(settings)
    wiring = types.ModuleType("common.wiring")
    wiring.engine = lambda: wired  # type: ignore[attr-defined]
    sys.modules["common.wiring"] = wiring
    from workers.run import run

    ballast = b"x" * int(os.environ.get("BALLAST_BYTES", "0"))

    def ready(url: str) -> None:
        sys.stdout.write(f"ready {url} {len(ballast)}\n")
        sys.stdout.flush()

    return run(settings, ready=ready)


if __name__ == "__main__":
    sys.exit(main())
