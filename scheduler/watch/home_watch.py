"""The home cluster: Applications, projects, and the Secrets and ConfigMaps that configure us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from common import metrics
from common.adapters.cluster.watching import WatchSource
from common.core.access import ClusterAccess
from common.core.errors import KindNotServed, StoreError
from common.core.keys import GroupKind
from common.ports import ApiResource
from scheduler.watch.cluster_watch import find_row
from scheduler.watch.home_stores import ApplicationsStore, ReloadStore
from scheduler.watch.kind_watch import KindStore, KindWatch, log
from scheduler.watch.parts import Parts

T = TypeVar("T")

APPLICATION = GroupKind("argoproj.io", "Application")
PROJECT = GroupKind("argoproj.io", "AppProject")
SECRET = GroupKind("", "Secret")
CONFIG_MAP = GroupKind("", "ConfigMap")

SECRET_SELECTORS = ("argocd.argoproj.io/secret-type", "app.kubernetes.io/part-of=argocd")
"""Clusters and repositories; argocd-secret and what `$name` references point into."""

CONFIRM_SECONDS = 2.0
"""How often the completeness of the Applications is confirmed, and Redis looked at for a flush."""


class HomeWatch:
    """Watches the home cluster under the lease that the supervisor holds. Belongs to one event loop."""

    def __init__(
        self,
        access: ClusterAccess,
        parts: Parts,
        executor: Executor,
        *,
        source: Callable[[ClusterAccess], WatchSource] = WatchSource,
        confirm_seconds: float = CONFIRM_SECONDS,
    ) -> None:
        self.access = access
        self._parts, self._executor = parts, executor
        self._source = source(access)
        self._confirm_seconds = confirm_seconds
        app_scopes = parts.app_namespaces or (parts.namespace,)
        self._store = ApplicationsStore(parts)
        self._applications = self._kind(APPLICATION, self._store, app_scopes)
        home = (parts.namespace,)
        self._settings = [
            self._kind(PROJECT, ReloadStore(parts), home),
            self._kind(CONFIG_MAP, ReloadStore(parts, lambda name: name.startswith("argocd-")), home),
            *(self._kind(SECRET, ReloadStore(parts), home, selector) for selector in SECRET_SELECTORS),
        ]

    async def run(self) -> None:
        """Until cancelled."""
        tasks = [asyncio.create_task(watch.run()) for watch in (self._applications, *self._settings)]
        tasks.append(asyncio.create_task(self._confirm()))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._source.close()

    async def _confirm(self) -> None:
        """Keep the Applications' marker alive; when it is gone, Redis was flushed: list again."""
        while True:
            await asyncio.sleep(self._confirm_seconds)
            try:
                if self._applications.complete and await self._on_thread(self._store.flushed):
                    log.warning("redis_was_flushed")
                    self._list_again()
            except StoreError as error:
                log.warning("watch_store_failed", cluster="home", error=str(error))

    def _list_again(self) -> None:
        self._applications.relist()
        for watch in self._settings:
            watch.relist()

    def _kind(
        self, kind: GroupKind, store: KindStore, scopes: tuple[str, ...], selector: str = ""
    ) -> KindWatch:
        return KindWatch(
            kind,
            self._source,
            store,
            lambda: self._on_thread(lambda: self._row(kind)),
            self._executor,
            scopes=scopes,
            selector=selector,
            on_restart=lambda reason: metrics.WATCH_RESTARTS.labels("home", reason).inc(),
        )

    def _row(self, kind: GroupKind) -> ApiResource:
        home = self._parts.clusters.home()
        row = find_row(home.catalog(), kind) or find_row(home.catalog(refresh=True), kind)
        if row is None:
            # Never "there are none": without its definition the home cluster is not set up yet.
            raise KindNotServed(f"the home cluster does not serve {kind}")
        return row

    async def _on_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)
