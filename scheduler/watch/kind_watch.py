"""One kind of one cluster: LIST, then WATCH from there, for ever; what it sees goes to a KindStore.

A watch that breaks off goes on from the last resourceVersion. Only when it stays broken for longer than a
grace, or the server has forgotten the resourceVersion, is the kind incomplete and listed again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from typing import Protocol, TypeVar

import structlog

from common.core.errors import (
    ClusterError,
    KindNotServed,
    LeaseLost,
    MooringsError,
    Retryable,
    StoreError,
    WatchExpired,
)
from common.core.keys import GroupKind, Object
from common.ports import ApiResource, WatchEvent
from scheduler.watch.backoff import Backoff

log = structlog.get_logger(__name__)

T = TypeVar("T")

GRACE_SECONDS = 10.0
"""How long a watch may be broken before absence is no proof any more."""


class Source(Protocol):
    """Lists and watches; `common.adapters.cluster.watching.WatchSource` is one."""

    def pages(
        self, row: ApiResource, namespace: str = "", *, selector: str = ""
    ) -> AsyncIterator[tuple[list[Object], str]]:
        """A LIST page by page."""
        ...

    def watch(
        self, row: ApiResource, resource_version: str, namespace: str = "", *, selector: str = ""
    ) -> AsyncIterator[list[WatchEvent]]:
        """Events after a resourceVersion."""
        ...


class KindStore(Protocol):
    """Where what is seen goes. Called one at a time, on a thread; may raise StoreError and LeaseLost."""

    def begin(self) -> None:
        """A LIST begins."""
        ...

    def listed(self, objects: Sequence[Object]) -> None:
        """A page of it."""
        ...

    def swap(self, resource_version: str) -> None:
        """It is complete."""
        ...

    def events(self, events: Sequence[WatchEvent]) -> None:
        """What happened after it."""
        ...

    def lost(self) -> None:
        """The watch is behind or gone."""
        ...


class KindWatch:
    """The loop of one kind. `resolve` finds its row in discovery (None: not served, and that is sure);
    `scopes` are namespaces, or `("",)` for all.
    """

    def __init__(
        self,
        kind: GroupKind,
        source: Source,
        store: KindStore,
        resolve: Callable[[], Awaitable[ApiResource | None]],
        executor: Executor,
        *,
        scopes: Sequence[str] = ("",),
        selector: str = "",
        on_complete: Callable[[GroupKind], None] = lambda _kind: None,
        on_restart: Callable[[str], None] = lambda _reason: None,
        grace_seconds: float = GRACE_SECONDS,
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self.kind = kind
        self._source, self._store, self._resolve, self._executor = source, store, resolve, executor
        self._scopes, self._selector = tuple(scopes), selector
        self._on_complete, self._on_restart = on_complete, on_restart
        self._grace_seconds = grace_seconds
        self._backoff = backoff()
        self._relist = asyncio.Event()
        self.complete = False
        """Whether the store's content is a LIST and all that came after it."""
        self.current_at = time.monotonic()
        """When the server last said something, on the monotonic clock."""

    def relist(self) -> None:
        """Start over with a LIST: the store has lost what it had."""
        self.complete = False
        self._relist.set()

    async def run(self) -> None:
        """Until cancelled. Raises LeaseLost when another watcher has the cluster."""
        while True:
            self._relist.clear()
            try:
                await self._once()
                pause = 0.0
            except LeaseLost:
                raise
            except WatchExpired as error:
                pause = await self._behind("expired", error)
            except MooringsError as error:
                pause = await self._behind(type(error).__name__, error)
            await self._sleep(pause)

    async def _once(self) -> None:
        row = await self._resolve()
        await self._on_thread(self._store.begin)
        if row is None:
            # Discovery is complete and does not have the kind: there is none of it.
            await self._on_thread(self._store.swap, "0")
            self._completed()
            await self._sleep(self._backoff.next_seconds() + 1.0)
            return
        scopes = self._scopes if row.namespaced else ("",)
        versions = {scope: await self._list(row, scope) for scope in scopes}
        await self._on_thread(self._store.swap, min(versions.values(), key=_number))
        self._completed()
        self._backoff.reset()
        await self._until_first_error([self._follow(row, scope, rv) for scope, rv in versions.items()])

    def _completed(self) -> None:
        self.complete = True
        self.current_at = time.monotonic()
        self._on_complete(self.kind)

    async def _list(self, row: ApiResource, scope: str) -> str:
        version = ""
        async for objects, version in self._source.pages(row, scope, selector=self._selector):  # noqa: B007
            await self._on_thread(self._store.listed, objects)
        return version

    async def _follow(self, row: ApiResource, scope: str, version: str) -> None:
        """Watch, and again from where it broke off, until that is not possible any more."""
        backoff = self._backoff
        broken_at: float | None = None
        while True:
            try:
                async for events in self._source.watch(row, version, scope, selector=self._selector):
                    version = await self._take(events) or version
                    broken_at = None
                    backoff.reset()
                broken_at, pause = None, 0.0  # the server ended it, as it was asked to
            except Retryable as error:
                if isinstance(error, StoreError):
                    raise  # the events are lost, and a flush may be why
                now = time.monotonic()
                broken_at = broken_at if broken_at is not None else now
                if now - broken_at > self._grace_seconds:
                    raise
                self._on_restart(type(error).__name__)
                pause = error.retry_after_seconds or backoff.next_seconds()
            await asyncio.sleep(max(pause, 0.01))

    async def _take(self, events: list[WatchEvent]) -> str:
        """Store a batch; the resourceVersion of its last event."""
        self.current_at = time.monotonic()
        changes = [event for event in events if event.type != "BOOKMARK"]
        if changes:
            await self._on_thread(self._store.events, changes)
        return str((events[-1].object.get("metadata") or {}).get("resourceVersion") or "")

    async def _behind(self, reason: str, error: Exception) -> float:
        """Absence is no proof any more; how long to wait before the next LIST."""
        self.complete = False
        self._on_restart(reason)
        log.warning("watch_broken", kind=str(self.kind), reason=reason, error=str(error))
        if not isinstance(error, StoreError):
            try:
                await self._on_thread(self._store.lost)
            except StoreError as failed:
                log.warning("watch_store_failed", kind=str(self.kind), error=str(failed))
        wait = error.retry_after_seconds if isinstance(error, Retryable) else None
        slow = isinstance(error, ClusterError) and not isinstance(
            error, Retryable | WatchExpired | KindNotServed
        )
        return wait or self._backoff.next_seconds() + (5.0 if slow else 0.0)

    async def _sleep(self, seconds: float) -> None:
        """Up to so long; a wish to list again ends it."""
        try:
            async with asyncio.timeout(seconds):
                await self._relist.wait()
        except TimeoutError:
            pass

    async def _until_first_error(self, follows: list[Awaitable[None]]) -> None:
        """Run them all until one fails or somebody asks for a LIST; then none of them runs any more."""
        tasks = [asyncio.ensure_future(follow) for follow in follows]
        asked = asyncio.ensure_future(self._relist.wait())
        try:
            done, _ = await asyncio.wait([asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {asked}:
                task.result()
        finally:
            for task in (asked, *tasks):
                task.cancel()
            await asyncio.gather(asked, *tasks, return_exceptions=True)

    async def _on_thread(self, call: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call, *args)


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0
