"""Starts clusters: `SandboxCluster` in an event loop, `running_sandbox` in a thread beside a test."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import uvloop
import yaml

from common.core.access import ClusterAccess, Secret
from common.core.keys import ClusterId
from sandbox.app import Application
from sandbox.auth import Authenticator, User
from sandbox.bootstrap import bootstrap
from sandbox.clock import utc_now
from sandbox.controllers.start import controllers_of
from sandbox.crds import Definitions
from sandbox.faults import Fault, FaultPlan
from sandbox.listener import Listener
from sandbox.persistence import Journal
from sandbox.state import ClusterState
from sandbox.tls import Identity, make_identity, server_context

ADMIN = "sandbox-admin"


class SandboxCluster:
    """One cluster on one port.

    `ready_after_seconds` is how long a pod takes to become ready; `event_window` how many events of each
    kind are kept before a watch gets 410; `tls=False` serves plain HTTP (kubectl sends no token over it).
    """

    def __init__(
        self,
        name: str = "sandbox",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = "",
        data_dir: Path | None = None,
        tls: bool = True,
        ready_after_seconds: float = 0.3,
        event_window: int = 5000,
        bookmark_seconds: float = 60.0,
        controllers: bool = True,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.name = name
        self.host = host
        self.tls = tls
        self.faults = FaultPlan()
        self.state = ClusterState(name, now=now, window=event_window, ready_after_seconds=ready_after_seconds)
        self._journal = Journal(data_dir / name) if data_dir is not None else None
        kept = self._journal.identity() if self._journal else None
        self._identity: Identity = kept.identity if kept else make_identity(_hosts(host), now=now())
        self.token = token or (kept.token if kept else secrets.token_urlsafe(24))
        if self._journal is not None:
            self._journal.keep_identity(self._identity, self.token)
        self.app = Application(
            self.state,
            Authenticator({self.token: User(ADMIN)}),
            self.faults,
            bookmark_seconds=bookmark_seconds,
            go_down=self.go_down,
        )
        self._definitions = Definitions(self.state)
        self._controllers = controllers_of(self.state) if controllers else None
        self._listener = Listener(self.app, host, port, server_context(self._identity) if tls else None)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._comes_back: asyncio.TimerHandle | None = None
        self._reopening: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where it listens; known once it has started."""
        return self._listener.port

    @property
    def server(self) -> str:
        """Its address."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @property
    def ca_data(self) -> str:
        """The authority that signed its certificate, as PEM; empty without TLS."""
        return self._identity.ca if self.tls else ""

    async def start(self) -> None:
        """Load what is on disk, and listen.

        Raises:
            PortInUse: the port is taken.
        """
        self._loop = asyncio.get_running_loop()
        await self._listener.open()
        self.state.store.listeners.append(self._definitions.on_event)
        if self._journal is not None:
            self._journal.load(self.state)
            self._definitions.load()
            self.state.store.listeners.append(self._journal.on_event)
        if self._controllers is not None:
            self._controllers.start()
        bootstrap(self.state)

    async def stop(self) -> None:
        """End watches, let requests end, close the journal."""
        if self._comes_back is not None:
            self._comes_back.cancel()
        self.faults.set()
        self.app.close_watches()
        await self._listener.close()
        if self._controllers is not None:
            await self._controllers.stop()
        if self._journal is not None:
            self._journal.close()

    def go_down(self, seconds: float) -> None:
        """Refuse connections, and cut those that are open, for so long. From within its event loop."""
        loop = asyncio.get_running_loop()
        self.app.close_watches()
        self._listener.shut()
        if self._comes_back is not None:
            self._comes_back.cancel()
        self._comes_back = loop.call_later(seconds, self._come_back)

    def _come_back(self) -> None:
        task = asyncio.ensure_future(self._listener.open())
        self._reopening.add(task)
        task.add_done_callback(self._reopening.discard)

    def inject(self, *faults: Fault) -> None:
        """Replace the faults in force; from any thread. None clears them."""
        self.call(lambda: self.faults.set(*faults))

    def down(self, seconds: float) -> None:
        """As `go_down`, from any thread."""
        self.call(lambda: self.go_down(seconds))

    def call(self, function: Callable[[], Any]) -> Any:
        """Run something in the cluster's event loop, from another thread, and wait for what it gives."""
        loop = self._loop
        if loop is None:
            raise RuntimeError("the cluster has not been started")

        async def run() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), loop).result(timeout=30)

    def kubeconfig(self) -> dict[str, Any]:
        """A kubeconfig with one context, named as the cluster."""
        return kubeconfig([self])

    def access(self) -> ClusterAccess:
        """How our own client reaches it."""
        return ClusterAccess(
            id=ClusterId(self.server),
            server=self.server,
            name=self.name,
            bearer_token=Secret(self.token),
            ca_data=self.ca_data,
        )


def _hosts(host: str) -> list[str]:
    return list(dict.fromkeys([host, "127.0.0.1", "localhost", "kubernetes.default.svc"]))


def kubeconfig(clusters: list[SandboxCluster]) -> dict[str, Any]:
    """One kubeconfig for several clusters; the first is the current context."""

    def cluster(c: SandboxCluster) -> dict[str, Any]:
        ca = {"certificate-authority-data": b64encode(c.ca_data.encode()).decode()} if c.tls else {}
        return {"server": c.server, **ca}

    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": c.name, "cluster": cluster(c)} for c in clusters],
        "users": [{"name": c.name, "user": {"token": c.token}} for c in clusters],
        "contexts": [{"name": c.name, "context": {"cluster": c.name, "user": c.name}} for c in clusters],
        "current-context": clusters[0].name,
    }


def write_kubeconfig(path: Path, clusters: list[SandboxCluster]) -> Path:
    """Write it for kubectl; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(yaml.safe_dump(kubeconfig(clusters), sort_keys=False))
    return path


class Fleet:
    """Several clusters in one event loop, in a thread of its own."""

    def __init__(self, clusters: list[SandboxCluster]) -> None:
        self.clusters = clusters

    def __getitem__(self, place: int) -> SandboxCluster:
        return self.clusters[place]

    def __iter__(self) -> Iterator[SandboxCluster]:
        return iter(self.clusters)

    def __len__(self) -> int:
        return len(self.clusters)

    def write_kubeconfig(self, path: Path) -> Path:
        """One kubeconfig with a context per cluster."""
        return write_kubeconfig(path, self.clusters)


def cluster_names(count: int) -> list[str]:
    """`sandbox`, `sandbox-2`, …"""
    return ["sandbox", *(f"sandbox-{number}" for number in range(2, count + 1))][:count]


@contextlib.contextmanager
def running_sandbox(clusters: int = 1, **options: Any) -> Iterator[Fleet]:
    """Clusters that run while the context is open. Options are those of `SandboxCluster`.

    Raises:
        PortInUse: a port was asked for, and is taken.
    """
    port = options.pop("port", 0)
    fleet = Fleet(
        [
            SandboxCluster(name, port=port + place if port else 0, **options)
            for place, name in enumerate(cluster_names(clusters))
        ]
    )
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sandbox", daemon=True)
    thread.start()

    def run(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(timeout=30)

    started: list[SandboxCluster] = []
    try:
        for cluster in fleet:
            run(cluster.start())
            started.append(cluster)
        yield fleet
    finally:
        for cluster in started:
            run(cluster.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()
