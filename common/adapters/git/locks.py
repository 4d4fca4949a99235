"""File locks between threads and processes (flock): the kernel lets go of them when a process dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from common.core.errors import RepositoryUnreachable

_FIRST_WAIT_SECONDS = 0.002
_LONGEST_WAIT_SECONDS = 0.1


@contextlib.contextmanager
def held(path: Path, *, shared: bool = False, timeout_seconds: float = 60.0) -> Iterator[int]:
    """Hold the lock of a file, which is made when missing; yields its descriptor.

    A child process that inherits the descriptor keeps the lock for as long as it lives.

    Raises:
        RepositoryUnreachable: somebody else held it all the time.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not wait_for(descriptor, shared=shared, timeout_seconds=timeout_seconds):
            raise RepositoryUnreachable(
                f"another process held the repository's mirror for more than {timeout_seconds:g} s"
            )
        yield descriptor
    finally:
        os.close(descriptor)


def wait_for(descriptor: int, *, shared: bool, timeout_seconds: float) -> bool:
    """Lock an open file; False when somebody else held it all the time (0: do not wait)."""
    deadline = time.monotonic() + timeout_seconds
    wait = _FIRST_WAIT_SECONDS
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() + wait > deadline:
                return False
            time.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
        else:
            return True
