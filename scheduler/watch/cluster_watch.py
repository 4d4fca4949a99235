"""One cluster: a watch for each kind that somebody wants, under the lease that the supervisor holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import Executor
from typing import TypeVar

from common import metrics
from common.adapters.clock import SystemClock
from common.adapters.cluster.watching import WatchSource
from common.core.access import ClusterAccess
from common.core.errors import ServerError, StoreError
from common.core.keys import GroupKind
from common.core.timestamps import parse_time
from common.ports import ApiCatalog, ApiResource, Item, Kind, WatchEvent
from scheduler.watch.kind_watch import KindWatch, Source, log
from scheduler.watch.parts import Parts
from scheduler.watch.tracked_store import TrackedStore

T = TypeVar("T")

LOOK_SECONDS = 2.0
"""How often wanted kinds and completeness markers are looked at when nobody wakes us."""


class ClusterWatch:
    """Watches the wanted kinds of one cluster. Belongs to one event loop."""

    def __init__(
        self,
        access: ClusterAccess,
        parts: Parts,
        watcher: str,
        executor: Executor,
        *,
        source: Callable[[ClusterAccess], WatchSource] = WatchSource,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.access = access
        self._parts, self._watcher, self._executor = parts, watcher, executor
        self._source = source(access)
        self._look_seconds = look_seconds
        self._look = asyncio.Event()
        self._kinds: dict[GroupKind, tuple[KindWatch, asyncio.Task[None]]] = {}
        self._name = access.name or access.id

    def look(self) -> None:
        """A kind may have been asked for."""
        self._look.set()

    async def run(self) -> None:
        """Until cancelled. Raises LeaseLost when another watcher has the cluster."""
        try:
            while True:
                self._look.clear()
                try:
                    await self._follow_wishes()
                except StoreError as error:
                    log.warning("watch_store_failed", cluster=self._name, error=str(error))
                self._raise_of_finished()
                try:
                    async with asyncio.timeout(self._look_seconds):
                        await self._look.wait()
                except TimeoutError:
                    pass
        finally:
            await self._end()

    async def _follow_wishes(self) -> None:
        cluster = self.access.id
        wanted = await self._on_thread(lambda: self._parts.live.wanted(cluster))
        for kind in sorted(wanted - self._kinds.keys()):
            watch = self._watch_of(kind)
            self._kinds[kind] = (watch, asyncio.create_task(watch.run(), name=f"watch {cluster} {kind}"))
        metrics.WATCHES.labels(self._name).set(len(self._kinds))
        believed = {kind for kind, (watch, _) in self._kinds.items() if watch.complete}
        if believed:
            snapshot = await self._on_thread(lambda: self._parts.live.read(cluster, ""))
            for kind in believed - snapshot.complete:
                # The marker is gone although nobody here took it away: Redis was flushed, or lost writes.
                self._kinds[kind][0].relist()

    def _watch_of(self, kind: GroupKind) -> KindWatch:
        parts, cluster = self._parts, self.access.id
        store = _Counted(
            self._name, TrackedStore(parts.live, cluster, kind, self._watcher, parts.owner_of, self._wake)
        )
        source: Source = self._source
        return KindWatch(
            kind,
            source,
            store,
            lambda: self._on_thread(lambda: self._row(kind)),
            self._executor,
            scopes=self.access.namespaces or ("",),
            on_complete=self._completed,
            on_restart=lambda reason: metrics.WATCH_RESTARTS.labels(self._name, reason).inc(),
        )

    def _row(self, kind: GroupKind) -> ApiResource | None:
        """The kind's row in discovery, of its preferred version; None when it is surely not served."""
        cluster = self._parts.clusters.connect(self.access)
        row = find_row(cluster.catalog(), kind)
        if row is not None:
            return row
        catalog = cluster.catalog(refresh=True)
        row = find_row(catalog, kind)
        if row is None and any(failed.rpartition("/")[0] == kind.group for failed in catalog.failed):
            raise ServerError(f"cluster {self._name}: the group of {kind} does not answer discovery")
        return row

    def _wake(self, owners: Collection[str]) -> None:
        items = [Item.app(self._parts.app_of(owner)) for owner in owners]
        self._parts.request(items, Kind.LIVE, cluster=self.access.id)

    def _completed(self, _kind: GroupKind) -> None:
        if all(watch.complete for watch, _ in self._kinds.values()):
            asyncio.get_running_loop().run_in_executor(self._executor, self._wake_unknown)

    def _wake_unknown(self) -> None:
        """The snapshot has become complete: applications that could not be compared now can."""
        parts = self._parts
        try:
            keys = parts.applications.keys()
            apps = zip(keys, parts.applications.many(keys), strict=True)
            items = [Item.app(key) for key, app in apps if app and is_unknown_on(app, self.access)]
            parts.request(items, Kind.DIFF, cluster=self.access.id)
        except StoreError as error:
            log.warning("watch_store_failed", cluster=self._name, error=str(error))

    def _raise_of_finished(self) -> None:
        for _, task in self._kinds.values():
            if task.done() and not task.cancelled():
                task.result()

    async def _end(self) -> None:
        tasks = [task for _, task in self._kinds.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        metrics.WATCHES.labels(self._name).set(0)
        await self._source.close()

    async def _on_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)


def find_row(catalog: ApiCatalog, kind: GroupKind) -> ApiResource | None:
    """The first row, which is the preferred version's, of a kind that can be listed and watched."""
    for row in catalog.resources:
        if row.gvk.group_kind == kind and (not row.verbs or {"list", "watch"} <= set(row.verbs)):
            return row
    return None


def is_unknown_on(app: dict[str, object], access: ClusterAccess) -> bool:
    """Whether an Application is deployed to a cluster and has no comparison yet."""
    spec, status = _mapping(app.get("spec")), _mapping(app.get("status"))
    destination = _mapping(spec.get("destination"))
    server = str(destination.get("server") or "").rstrip("/")
    if server != access.id and (not access.name or destination.get("name") != access.name):
        return False
    return _mapping(status.get("sync")).get("status") in (None, "", "Unknown")


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


_CLOCK = SystemClock()


class _Counted:
    """A KindStore that counts events before it passes them on."""

    def __init__(self, cluster: str, inner: TrackedStore) -> None:
        self._cluster, self._inner = cluster, inner
        self.begin, self.listed, self.swap, self.lost = inner.begin, inner.listed, inner.swap, inner.lost

    def events(self, events: Collection[WatchEvent]) -> None:
        """See `KindStore.events`."""
        self._inner.events(list(events))
        now = _CLOCK.now()
        for event in events:
            metrics.WATCH_EVENTS.labels(self._cluster, event.type).inc()
            changed = parse_time(_last_change(event))
            if changed is not None:
                metrics.WATCH_LAG.labels(self._cluster).observe(max(0.0, (now - changed).total_seconds()))


def _last_change(event: WatchEvent) -> str:
    """When the object was last written, as its managedFields say; empty for a deletion or a bookmark."""
    if event.type not in ("ADDED", "MODIFIED"):
        return ""
    entries = (event.object.get("metadata") or {}).get("managedFields") or ()
    return max((str(entry.get("time") or "") for entry in entries), default="")
