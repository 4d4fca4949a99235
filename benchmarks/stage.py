"""What a scenario runs on: an API server, and beside it Moorings as `moor up` starts it, part by part."""

from __future__ import annotations

import base64
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson

from benchmarks.children import Child, ChildFailed
from benchmarks.client import Target, TightClient, eight_at_once, path_of
from benchmarks.workload import (
    HOME_NAMESPACE,
    Monorepo,
    Object,
    app_name,
    application,
    namespaces,
)
from cli.up.home import SandboxCluster, prepare
from common.adapters.valkey import EmbeddedValkey
from common.core.convert import convert
from sandbox.notify import payload, post

DEADLINE_SECONDS = 900.0


class Api:
    """One sandbox cluster in a process of its own, prepared as a home cluster."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.child = Child(
            "sandbox",
            [sys.executable, "-m", "sandbox", "--kubeconfig-dir", str(folder / "kubeconfig"), "-o", "json"],
            folder / "sandbox.log",
            {},
        )
        self.cluster = convert(self.child.ready()["clusters"][0], SandboxCluster)
        self.kubeconfig = Path(self.cluster.kubeconfig)
        self.target = Target(
            server=self.cluster.server, token=self.cluster.token, ca_data=self.cluster.ca_data
        )
        prepare(self.kubeconfig, "", HOME_NAMESPACE, [self.cluster])
        with contextlib.closing(TightClient(self.target)) as client:
            for namespace in namespaces():
                client.request("POST", "/api/v1/namespaces", namespace)
            found = orjson.loads(
                client.request("GET", f"/api/v1/namespaces/{HOME_NAMESPACE}/secrets/argocd-secret")
            )
        self.webhook_key = base64.b64decode(found["data"]["webhook.github.secret"]).decode()

    def client(self) -> TightClient:
        """A connection to it."""
        return TightClient(self.target)

    def get(self, client: TightClient, obj: Object) -> Object:
        """One object of the workload. Raises RequestFailed."""
        found: Object = orjson.loads(client.request("GET", path_of(obj)))
        return found


@contextlib.contextmanager
def api() -> Iterator[Api]:
    """A fresh one, gone with the context."""
    folder = Path(tempfile.mkdtemp(prefix="moorings-benchmark-"))
    made = None
    try:
        made = Api(folder)
        yield made
    finally:
        if made is not None:
            made.child.end()
        shutil.rmtree(folder, ignore_errors=True)


class Stage:
    """Moorings on an API: Valkey, a Git host, control and workers, each a process."""

    def __init__(self, api: Api, *, applications: int, workers: int, concurrency: int) -> None:
        self.api = api
        self.applications = applications
        self._folder = api.folder
        self.git_root = api.folder / "git"
        self.git_root.mkdir()
        self.repo = Monorepo(self.git_root / "fleet.git", applications)
        self.valkey = EmbeddedValkey(api.folder / "valkey")
        self.git: Child | None = None
        self.control: Child | None = None
        self.workers: list[Child] = []
        self._workers, self._concurrency = workers, concurrency
        self.server_url = ""
        self.repository_url = ""

    def start(self) -> None:
        """Everything, until it says that it is ready."""
        self.valkey.start()
        self.git = Child(
            "git",
            [sys.executable, "-m", "sandbox.githost", "--root", str(self.git_root), "-o", "json"],
            self._folder / "git.log",
            {},
        )
        self.repository_url = f"{self.git.ready()['url']}/fleet.git"
        self.control = self._engine("control", "control")
        self.workers = [self._engine(f"worker-{place}", "worker") for place in range(self._workers)]
        self.server_url = self.control.ready()["url"]
        for worker in self.workers:
            worker.ready()

    def _engine(self, name: str, command: str) -> Child:
        return Child(
            name,
            [sys.executable, "-m", "cli.main", command],
            self._folder / f"{name}.log",
            {
                "MOORINGS_REDIS_URL": self.valkey.url,
                "MOORINGS_NAMESPACE": HOME_NAMESPACE,
                "MOORINGS_KUBECONFIG": str(self.api.kubeconfig),
                "MOORINGS_DATA_DIR": str(self._folder / "data"),
                "MOORINGS_METRICS_PORT": "0",
                "MOORINGS_LISTEN_PORT": "0",
                "MOORINGS_CONCURRENCY": str(self._concurrency),
                "MOORINGS_READY_LINE": "1",
            },
        )

    def end(self) -> None:
        """Everything, the last started first."""
        for child in (*self.workers, self.control, self.git):
            if child is not None:
                child.end()
        self.valkey.stop()

    def groups(self) -> dict[str, list[int]]:
        """Whose processes are whose."""
        if self.control is None or self.git is None or self.valkey.pid is None:
            raise ChildFailed("the stage was not started")
        return {
            "moorings": [self.control.pid, *(worker.pid for worker in self.workers)],
            "valkey": [self.valkey.pid],
            "sandbox": [self.api.child.pid],
            "git": [self.git.pid],
        }

    def create_applications(self, *, threads: int = 8) -> None:
        """All of them, as the floor does it."""

        def create(client: TightClient, number: int) -> None:
            body = application(number, self.repository_url)
            client.request("POST", applications_path(), body)

        eight_at_once(self.api.target, self.applications, create, threads=threads)

    def until_applications(self, wanted: Callable[[Object], bool], act: Callable[[], object]) -> float:
        """Seconds from the beginning of `act` until every Application was seen as wanted, by one watch.

        Raises:
            TimeoutError: some are not.
        """
        client = self.api.client()
        done: set[str] = set()
        with contextlib.closing(client):
            events = client.lines(f"{applications_path()}?watch=true")
            began = time.perf_counter()
            act()
            while len(done) < self.applications:
                if time.perf_counter() - began > DEADLINE_SECONDS:
                    raise TimeoutError(self._so_far(done))
                try:
                    obj = orjson.loads(next(events))["object"]
                except TimeoutError as error:
                    raise TimeoutError(self._so_far(done)) from error
                if wanted(obj):
                    done.add(obj["metadata"]["name"])
        return time.perf_counter() - began

    def _so_far(self, done: set[str]) -> str:
        return f"{len(done)} of {self.applications} Applications are as wanted, and no more come"

    def first_sync(self) -> float:
        """Create all Applications; the seconds until all are Synced, Healthy and their operation is over."""
        return self.until_applications(is_settled, self.create_applications)

    def push(self, number: int, *, colour: str) -> str:
        """Commit a change to one application and tell the webhook; the revision."""
        revision = self.repo.change(number, colour=colour)
        body = orjson.dumps(payload(f"{'0' * 40} {revision} refs/heads/main", self.repository_url))
        status = post(f"{self.server_url}/api/webhook", body, self.api.webhook_key)
        if status >= httpx.codes.BAD_REQUEST:
            raise ChildFailed(f"the webhook answered {status}")
        return revision

    def until_colour(self, client: TightClient, obj: Object, colour: str) -> None:
        """Wait until an application's ConfigMap has it. Raises TimeoutError."""
        deadline = time.perf_counter() + 60
        while self.api.get(client, obj)["data"]["colour"] != colour:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{obj['metadata']['name']} is not {colour} after a minute")
            time.sleep(0.005)


@contextlib.contextmanager
def stage(*, applications: int, workers: int = 1, concurrency: int = 8) -> Iterator[Stage]:
    """A fresh API with Moorings on it, gone with the context. Raises ChildFailed."""
    with api() as made:
        stage = Stage(made, applications=applications, workers=workers, concurrency=concurrency)
        try:
            stage.start()
            yield stage
        finally:
            stage.end()


def applications_path() -> str:
    """Where Applications are."""
    return f"/apis/argoproj.io/v1alpha1/namespaces/{HOME_NAMESPACE}/applications"


def is_settled(app: dict[str, Any]) -> bool:
    """Synced, healthy, and its operation succeeded."""
    status = app.get("status") or {}
    return (
        (status.get("sync") or {}).get("status") == "Synced"
        and (status.get("health") or {}).get("status") == "Healthy"
        and (status.get("operationState") or {}).get("phase") == "Succeeded"
    )


def config_map(number: int, namespace: str) -> Object:
    """The address of an application's ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": app_name(number), "namespace": namespace},
    }
