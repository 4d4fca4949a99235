"""SSH with a real sshd on loopback: ephemeral keys, host keys that are known, unknown, and wrong."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from common.adapters.git import GitLimits, GitMirrors
from common.core.access import RepositoryAccess, Secret
from common.core.errors import (
    RepositoryAuthFailed,
    RepositoryNotFound,
    RepositoryUnreachable,
    RepositoryUntrusted,
)
from tests.git_fixtures import HostedRepository

pytestmark = pytest.mark.requires("git", "sshd", "ssh", "ssh-keygen")


@dataclass
class SshHost:
    """A server, a key that it accepts, and its host key as a known_hosts line."""

    port: int
    root: Path
    key: str
    known_hosts: str

    def url(self, name: str = "repo") -> str:
        """The address of a repository."""
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{self.root}/{name}.git"


def keygen(path: Path) -> str:
    """Make a key pair; the public key."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path.with_suffix(".pub").read_text().rsplit(" ", 1)[0]


@pytest.fixture
def ssh_host(tmp_path: Path) -> Iterator[SshHost]:
    """sshd with its own configuration, on a free port."""
    host_key = keygen(tmp_path / "host")
    user_key = keygen(tmp_path / "user")
    (tmp_path / "authorized").write_text(f"{user_key}\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": tmp_path / "host",
        "AuthorizedKeysFile": tmp_path / "authorized",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "yes",
    }
    config = tmp_path / "sshd_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    sshd = shutil.which("sshd")
    assert sshd is not None
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with (tmp_path / "sshd.log").open("w") as log:
        process = subprocess.Popen([sshd, "-D", "-e", "-f", str(config)], stderr=log)
    try:
        _wait_for(port, process)
        known = f"[127.0.0.1]:{port} {host_key}\n"
        yield SshHost(port, tmp_path, (tmp_path / "user").read_text(), known)
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("sshd does not listen")


@pytest.fixture
def reader(tmp_path: Path) -> GitMirrors:
    """A reader with short limits."""
    return GitMirrors(tmp_path / "cache", GitLimits(silence_timeout_seconds=3, connect_timeout_seconds=2))


def test_a_key_from_memory_and_a_known_host(reader: GitMirrors, ssh_host: SshHost, tmp_path: Path) -> None:
    """Refs, a shallow fetch, an older commit by its id; the key is never on disk in our directories."""
    repository = HostedRepository(tmp_path / "repo.git")
    first = repository.commit({"a": "1"})
    second = repository.commit({"a": "2"})
    access = RepositoryAccess(
        url=ssh_host.url(), ssh_private_key=Secret(ssh_host.key), known_hosts=ssh_host.known_hosts
    )
    found = reader.ls_remote(access)
    assert (found.head, found.head_revision) == ("refs/heads/main", second)
    for revision, content in ((second, b"2"), (first, b"1")):
        reader.fetch(access, revision, ref="refs/heads/main")
        assert reader.read_file(access, revision, "a") == content
    written = [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    assert not any(b"PRIVATE KEY" in p.read_bytes() for p in written)
    with pytest.raises(RepositoryNotFound):
        reader.ls_remote(
            RepositoryAccess(
                url=ssh_host.url("no"), ssh_private_key=Secret(ssh_host.key), known_hosts=ssh_host.known_hosts
            )
        )


def test_a_host_that_is_not_known(reader: GitMirrors, ssh_host: SshHost, tmp_path: Path) -> None:
    """No known_hosts, or another key in it: untrusted. Told to ignore it: read all the same."""
    revision = HostedRepository(tmp_path / "repo.git").commit({"a": "1"})
    wrong = f"[127.0.0.1]:{ssh_host.port} {keygen(tmp_path / 'wrong')}\n"
    key = Secret(ssh_host.key)
    for known in ("", wrong):
        with pytest.raises(RepositoryUntrusted):
            reader.ls_remote(RepositoryAccess(url=ssh_host.url(), ssh_private_key=key, known_hosts=known))
    careless = RepositoryAccess(url=ssh_host.url(), ssh_private_key=key, known_hosts=wrong, insecure=True)
    assert reader.ls_remote(careless).head_revision == revision


def test_a_key_that_the_server_does_not_know(reader: GitMirrors, ssh_host: SshHost, tmp_path: Path) -> None:
    """Another key, none, and what is no key at all: the credentials are refused."""
    keygen(tmp_path / "stranger")
    for key in (Secret((tmp_path / "stranger").read_text()), None, Secret("no key")):
        access = RepositoryAccess(url=ssh_host.url(), ssh_private_key=key, known_hosts=ssh_host.known_hosts)
        with pytest.raises(RepositoryAuthFailed) as caught:
            reader.ls_remote(access)
        assert "PRIVATE KEY" not in str(caught.value)


def test_nobody_listens(reader: GitMirrors) -> None:
    """Connection refused may be tried again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(RepositoryUnreachable):
        reader.ls_remote(RepositoryAccess(url=f"ssh://git@127.0.0.1:{port}/x.git", insecure=True))
