"""`python -m sandbox` as a process: what it prints, what it keeps on disk, how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

MAPS = "/api/v1/namespaces/default/configmaps"
BOAT = {"apiVersion": "sea.dev/v1", "kind": "Boat", "spec": {"x": 1}}
KEEP_ALL = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


@contextmanager
def process(*options: str) -> Iterator[tuple[subprocess.Popen[bytes], list[dict[str, Any]]]]:
    """A running sandbox process and what it said of its clusters."""
    command = [sys.executable, "-m", "sandbox", "--plain-http", "-o", "json", *options]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None
    try:
        line = child.stdout.readline()
        yield child, json.loads(line)["clusters"]
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        child.stdout.close()


def api(cluster: dict[str, Any]) -> httpx.Client:
    """A client for one of the clusters."""
    headers = {"authorization": f"Bearer {cluster['token']}"}
    return httpx.Client(base_url=cluster["server"], headers=headers)


def config_map(name: str) -> dict[str, Any]:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def names(client: httpx.Client) -> list[str]:
    """The ConfigMaps there are."""
    return [item["metadata"]["name"] for item in client.get(MAPS).json()["items"]]


def test_it_ends_cleanly_when_told_to() -> None:
    """SIGTERM: exit code 0, also while a watch is open."""
    with process("--clusters", "2") as (child, clusters):
        assert [cluster["name"] for cluster in clusters] == ["sandbox", "sandbox-2"]
        with api(clusters[1]) as client, client.stream("GET", MAPS, params={"watch": "1"}) as watch:
            assert watch.status_code == 200
            child.send_signal(signal.SIGTERM)
            assert child.wait(timeout=10) == 0


def test_objects_survive_a_kill(tmp_path: Path) -> None:
    """kill -9 loses nothing that was answered: objects, uids, the token, custom kinds, versions."""
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "boats.sea.dev"},
        "spec": {
            "group": "sea.dev",
            "scope": "Namespaced",
            "names": {"kind": "Boat", "plural": "boats"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": KEEP_ALL},
                }
            ],
        },
    }
    boats = "/apis/sea.dev/v1/namespaces/default/boats"
    with process("--data-dir", str(tmp_path)) as (child, (cluster,)):
        with api(cluster) as client:
            for number in range(20):
                assert client.post(MAPS, json=config_map(f"m{number:02}")).status_code == 201
            assert client.delete(f"{MAPS}/m00").status_code == 200
            client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json=definition)
            boat = config_map("b") | BOAT
            assert client.post(boats, json=boat).status_code == 201
            before = client.get(f"{MAPS}/m01").json()
        child.send_signal(signal.SIGKILL)
        child.wait()
    with (tmp_path / "sandbox" / "log").open("ab") as log:
        log.write(b"+ /configmaps 99 {cut sho")
    with process("--data-dir", str(tmp_path)) as (_, (again,)), api(again) as client:
        assert again["token"] == cluster["token"]
        assert names(client) == [f"m{number:02}" for number in range(1, 20)]
        assert client.get(f"{MAPS}/m01").json() == before
        assert client.get(f"{boats}/b").json()["spec"] == {"x": 1}
        fresh = client.post(MAPS, json=config_map("new")).json()["metadata"]
        assert int(fresh["resourceVersion"]) > int(before["metadata"]["resourceVersion"])
        old = before["metadata"]["resourceVersion"]
        with client.stream("GET", MAPS, params={"watch": "1", "resourceVersion": old}) as watch:
            error = json.loads(next(watch.iter_lines()))
        assert error["object"]["code"] == 410


def test_ten_thousand_objects_are_back_quickly(tmp_path: Path) -> None:
    """Loading is reading: it takes about a second, not a write per object."""
    with process("--data-dir", str(tmp_path)) as (child, _):
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=10)
    line = (
        b'+ /configmaps %d {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m%05d",'
        b'"namespace":"default","uid":"u%d","resourceVersion":"%d"},"data":{"k":"%s"}}\n'
    )
    version = 10**15
    with (tmp_path / "sandbox" / "log").open("ab") as log:
        for number in range(10_000):
            log.write(line % (version + number, number, number, version + number, b"v" * 500))
    start = time.monotonic()
    with process("--data-dir", str(tmp_path)) as (_, (cluster,)), api(cluster) as client:
        ready_seconds = time.monotonic() - start
        start = time.monotonic()
        assert len(client.get(MAPS).content) > 5_000_000
        list_seconds = time.monotonic() - start
    assert ready_seconds < 5
    assert list_seconds < 0.5


def test_a_port_in_use_is_one_sentence() -> None:
    """No traceback; exit code 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "--port-base", str(port)],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == f"sandbox: port {port} on 127.0.0.1 is in use\n"


def test_kubeconfigs_are_for_their_owner_only(tmp_path: Path) -> None:
    """One file a cluster and one for all; mode 0600."""
    with process("--clusters", "2", "--kubeconfig-dir", str(tmp_path)) as (_, clusters):
        assert sorted(file.name for file in tmp_path.iterdir()) == [
            "all.yaml",
            "sandbox-2.yaml",
            "sandbox.yaml",
        ]
        assert all(Path(cluster["kubeconfig"]).stat().st_mode & 0o777 == 0o600 for cluster in clusters)


@pytest.mark.parametrize("option", ["--clusters=0", "--clusters=x"])
def test_bad_options_are_usage_errors(option: str) -> None:
    """Exit code 2."""
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", option], capture_output=True, timeout=20, check=False
    )
    assert done.returncode == 2
