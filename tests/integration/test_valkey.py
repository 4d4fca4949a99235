"""The embedded Valkey starts, refuses clearly, and ends without a trace."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from common.adapters.redis.connection import connect
from common.adapters.valkey import EmbeddedValkey
from common.core.errors import StoreUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder; no server of it stays."""
    yield tmp_path / "valkey"
    for process in psutil.process_iter(["cmdline"]):
        assert str(tmp_path) not in " ".join(process.info["cmdline"] or [])


def config(client: redis.Redis, name: str) -> str:
    """One of its settings."""
    return str(client.config_get(name)[name])


def test_settings(folder: Path) -> None:
    """Loopback only, quiet when idle, never evicting, keeping nothing on disk."""
    server = EmbeddedValkey(folder)
    server.start()
    client = connect(server.url)
    try:
        assert [config(client, name) for name in ("hz", "maxmemory-policy")] == ["1", "noeviction"]
        assert [config(client, name) for name in ("bind", "save", "appendonly")] == ["127.0.0.1", "", "no"]
    finally:
        client.close()
        server.stop()
    assert server.pid is None


def test_unix_socket_opens_no_port(folder: Path) -> None:
    """And our client speaks over it."""
    server = EmbeddedValkey(folder, unix_socket=True)
    server.start()
    client = connect(server.url)
    try:
        assert server.url.startswith("unix://")
        assert client.ping()
        assert psutil.Process(server.pid).net_connections("inet") == []
    finally:
        client.close()
        server.stop()
    assert not (folder / "valkey.sock").exists()


def test_persistent_keeps_its_data(folder: Path) -> None:
    """Over a clean stop and over a crash."""
    server = EmbeddedValkey(folder, persistent=True)
    for expected, end in ((None, server.stop), (b"1", server.stop), (b"1", server.kill)):
        server.start()
        client = connect(server.url)
        assert client.get("kept") == expected
        client.set("kept", 1)
        client.close()
        end()


def test_address_stays_over_a_restart(folder: Path) -> None:
    """Clients connect again to where it was."""
    server = EmbeddedValkey(folder)
    server.start()
    url = server.url
    server.kill()
    server.start()
    assert server.url == url
    server.stop()
    server.stop()


def test_port_in_use(folder: Path) -> None:
    """One clear sentence."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StoreUnavailable, match=f"port {port} on 127.0.0.1 is in use"):
            EmbeddedValkey(folder, port=port).start()


def test_second_server_in_a_folder(folder: Path) -> None:
    """It is refused, by the pid of the first; a stale pid file is not."""
    first = EmbeddedValkey(folder)
    first.start()
    try:
        with pytest.raises(StoreUnavailable, match=f"pid {first.pid}"):
            EmbeddedValkey(folder).start()
    finally:
        first.stop()
    (folder / "valkey.pid").write_text(str(os.getpid()))
    second = EmbeddedValkey(folder)
    second.start()
    second.stop()


def test_broken_start_says_why(folder: Path) -> None:
    """The last line of its log is in the error, and no process stays."""
    folder.mkdir()
    (folder / "appendonlydir").write_text("a file where its folder should be")
    with pytest.raises(StoreUnavailable, match=r"Valkey did not start: .*appendonlydir"):
        EmbeddedValkey(folder, persistent=True).start()


def test_ctrl_c_is_not_for_it(folder: Path) -> None:
    """It is in a session of its own: the supervisor ends it, in its order."""
    server = EmbeddedValkey(folder)
    server.start()
    try:
        assert server.pid is not None
        assert os.getsid(server.pid) != os.getsid(0)
        os.kill(server.pid, signal.SIGSTOP)
        server.stop(timeout_seconds=0.2)
    finally:
        server.stop()
