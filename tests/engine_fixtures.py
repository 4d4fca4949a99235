"""A whole Moorings in the test's process: real sandbox clusters, Valkey, Git over HTTP, watchers, and a pump.

The pump does what beat and workers do, without Celery: it rings what the due set says and takes the steps.
Tests of worker processes are elsewhere; this one is for what an application goes through.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import orjson
import pytest

from common.adapters.clock import SystemClock
from common.core.access import Secret
from common.core.errors import MooringsError, NotFound
from common.core.follows import ref_digests
from common.core.keys import AppKey, GroupVersionKind, Object, gvk_of
from common.operations.bootstrap import bootstrap
from common.ports import Cluster, Item, Kind
from common.settings import HomeSettings, RedisSettings, Settings
from common.wiring import Engine
from sandbox.run import Fleet
from scheduler.watch.engine_parts import engine_parts
from scheduler.watch.relist import HomeRelister
from scheduler.watch.run import watch
from tests.git_fixtures import HostedRepositories

APPLICATION = GroupVersionKind("argoproj.io", "v1alpha1", "Application")
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
NAMESPACE = "argocd"


class Moored:
    """An engine, its clusters and what drives it."""

    def __init__(self, engine: Engine, clusters: Fleet, git: HostedRepositories) -> None:
        self.engine = engine
        self.sandboxes = clusters
        self.git = git
        self.home: Cluster = engine.clusters.home()
        self.other: Cluster = engine.clusters.connect(clusters[1].access())
        self.failures: list[BaseException] = []
        self._rung: Queue[Item] = (
            Queue()
        )  # a SimpleQueue of CPython 3.11 can wait for ever despite its timeout
        engine.queue.ring = lambda item, _kinds, **_where: self._rung.put(item)  # in place of a broker
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._pump, name=f"pump-{n}") for n in range(4)]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._watching = threading.Thread(target=lambda: asyncio.run(self._watch()), name="watch")

    def start(self) -> None:
        """Begin to watch and to pump."""
        self._watching.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End everything."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._loop is not None and self._end is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self._watching.join()
        self.engine.close()

    async def _watch(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        await watch(engine_parts(self.engine), stop=self._end)

    def _pump(self) -> None:
        """A worker's thread, which looks at the due set itself where no bell rings."""
        while not self._stop.is_set():
            try:
                self.engine.step(self._rung.get(timeout=0.05), Kind(0))
            except Empty:
                with contextlib.suppress(MooringsError):
                    self._tick()
            except MooringsError:
                self._stop.wait(0.05)
            except Exception as error:
                self.failures.append(error)

    def _tick(self) -> None:
        if self.engine.due.ensure_epoch():
            HomeRelister(engine_parts(self.engine)).relist()
            self.engine.due.keep_epoch()
        for item, _kinds in self.engine.due.tick()[0]:
            self._rung.put(item)

    # What tests say

    def add(self, app: Object) -> Object:
        """Create an Application."""
        return self.home.create(app)

    def app(self, name: str) -> Object:
        """An Application as the API server has it."""
        return self.home.get(APPLICATION, NAMESPACE, name)

    def patch(self, name: str, body: object) -> Object:
        """A merge patch to an Application."""
        return self.home.patch(APPLICATION, NAMESPACE, name, body)

    def until(self, condition: Callable[[], Any], *, seconds: float = 15.0, what: str = "") -> Any:
        """Wait for a truthy answer; an absent object counts as none."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = condition()
            except NotFound:
                found = None
            if self.failures:
                raise AssertionError(f"a step failed: {self.failures[0]!r}") from self.failures[0]
            if found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {what or condition}")
            time.sleep(0.01)

    def until_app(self, name: str, *, seconds: float = 15.0, **wanted: str) -> Object:
        """Wait until an Application's status says all of sync, health, phase and revision."""
        seen: Object = {}

        def arrived() -> Object | None:
            nonlocal seen
            seen = self.app(name)
            found = summary(seen)
            return seen if all(found[key] == value for key, value in wanted.items()) else None

        try:
            found: Object = self.until(arrived, seconds=seconds)
        except AssertionError as error:
            status = orjson.dumps(seen.get("status"), option=orjson.OPT_INDENT_2).decode()
            raise AssertionError(f"{name} is not {wanted} but {summary(seen)} ({error})\n{status}") from None
        return found

    def refresh(self, name: str, how: str = "normal") -> None:
        """What `kubectl annotate` does."""
        self.patch(name, {"metadata": {"annotations": {"argocd.argoproj.io/refresh": how}}})

    def webhook(self, name: str) -> None:
        """What a push does: the refs of an Application are asked for at once."""
        for digest in ref_digests(self.app(name)):
            item = Item.ref(digest)
            if self.engine.due.request(item, Kind.FETCH):
                self.engine.queue.ring(item, Kind.FETCH)


def summary(app: Object) -> dict[str, str]:
    """What `until_app` compares."""
    status = app.get("status") or {}
    return {
        "sync": (status.get("sync") or {}).get("status", ""),
        "revision": (status.get("sync") or {}).get("revision", ""),
        "health": (status.get("health") or {}).get("status", ""),
        "phase": (status.get("operationState") or {}).get("phase", ""),
    }


def application(name: str, repo: str, *, path: str = ".", **spec: Any) -> Object:
    """A minimal valid Application; automated with prune and self-heal unless told otherwise."""
    policy = {"automated": {"prune": True, "selfHeal": True}, "syncOptions": ["CreateNamespace=true"]}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "project": "default",
            "source": {"repoURL": repo, "path": path, "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            "syncPolicy": policy,
            **spec,
        },
    }


def config_map(name: str, **data: str) -> bytes:
    """A manifest."""
    return orjson.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


def make_engine(tmp_path: Path, valkey_url: str, clusters: Fleet) -> Engine:
    """An engine on a prepared home cluster."""
    kubeconfig = clusters.write_kubeconfig(tmp_path / "kubeconfig")
    settings = Settings(
        data_dir=tmp_path / "data",
        redis=RedisSettings(url=Secret(valkey_url)),
        home=HomeSettings(namespace=NAMESPACE, kubeconfig=kubeconfig),
    )
    return Engine(settings)


@pytest.fixture
def moored(
    tmp_path: Path, valkey_url: str, sandbox_pair: Fleet, git_host: HostedRepositories
) -> Iterator[Moored]:
    """Two clusters, the first one home; started, with nothing on it."""
    from common.adapters.cluster.client import HttpCluster

    home = HttpCluster(sandbox_pair[0].access())
    bootstrap(home, NAMESPACE, clock=SystemClock(), wait=time.sleep)
    home.close()
    moored = Moored(make_engine(tmp_path, valkey_url, sandbox_pair), sandbox_pair, git_host)
    moored.start()
    try:
        yield moored
    finally:
        moored.stop()


__all__ = ["AppKey", "Moored", "application", "config_map", "gvk_of", "moored", "summary"]
