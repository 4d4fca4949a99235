"""What the git command is given: a built environment, and no secret in its arguments."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from common.adapters.git.addresses import parse
from common.adapters.git.command import CommandTransport
from common.adapters.git.deadline import Deadline
from common.adapters.git.environment import environment
from common.adapters.git.limits import GitLimits
from common.core.access import RepositoryAccess, Secret
from common.core.errors import RepositoryUnreachable, ToolMissing

SECRETS = ("pa55", "t0ken", "-KEY-", "-TLS-")
FULL = RepositoryAccess(
    url="https://host/x.git",
    username="ada",
    password=Secret("pa55"),
    ca_data="-CA-",
    tls_client_cert="-CERT-",
    tls_client_key=Secret("-TLS-"),
    proxy="http://proxy:3128",
    no_proxy="inside",
)
RECORDER = """#!{python}
import json, os, sys
seen = {{"argv": sys.argv, "env": dict(os.environ), "files": {{}}}}
for value in os.environ.values():
    for word in value.replace("=", " ").split():
        if word.startswith("/proc/"):
            seen["files"][word] = [open(word).read(), oct(os.stat(word).st_mode & 0o777)]
json.dump(seen, open({out!r}, "w"))
"""


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program named git that writes down what it is given."""
    out = tmp_path / "seen.json"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(RECORDER.format(python=sys.executable, out=str(out)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("GIT_SSH_COMMAND", "evil")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-worker")
    return out


def run(access: RepositoryAccess, folder: Path) -> dict[str, object]:
    """List the refs with the recorder."""
    home = folder / "home"
    home.mkdir()
    transport = CommandTransport(home, GitLimits())
    transport.ls_remote(access, parse(access.url, allow_local=False), Deadline("x", 20))
    seen: dict[str, object] = json.loads((folder / "seen.json").read_text())
    return seen


def test_https_secrets_are_in_no_argument(recorded: Path, tmp_path: Path) -> None:
    """Passwords go by askpass, keys by files that exist in memory only, mode 0600."""
    seen = run(FULL, tmp_path)
    arguments = " ".join(seen["argv"])  # type: ignore[arg-type]
    assert not any(secret in arguments for secret in SECRETS)
    files = seen["files"]
    assert isinstance(files, dict)
    assert sorted(files.values()) == [["-CA-\n", "0o600"], ["-CERT-\n", "0o600"], ["-TLS-\n", "0o600"]]
    env = seen["env"]
    assert isinstance(env, dict)
    assert env["https_proxy"] == "http://proxy:3128"
    assert (env["GIT_TERMINAL_PROMPT"], env["GIT_CONFIG_NOSYSTEM"], env["GIT_CONFIG_GLOBAL"]) == (
        "0",
        "1",
        os.devnull,
    )
    assert "AWS_SECRET_ACCESS_KEY" not in env
    assert "GIT_SSH_COMMAND" not in env


def test_a_token_is_sent_to_its_address_only(recorded: Path, tmp_path: Path) -> None:
    """As a header that is configured for the address, by environment, with redirects off."""
    seen = run(RepositoryAccess(url="https://host/x.git", bearer_token=Secret("t0ken")), tmp_path)
    env = seen["env"]
    assert isinstance(env, dict)
    config = {
        env[f"GIT_CONFIG_KEY_{n}"]: env[f"GIT_CONFIG_VALUE_{n}"] for n in range(int(env["GIT_CONFIG_COUNT"]))
    }
    assert config["http.https://host/x.git.extraHeader"] == "Authorization: Bearer t0ken"
    assert config["http.followRedirects"] == "false"
    assert config["core.hooksPath"] == os.devnull
    assert "t0ken" not in " ".join(seen["argv"])  # type: ignore[arg-type]


def test_ssh_gets_its_key_and_hosts_from_memory(recorded: Path, tmp_path: Path) -> None:
    """And nothing of the machine's own configuration, agent or keys."""
    access = RepositoryAccess(
        url="git@host:x", ssh_private_key=Secret("-KEY-"), known_hosts="host ssh-ed25519 AAAA"
    )
    seen = run(access, tmp_path)
    files, env = seen["files"], seen["env"]
    assert isinstance(files, dict)
    assert isinstance(env, dict)
    assert sorted(files.values()) == [["-KEY-\n", "0o600"], ["host ssh-ed25519 AAAA\n", "0o600"]]
    assert "-KEY-" not in env["GIT_SSH_COMMAND"]
    for option in ("-F /dev/null", "StrictHostKeyChecking=yes", "IdentityAgent=none", "BatchMode=yes"):
        assert option in env["GIT_SSH_COMMAND"]


def test_files_of_secrets_are_gone_afterwards(tmp_path: Path) -> None:
    """Nobody finds them by their path when the request is over."""
    with environment(FULL, parse(FULL.url, allow_local=False), GitLimits(), tmp_path) as env:
        paths = [value for value in env.values() if value.startswith("/proc/")]
        assert len(paths) == 3
        assert all(Path(path).exists() for path in paths)
    assert not any(Path(path).exists() for path in paths)


def test_no_git_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ToolMissing, and not a stack trace of subprocess."""
    monkeypatch.setenv("PATH", str(tmp_path))
    transport = CommandTransport(tmp_path, GitLimits())
    with pytest.raises(ToolMissing):
        transport.ls_remote(FULL, parse(FULL.url, allow_local=False), Deadline("x", 5))


def test_a_git_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it started: the whole session goes."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n/bin/sleep 60 & echo $! > {tmp_path}/child\nwait\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    transport = CommandTransport(tmp_path, GitLimits())
    with pytest.raises(RepositoryUnreachable):
        transport.ls_remote(FULL, parse(FULL.url, allow_local=False), Deadline("x", 0.5))
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    assert not child.exists() or child.read_text().split()[2] == "Z"
