"""JSON values to typed ones, safe among threads.

msgspec builds what it knows of a type at the first conversion to it, and lets other threads see it half
built: a pool of threads then ends with SIGSEGV (seen with msgspec 0.22 in 59 of 60 tries). So the first
conversion to a type is made by one thread while the others wait. `msgspec.convert` itself is banned.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_ready: set[Any] = set()
_lock = threading.Lock()


def convert(value: object, kind: type[T]) -> T:
    """`msgspec.convert`.

    Raises:
        msgspec.ValidationError: the value is none of that type.
    """
    if kind not in _ready:
        _prepare(kind)
    return msgspec.convert(value, kind)  # noqa: TID251 - this is the place


def _prepare(kind: Any) -> None:
    """Have everything about a type, and all types in it, built before anybody else sees it."""
    with _lock:
        if kind not in _ready:
            with contextlib.suppress(msgspec.ValidationError):
                msgspec.convert(None, kind)  # noqa: TID251 - this is the place
            _ready.add(kind)
