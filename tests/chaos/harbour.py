"""Real processes, as `moor up` starts them, and what tests ask of the fleet that they keep."""

from __future__ import annotations

import base64
import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from common.adapters.cluster.client import HttpCluster
from common.adapters.queue import CeleryTaskQueue, Routes
from common.adapters.redis.connection import connect
from common.adapters.redis.due import RedisDueSet
from common.adapters.valkey import EmbeddedValkey
from common.core.errors import AlreadyExists, ClusterError, NotFound
from common.core.follows import ref_digests
from common.core.keys import AppKey, GroupVersionKind, Object
from common.ports import Cluster, Item, Kind
from sandbox.run import Fleet
from tests.engine_fixtures import APPLICATION, CONFIG_MAP, NAMESPACE, application, config_map, summary
from tests.git_fixtures import HostedRepositories

ROOT = Path(__file__).parents[2]
NAMESPACE_KIND = GroupVersionKind("", "v1", "Namespace")
TRACKING = "argocd.argoproj.io/tracking-id"
CASCADE = "resources-finalizer.argocd.argoproj.io"
OBJECTS = 3
"""ConfigMaps of each application of `Harbour.fleet`."""


class Process:
    """One part: a worker, or control."""

    def __init__(self, part: str, environment: Mapping[str, str], log: Path) -> None:
        self.part, self.log = part, log
        self._environment = dict(environment)
        self._popen: subprocess.Popen[str] | None = None

    def start(
        self, *, wait: bool = True, limits: Mapping[int, int] | None = None, logged: bool = True
    ) -> None:
        """Start it; `wait` until it says that it is ready. `limits` are of the operating system."""

        def limit() -> None:
            for name, value in (limits or {}).items():
                resource.setrlimit(name, (value, resource.getrlimit(name)[1]))

        with self.log.open("ab") if logged else Path(os.devnull).open("ab") as log:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "cli.main", self.part],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=limit if limits else None,
            )
        if wait:
            assert self._popen.stdout is not None
            line = self._popen.stdout.readline()
            assert line.startswith("{"), f"{self.part} did not start: {self.log.read_text()[-3000:]}"

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        running, self._popen = self._popen, None
        if running is None:
            return
        if running.poll() is None:
            running.send_signal(number)
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        assert running.stdout is not None
        running.stdout.close()

    def unexpected(self) -> list[Mapping[str, Any]]:
        """The failures in its log that nobody foresaw."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [said for line in lines if (said := orjson.loads(line)).get("level") in ("error", "critical")]


class Harbour:
    """Everything of one test."""

    def __init__(self, folder: Path, clusters: Fleet, git: HostedRepositories) -> None:
        self.folder, self.clusters, self.git = folder, clusters, git
        self.valkey = EmbeddedValkey(folder / "valkey")
        self.valkey.start()
        self.redis = connect(self.valkey.url)
        self.home: Cluster = HttpCluster(clusters[0].access())
        self.other: Cluster = HttpCluster(clusters[1].access())
        self.processes: list[Process] = []
        self.environment = {
            **os.environ,
            "MOORINGS_REDIS_URL": self.valkey.url,
            "MOORINGS_KUBECONFIG": str(clusters.write_kubeconfig(folder / "kubeconfig")),
            "MOORINGS_NAMESPACE": NAMESPACE,
            "MOORINGS_DATA_DIR": str(folder / "data"),
            "MOORINGS_LISTEN_PORT": "0",
            "MOORINGS_LEASE_SECONDS": "1.5",
            "MOORINGS_READY_LINE": "1",
        }

    def start(self, *, workers: int = 1) -> list[Process]:
        """Control and so many workers; the workers."""
        made = [self._process("control", "control")]
        made += [self._process("worker", f"worker-{number}") for number in range(workers)]
        for process in made:
            process.start()
        return made[1:]

    def _process(self, part: str, name: str) -> Process:
        process = Process(part, self.environment, self.folder / f"{name}.log")
        self.processes.append(process)
        return process

    def close(self) -> None:
        """Nothing is left."""
        for process in reversed(self.processes):
            process.stop()
        self.redis.close()
        self.home.close()  # type: ignore[attr-defined]
        self.other.close()  # type: ignore[attr-defined]
        self.valkey.stop()

    # The fleet

    def fleet(self, count: int, *, finalizer: bool = False, elsewhere: int = 0, **spec: Any) -> list[str]:
        """So many applications of `OBJECTS` ConfigMaps, all in one repository; their names.

        The first `elsewhere` of them go to the second cluster.
        """
        names = [f"app-{number:02}" for number in range(count)]
        self.push(names, "blue")
        for place, name in enumerate(names):
            app = application(name, self.git.url_of(), path=name, **spec)
            if place < elsewhere:
                app["spec"]["destination"]["server"] = self.clusters[1].server
            if finalizer:
                app["metadata"]["finalizers"] = [CASCADE]
            self.until(lambda app=app: self._create(app), seconds=20)
        return names

    def push(self, names: Sequence[str], colour: str) -> str:
        """A commit that changes every object; its revision."""
        files = {
            f"{name}/{part}.json": config_map(f"settings-{part}", colour=colour)
            for name in names
            for part in range(OBJECTS)
        }
        self.revision = str(self.git.repository().commit(files, message=colour))
        return self.revision

    def _create(self, app: Object) -> bool:
        """Again, where a fault took the request or its answer."""
        with contextlib.suppress(AlreadyExists):
            self.home.create(app)
        return True

    def remove(self, name: str, part: int) -> str:
        """A commit without one of the objects; its revision."""
        files: dict[str, bytes | None] = {f"{name}/{part}.json": None}
        return str(self.git.repository().commit(files, message="remove"))

    def add_cluster(self) -> None:
        """A Secret for the second cluster, as `moor cluster add` makes it."""
        access = self.clusters[1].access()
        config = {
            "bearerToken": access.bearer_token.reveal() if access.bearer_token else "",
            "tlsClientConfig": {"caData": base64.b64encode(access.ca_data.encode()).decode()},
        }
        self.home.create(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "name": "second",
                    "namespace": NAMESPACE,
                    "labels": {"argocd.argoproj.io/secret-type": "cluster"},
                },
                "stringData": {
                    "name": "second",
                    "server": access.server,
                    "config": orjson.dumps(config).decode(),
                },
            }
        )

    def settings(self, **keys: str) -> None:
        """argocd-cm."""
        self.home.apply(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "argocd-cm", "namespace": NAMESPACE},
                "data": keys,
            }
        )

    def patch(self, name: str, body: object) -> None:
        """A merge patch to an Application."""
        self.home.patch(APPLICATION, NAMESPACE, name, body)

    def with_finalizer(self, name: str) -> None:
        """Its objects are to be deleted with it."""
        self.patch(name, {"metadata": {"finalizers": [CASCADE]}})

    def colours(self, namespace: str, *, where: Cluster | None = None) -> dict[str, str]:
        """The tracked ConfigMaps of a namespace."""
        return {
            obj["metadata"]["name"]: obj["data"]["colour"]
            for obj in (where or self.home).list(CONFIG_MAP, namespace).items
            if TRACKING in (obj["metadata"].get("annotations") or {})
        }

    def paint(self, namespace: str, name: str, colour: str) -> None:
        """Change an object by hand."""
        self.home.patch(CONFIG_MAP, namespace, name, {"data": {"colour": colour}})

    def ring(self, name: str) -> None:
        """What a webhook does: the refs of an application are asked for at once."""
        due = RedisDueSet(self.redis)
        for digest in ref_digests(self.app(name)):
            due.request(Item.ref(digest), Kind.FETCH)

    def poke(self, name: str) -> None:
        """Make an application due and ring every worker for it, whoever has it."""
        item = Item.app(AppKey(NAMESPACE, name))
        RedisDueSet(self.redis).request(item, Kind.DIFF)
        CeleryTaskQueue(self.redis, Routes(4), cluster_of=lambda _item: None).ring(item, Kind.DIFF)

    def app(self, name: str) -> Object:
        """An Application."""
        return self.home.get(APPLICATION, NAMESPACE, name)

    def apps(self) -> dict[str, Object]:
        """All of them."""
        return {one["metadata"]["name"]: one for one in self.home.list(APPLICATION, NAMESPACE).items}

    def until(self, condition: Callable[[], Any], *, seconds: float, what: Callable[[], Any] = str) -> Any:
        """Wait for a truthy answer; a cluster that is away gives none."""
        deadline = time.monotonic() + seconds
        while True:
            found = None
            with contextlib.suppress(ClusterError):
                found = condition()
            if found:
                return found
            if time.monotonic() > deadline:
                self.clusters[0].inject()
                raise AssertionError(f"not within {seconds} s: {what()}\n{self.said()}")
            time.sleep(0.05)

    def said(self) -> str:
        """The last lines of every process, for a failed test."""
        return "\n".join(f"{one.log.name}: {one.log.read_text()[-3000:]}" for one in self.processes)

    def synced(self, names: Sequence[str], revision: str) -> bool:
        """Whether all say that they are in sync with the revision, after a sync to it that succeeded."""
        return not self.behind(names, revision)

    def behind(self, names: Sequence[str], revision: str) -> dict[str, Any]:
        """Those that do not, with what they say."""
        wanted = {"sync": "Synced", "health": "Healthy", "phase": "Succeeded", "revision": revision}
        apps = self.apps()
        return {
            name: {**found, "conditions": apps[name].get("status", {}).get("conditions")}
            for name in names
            if (found := summary(apps[name])) != wanted
        }

    def converge(self, names: Sequence[str], revision: str, *, seconds: float = 40.0) -> None:
        """Wait until all are in sync with the revision."""
        self.until(
            lambda: self.synced(names, revision), seconds=seconds, what=lambda: self.behind(names, revision)
        )

    def check(
        self, names: Sequence[str], colour: str, revisions: Sequence[str], *, where: Cluster | None = None
    ) -> None:
        """No object is missing, foreign or doubled, and history has each revision once."""
        live: dict[str, dict[str, Object]] = {name: {} for name in names}
        for obj in (where or self.home).list(CONFIG_MAP).items:
            meta = obj["metadata"]
            if TRACKING in (meta.get("annotations") or {}):
                live[meta["namespace"]][meta["name"]] = obj
        wanted = {f"settings-{part}" for part in range(OBJECTS)}
        for name in names:
            assert live[name].keys() == wanted, name
            assert {obj["data"]["colour"] for obj in live[name].values()} == {colour}, name
        apps = self.apps()
        for name in names:
            history = apps[name]["status"]["history"]
            assert [one["revision"] for one in history] == list(revisions), (name, history)
            assert [one["id"] for one in history] == list(range(len(revisions))), name

    def nothing_unexpected(self) -> None:
        """No process met a failure that nobody foresaw."""
        found = {one.log.name: wrong for one in self.processes if (wrong := one.unexpected())}
        assert not found, orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()[:4000]

    def delete(self, name: str) -> None:
        """What `kubectl delete application` does."""
        self.until(lambda: self._delete(name), seconds=20)

    def _delete(self, name: str) -> bool:
        with contextlib.suppress(NotFound):
            self.home.delete(APPLICATION, NAMESPACE, name)
        return True
