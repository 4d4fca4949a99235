"""`moor up` as a user has it: real processes, a commit that becomes live, a change by hand that is healed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil
import pytest

from common.adapters.cluster.client import HttpCluster
from common.adapters.cluster.kubeconfig import load_kubeconfig
from common.core.errors import MooringsError
from common.core.keys import GroupVersionKind

APPLICATION = GroupVersionKind("argoproj.io", "v1alpha1", "Application")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
EXAMPLES = ("guestbook", "podinfo-production", "podinfo-staging", "web")

pytestmark = [pytest.mark.timeout(180), pytest.mark.requires("git")]


def free_port() -> int:
    """One that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Up:
    """One `moor up`."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("MOORINGS_")}
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "cli.main", "up", "-o", "json"),
                *("--data-dir", str(data_dir), "--port", str(free_port()), *options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.errors()
        self.ready: dict[str, Any] = orjson.loads(line)
        self.home = HttpCluster(load_kubeconfig(self.ready["kubeconfig"]))

    def errors(self) -> str:
        """What it says on stderr once it has ended."""
        return self.process.communicate(timeout=30)[1].decode()

    def app(self, name: str) -> dict[str, Any]:
        """An Application."""
        return self.home.get(APPLICATION, "argocd", name)

    def settled(self, name: str) -> bool:
        """Synced and healthy."""
        status = self.app(name).get("status") or {}
        return (status.get("sync") or {}).get("status") == "Synced" and (status.get("health") or {}).get(
            "status"
        ) == "Healthy"

    def parts(self) -> list[psutil.Process]:
        """Its children and theirs."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self) -> None:
        """As Ctrl-C does."""
        self.home.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=40)


def until(condition: Callable[[], Any], *, seconds: float = 30.0) -> Any:
    """Wait for a truthy answer; a refusal of the API server counts as none."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = condition()
        except MooringsError:
            found = None
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kept between the starts of this module."""
    return tmp_path_factory.mktemp("up")


@pytest.fixture
def up(data_dir: Path) -> Iterator[Up]:
    """A running one; each test's start goes on where the last one stopped."""
    running = Up(data_dir)
    try:
        yield running
    finally:
        running.stop()


def test_the_example_becomes_healthy_on_two_clusters(up: Up) -> None:
    """Plain YAML, a Kustomize overlay and a Helm chart; the ready line has what scripts need."""
    for name in EXAMPLES:
        until(lambda name=name: up.settled(name), seconds=60)
    assert set(up.ready) >= {
        *("url", "username", "password", "token", "kubeconfig", "redis_url"),
        *("repository_path", "repository_url", "metrics_urls"),
    }
    answer = httpx.get(
        f"{up.ready['url']}/api/v1/applications", headers={"Authorization": f"Bearer {up.ready['token']}"}
    )
    assert sorted(app["metadata"]["name"] for app in answer.json()["items"]) == list(EXAMPLES)
    for url in up.ready["metrics_urls"]:
        assert "moorings_" in httpx.get(url).text


def test_a_commit_is_live_and_a_deletion_is_healed(up: Up) -> None:
    """The repository's hook tells the server; the watch tells the engine: neither waits for a poll."""
    until(lambda: up.settled("guestbook"))
    repository = Path(up.ready["repository_path"])
    manifest = next(
        path for path in sorted((repository / "apps/guestbook").iterdir()) if "replicas:" in path.read_text()
    )
    lines = manifest.read_text().splitlines()
    manifest.write_text(
        "\n".join("  replicas: 5" if line.strip().startswith("replicas:") else line for line in lines) + "\n"
    )
    subprocess.run(
        ["git", "-C", str(repository), "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qam", "five"],
        check=True,
    )

    def deployment() -> dict[str, Any]:
        return up.home.list(DEPLOYMENT, "guestbook").items[0]

    until(lambda: deployment()["spec"]["replicas"] == 5, seconds=10)
    gone = deployment()["metadata"]
    up.home.delete(DEPLOYMENT, "guestbook", gone["name"])
    until(
        lambda: up.home.get(DEPLOYMENT, "guestbook", gone["name"])["metadata"]["uid"] != gone["uid"],
        seconds=5,
    )


def test_an_end_leaves_no_process_behind(data_dir: Path) -> None:
    """Neither a clean one nor a kill -9 of the supervisor."""
    for end in (signal.SIGTERM, signal.SIGKILL):
        running = Up(data_dir)
        parts = running.parts()
        assert len(parts) >= 4
        running.home.close()
        running.process.send_signal(end)
        running.process.communicate(timeout=40)
        _, alive = psutil.wait_procs(parts, timeout=20)
        assert alive == []


def test_a_second_one_on_the_same_data_is_refused(up: Up, data_dir: Path) -> None:
    """One sentence, exit code 1; the first one goes on."""
    second = subprocess.run(
        [sys.executable, "-m", "cli.main", "up", "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert f"moor up is running already on {data_dir} (process {up.process.pid})" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    """And nothing has been started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = subprocess.run(
            [sys.executable, "-m", "cli.main", "up", "--data-dir", str(tmp_path), "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert refused.returncode == 1
    assert f"port {port} on 127.0.0.1 is in use by another program" in refused.stderr


def test_the_end_of_a_part_ends_all_with_its_name(data_dir: Path) -> None:
    """Without its control process there is no running Moorings."""
    running = Up(data_dir)
    running.home.close()
    parts = running.parts()
    next(part for part in parts if part.cmdline()[-1] == "control").kill()
    assert "moor up: control was ended by SIGKILL" in running.errors()
    assert running.process.returncode == 1
    _, alive = psutil.wait_procs(parts, timeout=20)
    assert alive == []


def test_a_killed_worker_changes_nothing_in_the_outcome(up: Up) -> None:
    """Killed while everything is synced anew, it is started again and the fleet converges."""
    for name in EXAMPLES:
        until(lambda name=name: up.settled(name), seconds=60)
    before = {name: len(up.app(name)["status"]["history"]) for name in EXAMPLES}
    for name in EXAMPLES:
        up.home.patch(APPLICATION, "argocd", name, {"operation": {"sync": {"revision": "main"}}})
    next(part for part in up.parts() if part.cmdline()[-1] == "worker").kill()
    for name in EXAMPLES:
        until(lambda name=name: "operation" not in up.app(name) and up.settled(name), seconds=60)
        assert len(up.app(name)["status"]["history"]) == before[name] + 1
    assert [part for part in up.parts() if part.cmdline()[-1] == "worker"]


def test_down_stops_it(data_dir: Path) -> None:
    """And waits until it has ended."""
    running = Up(data_dir)
    running.home.close()
    subprocess.run(
        [sys.executable, "-m", "cli.main", "down", "--data-dir", str(data_dir)], check=True, timeout=60
    )
    running.process.communicate(timeout=5)
    assert running.process.returncode == 0
