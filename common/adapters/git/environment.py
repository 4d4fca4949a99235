"""The environment of the git command: built from nothing, so that nothing of the machine's own counts."""

from __future__ import annotations

import contextlib
import math
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from common.adapters.git.addresses import Address
from common.adapters.git.handed import handed
from common.adapters.git.libgit2 import authorization_header, credentials_of
from common.adapters.git.limits import GitLimits
from common.core.access import RepositoryAccess

ASKPASS = """#!/bin/sh
# Answers git's questions for the one server that the credentials are for.
case "$1" in
  *"'$MOORINGS_GIT_SCHEME://$MOORINGS_GIT_HOST'"*) ;;
  *"'$MOORINGS_GIT_SCHEME://"*"@$MOORINGS_GIT_HOST'"*) ;;
  *) exit 1 ;;
esac
case "$1" in
  Username*) printf '%s\\n' "$MOORINGS_GIT_USERNAME" ;;
  *) printf '%s\\n' "$MOORINGS_GIT_PASSWORD" ;;
esac
"""


@contextlib.contextmanager
def environment(
    repo: RepositoryAccess, address: Address, limits: GitLimits, home: Path
) -> Iterator[dict[str, str]]:
    """The variables for one request; the files that they name exist while the context is open."""
    with contextlib.ExitStack() as stack:
        config = dict(_settings(limits))
        built = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "/bin/false",
            "GIT_ALLOW_PROTOCOL": "file" if address.scheme == "file" else "https:http:ssh",
            "GIT_NO_LAZY_FETCH": "1",
        }
        if address.scheme == "ssh":
            built["GIT_SSH_COMMAND"] = _ssh_command(repo, limits, stack)
            built["GIT_SSH_VARIANT"] = "ssh"
        elif address.scheme in {"https", "http"}:
            built |= _http_variables(repo, address, home)
            config |= _http_settings(repo, address, stack)
        yield built | _as_variables(config)


def _settings(limits: GitLimits) -> dict[str, str]:
    return {
        "core.hooksPath": os.devnull,
        "credential.helper": "",
        "fetch.unpackLimit": "1",  # keep packs: the mirror has no loose objects
        "gc.auto": "0",
        "http.lowSpeedLimit": "1",
        "http.lowSpeedTime": str(math.ceil(limits.silence_timeout_seconds)),
        "maintenance.auto": "false",
        "protocol.version": "2",
        "safe.directory": "*",  # the mirrors are ours, whoever's user id made them
        "submodule.recurse": "false",
    }


def _as_variables(config: dict[str, str]) -> dict[str, str]:
    made = {"GIT_CONFIG_COUNT": str(len(config))}
    for number, (key, value) in enumerate(config.items()):
        made[f"GIT_CONFIG_KEY_{number}"] = key
        made[f"GIT_CONFIG_VALUE_{number}"] = value
    return made


def _http_variables(repo: RepositoryAccess, address: Address, home: Path) -> dict[str, str]:
    built = {}
    found = credentials_of(repo, address)
    if found is not None:
        built["GIT_ASKPASS"] = str(home / "askpass")
        built["MOORINGS_GIT_USERNAME"], built["MOORINGS_GIT_PASSWORD"] = found
        built["MOORINGS_GIT_SCHEME"], built["MOORINGS_GIT_HOST"] = urlsplit(address.url)[:2]
    if repo.proxy:
        built |= {"http_proxy": repo.proxy, "https_proxy": repo.proxy, "no_proxy": repo.no_proxy}
    return built


def _http_settings(repo: RepositoryAccess, address: Address, stack: contextlib.ExitStack) -> dict[str, str]:
    config = {}
    header = authorization_header(repo, address)
    if header:
        config[f"http.{address.url}.extraHeader"] = header
        config["http.followRedirects"] = "false"  # the header would go wherever the server points
    if repo.insecure:
        config["http.sslVerify"] = "false"
    if repo.ca_data:
        config["http.sslCAInfo"] = stack.enter_context(handed(repo.ca_data))
    if repo.tls_client_cert and repo.tls_client_key:
        config["http.sslCert"] = stack.enter_context(handed(repo.tls_client_cert))
        config["http.sslKey"] = stack.enter_context(handed(repo.tls_client_key.reveal()))
    return config


def _ssh_command(repo: RepositoryAccess, limits: GitLimits, stack: contextlib.ExitStack) -> str:
    alive = max(1, math.ceil(limits.silence_timeout_seconds / 3))
    options = {
        "BatchMode": "yes",
        "ClearAllForwardings": "yes",
        "ConnectTimeout": str(max(1, math.ceil(limits.connect_timeout_seconds))),
        "GlobalKnownHostsFile": os.devnull,
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "LogLevel": "ERROR",
        "ServerAliveCountMax": "3",
        "ServerAliveInterval": str(alive),
        "StrictHostKeyChecking": "no" if repo.insecure else "yes",
        "UpdateHostKeys": "no",
        "UserKnownHostsFile": os.devnull,
        "IdentityFile": "none",
    }
    if repo.known_hosts and not repo.insecure:
        options["UserKnownHostsFile"] = stack.enter_context(handed(repo.known_hosts))
    if repo.ssh_private_key:
        options["IdentityFile"] = stack.enter_context(handed(repo.ssh_private_key.reveal()))
    words = ["ssh", "-F", os.devnull]
    for name, value in options.items():
        words += ["-o", f"{name}={value}"]
    return shlex.join(words)
