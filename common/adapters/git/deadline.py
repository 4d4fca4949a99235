"""One deadline for all that a request does, and a way to keep it against a call that cannot be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from common.core.errors import RepositoryUnreachable

T = TypeVar("T")


class Deadline:
    """A moment that a request must not outlive."""

    def __init__(self, what: str, seconds: float) -> None:
        """`what` names the request in the error."""
        self._what = what
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left.

        Raises:
            RepositoryUnreachable: none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.error()
        return left

    def error(self) -> RepositoryUnreachable:
        """What to raise when it is over."""
        return RepositoryUnreachable(f"{self._what}: no complete answer within {self._seconds:g} s")


class Abandoned(RepositoryUnreachable):
    """The call is still running in a thread of its own, which holds whatever locks it has taken."""


def bounded(call: Callable[[], T], deadline: Deadline) -> T:
    """Run a call that may hang in C, no longer than the deadline; past it the call is left to itself.

    libgit2 stops on silence, but not on a server that sends a byte now and then while it lists its refs.

    Raises:
        Abandoned: the deadline passed first.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            failure.append(error)

    thread = threading.Thread(target=run, name="git-request", daemon=True)
    thread.start()
    thread.join(deadline.remaining())
    if failure:
        raise failure[0]
    if not outcome:
        raise Abandoned(str(deadline.error()))
    return outcome[0]
