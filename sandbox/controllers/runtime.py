"""What controllers run on: one queue of work, filled by events, emptied by one task.

Nothing polls: work comes from events of the store and from timers that controllers set themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from sandbox.state import ClusterState
from sandbox.status import ApiError
from sandbox.store import Event, Key, Storage

log = logging.getLogger(__name__)

Select = Callable[[Event], Iterable[Key]]
_BATCH = 20
"""Pieces of work between two turns of the event loop, so that requests are served meanwhile."""


class Controller(Protocol):
    """Moves one kind of thing on."""

    watches: dict[Storage, Select]
    """For each kind that it looks at: which of its own keys an event concerns."""

    def reconcile(self, key: Key) -> None:
        """Look at one thing and do what is next. Called again whenever something about it changed."""
        ...


class Work:
    """The queue. Asking twice for the same thing is asking once."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[Controller, Key], None] = {}
        self._timers: dict[tuple[Controller, Key], asyncio.TimerHandle] = {}
        self._wake = asyncio.Event()

    def add(self, controller: Controller, key: Key) -> None:
        """Do it soon."""
        self._waiting[(controller, key)] = None
        self._wake.set()

    def add_later(self, controller: Controller, key: Key, seconds: float) -> None:
        """Do it in so many seconds, or at the earlier time that was asked for before."""
        loop = asyncio.get_running_loop()
        job = (controller, key)
        before = self._timers.get(job)
        if before is not None:
            if before.when() <= loop.time() + seconds:
                return
            before.cancel()
        self._timers[job] = loop.call_later(seconds, self._due, job)

    def _due(self, job: tuple[Controller, Key]) -> None:
        self._timers.pop(job, None)
        self.add(*job)

    async def next(self) -> tuple[Controller, Key]:
        """The next piece of work."""
        while not self._waiting:
            self._wake.clear()
            await self._wake.wait()
        job = next(iter(self._waiting))
        del self._waiting[job]
        return job

    def clear(self) -> None:
        """Forget everything, timers too."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._waiting.clear()


class Runtime:
    """Runs controllers over a cluster."""

    def __init__(self, state: ClusterState, work: Work, controllers: list[Controller]) -> None:
        self._state = state
        self._work = work
        self._by_storage: dict[Storage, list[tuple[Controller, Select]]] = {}
        self._for_all: list[tuple[Controller, Select]] = []
        for controller in controllers:
            for storage, select in controller.watches.items():
                if storage == EVERYTHING:
                    self._for_all.append((controller, select))
                else:
                    self._by_storage.setdefault(storage, []).append((controller, select))
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look at all that is there, then at what changes."""
        for storage, entry in list(self._state.store.everything()):
            self._on_event(storage, Event(entry.rv, "ADDED", entry, None))
        self._state.store.listeners.append(self._on_event)
        self._task = asyncio.ensure_future(self._run())

    def _on_event(self, storage: Storage, event: Event) -> None:
        for controller, select in (*self._by_storage.get(storage, ()), *self._for_all):
            for key in select(event):
                self._work.add(controller, key)

    async def _run(self) -> None:
        done = 0
        while True:
            controller, key = await self._work.next()
            try:
                controller.reconcile(key)
            except ApiError as error:
                # A conflict of wishes (a quota, a namespace that goes): the next event decides again.
                log.debug("controller_refused: %s", error)
            except Exception:
                log.exception("controller_failed: %s %s", type(controller).__name__, key)
            done += 1
            if done % _BATCH == 0:
                await asyncio.sleep(0)

    async def stop(self) -> None:
        """End."""
        self._work.clear()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


EVERYTHING: Storage = ("*", "*")
"""Watches all kinds."""
NO_KEYS: tuple[Key, ...] = ()


def itself(event: Event) -> Iterable[Key]:
    """The object that the event is about."""
    return (event.entry.key,)
