"""Shares the clusters among watch processes by leases, and runs a watch for each that this one holds."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import msgspec

from common.core.access import ClusterAccess
from common.core.errors import LeaseLost, MooringsError, StoreError
from common.core.keys import ClusterId
from scheduler.watch.cluster_watch import ClusterWatch
from scheduler.watch.home_stores import HOME
from scheduler.watch.home_watch import HomeWatch
from scheduler.watch.kind_watch import log
from scheduler.watch.parts import Parts

T = TypeVar("T")

HOME_LEASE = ClusterId("@home")
"""Whose holder watches the home cluster's Applications and settings. No cluster has such an address."""


class LeaseTimes(msgspec.Struct, frozen=True, kw_only=True):
    """In seconds. A dead process's clusters are taken over after at most `lease` and `round`."""

    lease: float = 6.0
    round: float = 1.0
    """How often leases are renewed and free clusters tried."""
    per_round: int = 8
    """Clusters taken at once, so that processes that start together share them."""


class Watch(Protocol):
    """A HomeWatch or a ClusterWatch."""

    access: ClusterAccess

    async def run(self) -> None:
        """Until cancelled."""
        ...


class Supervisor:
    """One process's watches. Belongs to one event loop."""

    def __init__(
        self,
        parts: Parts,
        *,
        times: LeaseTimes | None = None,
        home_watch: Callable[..., HomeWatch] = HomeWatch,
        cluster_watch: Callable[..., ClusterWatch] = ClusterWatch,
        threads: int = 8,
    ) -> None:
        self._parts = parts
        self._times = times or LeaseTimes()
        self._new_home, self._new_cluster = home_watch, cluster_watch
        self.watcher = f"{socket.gethostname()}-{secrets.token_hex(6)}"
        """This process's incarnation in leases."""
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="watch")
        self._held: dict[ClusterId, tuple[Watch, asyncio.Task[None]]] = {}
        self._accesses: dict[ClusterId, ClusterAccess] = {}
        self._home_version = -1
        self._soon = asyncio.Event()

    @property
    def held(self) -> frozenset[ClusterId]:
        """The leases that this process holds now."""
        return frozenset(self._held)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then all leases are given back."""
        listener = asyncio.create_task(self._listen(stop))
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._soon.clear()
                try:
                    await self._round()
                except MooringsError as error:
                    log.warning("watch_round_failed", reason=type(error).__name__, error=str(error))
                soon = asyncio.create_task(self._soon.wait())
                await asyncio.wait(
                    [soon, stopping], timeout=self._times.round, return_when=asyncio.FIRST_COMPLETED
                )
                soon.cancel()
        finally:
            for task in (listener, stopping):
                task.cancel()
            await asyncio.gather(*(self._drop(cluster) for cluster in list(self._held)))
            await asyncio.gather(listener, stopping, return_exceptions=True)
            await asyncio.to_thread(self._executor.shutdown)

    async def _round(self) -> None:
        await self._read_accesses()
        wanted = {HOME_LEASE: self._parts.clusters.home().access, **self._accesses}
        for cluster, (watch, task) in list(self._held.items()):
            same = wanted.get(cluster) == watch.access
            if task.done() or not same or not await self._lead(cluster):
                await self._drop(cluster)
        free = [cluster for cluster in wanted if cluster not in self._held]
        for cluster in free[: self._times.per_round]:
            if await self._lead(cluster):
                self._start(cluster, wanted[cluster])
        # The rest comes first in the next round, when they were not taken by others meanwhile.
        self._accesses = {c: self._accesses[c] for c in sorted(self._accesses, key=lambda c: c in self._held)}

    async def _read_accesses(self) -> None:
        """The clusters, again only when the home namespace's Secrets have changed."""
        version = await self._on_thread(lambda: self._parts.facts.version(HOME))
        if version != self._home_version or not self._accesses:
            found = await self._on_thread(self._parts.accesses)
            self._accesses = {access.id: access for access in found if not access.skip_reconcile}
            self._home_version = version

    async def _lead(self, cluster: ClusterId) -> bool:
        seconds = self._times.lease
        return await self._on_thread(
            lambda: self._parts.live.lead(cluster, self.watcher, lease_seconds=seconds)
        )

    def _start(self, cluster: ClusterId, access: ClusterAccess) -> None:
        watch: Watch
        if cluster == HOME_LEASE:
            watch = self._new_home(access, self._parts, self._executor)
        else:
            watch = self._new_cluster(access, self._parts, self.watcher, self._executor)
        task = asyncio.create_task(watch.run(), name=f"watch {cluster}")
        task.add_done_callback(lambda _done: self._soon.set())
        self._held[cluster] = (watch, task)
        log.info("watch_started", cluster=access.name or cluster, home=cluster == HOME_LEASE)

    async def _drop(self, cluster: ClusterId) -> None:
        watch, task = self._held.pop(cluster)
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(outcome, Exception) and not isinstance(outcome, LeaseLost):
            log.error("watch_failed", cluster=watch.access.name or cluster, error=repr(outcome))
        try:
            await self._on_thread(lambda: self._parts.live.leave(cluster, self.watcher))
        except StoreError as error:
            log.warning("watch_store_failed", cluster=watch.access.name or cluster, error=str(error))

    async def _listen(self, stop: asyncio.Event) -> None:
        """Wake the watch of a cluster when somebody wants a new kind of it."""
        while not stop.is_set():
            try:
                clusters = await self._on_thread(lambda: self._parts.live.wait_wanted(1.0))
            except StoreError:
                await asyncio.sleep(1.0)
                continue
            for cluster in clusters:
                held = self._held.get(cluster)
                if held is not None and isinstance(held[0], ClusterWatch):
                    held[0].look()

    async def _on_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)
