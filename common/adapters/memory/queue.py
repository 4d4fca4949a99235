"""A task queue that keeps its messages for a test to look at, or to run."""

from __future__ import annotations

import threading
from collections import deque

from common.core.keys import ClusterId
from common.ports import Item, Kind


class MemoryTaskQueue:
    """`ports.TaskQueue`: what was rung, in order."""

    def __init__(self) -> None:
        self.rung: deque[tuple[Item, Kind, ClusterId | None]] = deque()
        self._lock = threading.Lock()

    def ring(self, item: Item, kinds: Kind, *, cluster: ClusterId | None = None) -> None:
        """Note it."""
        with self._lock:
            self.rung.append((item, kinds, cluster))

    def pop(self) -> tuple[Item, Kind, ClusterId | None] | None:
        """The oldest message; None when there is none."""
        with self._lock:
            return self.rung.popleft() if self.rung else None
