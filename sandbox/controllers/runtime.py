"""What controllers run on: a queue of keys for each, filled by events, emptied by one task."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from sandbox.state import ClusterState
from sandbox.store import Event, Key, Storage

log = logging.getLogger(__name__)

Job = tuple[str, Storage, Key]
"""Which controller, and what for."""


class Controllers:
    """All controllers of one cluster, on one queue: none starves, and one task is enough for all."""

    def __init__(self, state: ClusterState) -> None:
        self._state = state
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look at everything once, then at what changes."""

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
