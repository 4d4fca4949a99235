"""What changes, told to everybody who listens: one subscription for the process, however many clients."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterable

import msgspec

from common import logging
from common.core.errors import InvalidInput, StoreError
from common.core.keys import AppKey
from common.ports import ApplicationChanges

log = logging.get(__name__)

WAIT_SECONDS = 60.0
RETRY_SECONDS = 1.0


class Change(msgspec.Struct, frozen=True):
    """One application's change; no key means that anything may have changed."""

    type: str
    """ADDED, MODIFIED or DELETED."""
    key: AppKey | None


RESYNC = Change("MODIFIED", None)


def read_change(words: str) -> Change | None:
    """What a message says; None for what nobody here said."""
    if not words:
        return RESYNC
    kind, _, key = words.partition(" ")
    try:
        return Change(kind, AppKey.parse(key)) if kind in ("ADDED", "MODIFIED", "DELETED") else None
    except InvalidInput:
        return None


class Listener:
    """One client's waiting changes, each application's once: a slow client costs no memory."""

    def __init__(self) -> None:
        self._waiting: dict[AppKey | None, Change] = {}
        self._something = asyncio.Event()

    def tell(self, changes: Iterable[Change]) -> None:
        """On the loop."""
        for change in changes:
            before = self._waiting.pop(change.key, None)
            kind = "ADDED" if before and before.type == "ADDED" and change.type == "MODIFIED" else change.type
            self._waiting[change.key] = Change(kind, change.key)
        self._something.set()

    async def next(self, timeout_seconds: float) -> list[Change]:
        """What has changed since the last call, in order; empty when the time is over."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._something.wait(), timeout_seconds)
        self._something.clear()
        changes, self._waiting = list(self._waiting.values()), {}
        return changes


class Feed:
    """Started on the loop; a thread sleeps on the subscription."""

    def __init__(self, changes: ApplicationChanges, *, on_change: Callable[[list[Change]], None]) -> None:
        self._changes = changes
        self._on_change = on_change
        self._listeners: set[Listener] = set()
        self.sequence = 0
        """Counts what was told: who read something at one number has missed nothing while it is the same."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._listen, name="feed", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End every client's stream. On the loop."""
        self._ended.set()
        for listener in list(self._listeners):
            listener.tell(())

    async def stop(self) -> None:
        """End the subscription too."""
        self.end()
        with contextlib.suppress(StoreError):
            await asyncio.to_thread(self._changes.ring)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    @property
    def ended(self) -> bool:
        """Whether streams should end."""
        return self._ended.is_set()

    @contextlib.asynccontextmanager
    async def listen(self) -> AsyncIterator[Listener]:
        """Hear what changes from here on."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def _listen(self) -> None:
        try:
            while not self._ended.is_set():
                try:
                    said = self._changes.wait(WAIT_SECONDS)
                except StoreError as error:
                    log.warning("feed_interrupted", reason=str(error))
                    self._ended.wait(RETRY_SECONDS)
                    continue
                changes = [change for words in said if (change := read_change(words)) is not None]
                if changes and not self._ended.is_set():
                    self._on_change(changes)
                    self._spread(changes)
        finally:
            self._changes.close()

    def _spread(self, changes: list[Change]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # closed meanwhile
                loop.call_soon_threadsafe(self._tell_all, changes)

    def _tell_all(self, changes: list[Change]) -> None:
        self.sequence += 1
        for listener in list(self._listeners):
            listener.tell(changes)
