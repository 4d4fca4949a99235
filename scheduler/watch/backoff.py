"""How long to wait before trying again."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Doubles from `first` up to `cap` seconds, each with up to half of it taken off at random, so that a
    thousand watches do not come back in the same moment.
    """

    def __init__(
        self, *, first: float = 0.1, cap: float = 15.0, jitter: Callable[[], float] = random.random
    ) -> None:
        self._first, self._cap, self._jitter = first, cap, jitter
        self._next = first

    def next_seconds(self) -> float:
        """The pause before the next try."""
        base, self._next = self._next, min(self._next * 2, self._cap)
        return base * (1 - 0.5 * self._jitter())

    def reset(self) -> None:
        """It worked."""
        self._next = self._first
