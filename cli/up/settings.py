"""What `moor up` was asked for, and where it keeps things."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

import msgspec
import orjson


class UpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The command's options."""

    data_dir: Path
    clusters: int = 2
    kubeconfig: Path | None = None
    """An existing cluster instead of sandboxes."""
    context: str = ""
    namespace: str = "argocd"
    redis_url: str = ""
    """An existing Redis instead of the embedded Valkey."""
    example: bool = True
    workers: int = 1
    concurrency: int = 8
    """Threads of each worker."""
    host: str = "127.0.0.1"
    port: int = 8080
    verbose: bool = False

    @property
    def logs(self) -> Path:
        """One file for each part."""
        return self.data_dir / "logs"

    @property
    def kubeconfigs(self) -> Path:
        """Where the sandbox writes its kubeconfig files."""
        return self.data_dir / "kubeconfig"

    @property
    def repository(self) -> Path:
        """The example's working copy, that the user edits."""
        return self.data_dir / "example"

    @property
    def ready_file(self) -> Path:
        """What `-o json` prints, for other commands on this machine; only while it runs."""
        return self.data_dir / "up.json"


class PortInUse(Exception):
    """Somebody else listens there; the message is the sentence to show."""


def require_free(host: str, port: int) -> None:
    """Refuse a port that somebody else has.

    Raises:
        PortInUse: it is taken.
    """
    if not is_free(host, port):
        raise PortInUse(f"port {port} on {host} is in use by another program; choose another with --port")


def is_free(host: str, port: int) -> bool:
    """Whether we could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def remembered_ports(path: Path, names: tuple[str, ...], *, sandboxes: int) -> dict[str, int]:
    """A port for each name, the same at every start as long as it is free; `sandbox` begins a row of them.

    Kubeconfig files, Git remotes and Prometheus configurations that people copied keep working.
    """
    try:
        known: dict[str, int] = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        known = {}
    ports = {name: known[name] for name in names if name in known and is_free("127.0.0.1", known[name])}
    held = []
    for name in names:
        if name not in ports:
            probe = socket.socket()
            probe.bind(("127.0.0.1", 0))
            held.append(probe)  # all stay open until all are chosen: no port is given twice
            ports[name] = probe.getsockname()[1]
    ports["sandbox"] = _row(known.get("sandbox", 0), sandboxes)
    for probe in held:
        probe.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps({**known, **ports}))
    return ports


def _row(known: int, length: int) -> int:
    """The first of several free ports in a row."""
    if known and all(is_free("127.0.0.1", known + place) for place in range(length)):
        return known
    for first in range(20_000 + secrets.randbelow(10_000), 60_000, length):
        if all(is_free("127.0.0.1", first + place) for place in range(length)):
            return first
    raise PortInUse(f"there are no {length} free ports in a row on 127.0.0.1")
