"""Which server the commands talk to: by options, environment, a saved login, or a running `moor up`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec
import orjson

SERVER_VARIABLE = "MOORINGS_SERVER"
TOKEN_VARIABLE = "MOORINGS_TOKEN"  # noqa: S105 - a variable's name


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A server, and a way in."""

    server: str
    """`http(s)://host[:port]`, without a slash at its end."""
    token: str = ""
    insecure: bool = False
    """Do not verify its certificate."""
    username: str = ""
    password: str = ""
    """Only of a `moor up` on this machine, which keeps it in a file of its owner."""


class NoServer(click.ClickException):
    """Nothing says which server is meant."""


def config_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Where logins are kept: `$XDG_CONFIG_HOME/moorings/config.yaml`, below ~/.config by default."""
    base = environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "moorings" / "config.yaml"


def server_address(text: str, *, plaintext: bool = False) -> str:
    """A server's address with its scheme; without one, https, but http on this machine.

    Raises:
        BadParameter: it is no address.
    """
    if "://" not in text:
        host = urlsplit(f"//{text}").hostname or ""
        local = host == "localhost" or host.startswith("127.") or host == "::1"
        text = f"{'http' if plaintext or local else 'https'}://{text}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(f"{text!r} is no address of a server, such as https://moorings.example.com")
    return text.rstrip("/")


def saved(file: Path) -> dict[str, Any]:
    """What the file of logins says: `current`, and `servers` by address.

    Raises:
        ClickException: it cannot be read.
    """
    import yaml

    try:
        found = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        found = None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise click.ClickException(f"{file}: {' '.join(str(error).split())}") from error
    config = {"current": "", "servers": {}} if found is None else found
    if not isinstance(config, dict) or not isinstance(config.get("servers"), dict):
        raise click.ClickException(f"{file}: found no mapping with `servers`; remove it and log in again")
    return config


def save(file: Path, config: Mapping[str, Any]) -> None:
    """Write the file of logins, for its owner only, in one step. Raises OSError."""
    import yaml

    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = file.with_suffix(f".{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        yaml.safe_dump(dict(config), stream, sort_keys=True)
    beside.replace(file)


def running_up(data_dir: Path) -> Target | None:
    """A `moor up` that runs on this machine with a data directory; None when none does."""
    try:
        ready = orjson.loads((data_dir.expanduser() / "up.json").read_bytes())
        os.kill(int(ready["pid"]), 0)
        return Target(
            server=str(ready["url"]),
            token=str(ready["token"]),
            username=str(ready["username"]),
            password=str(ready["password"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not there, of another shape, or left by one that was killed


def target(
    *,
    server: str,
    token: str,
    insecure: bool,
    data_dir: Path,
    explicit_data_dir: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Target:
    """The server that is meant: options, then the environment, then a saved login, then a running `moor up`.

    A data directory that was named comes before a saved login.

    Raises:
        NoServer: nothing says which.
    """
    server = server or environ.get(SERVER_VARIABLE, "")
    token = token or environ.get(TOKEN_VARIABLE, "")
    here = running_up(data_dir)
    found = here if explicit_data_dir and not server else None
    found = found or _login(saved(config_file(environ)), server) or (here if not server else None)
    if server:
        address = server_address(server)
        found = found or (here if here and here.server == address else None) or Target(server=address)
    if found is None:
        raise NoServer(
            f"no server is known: log in with `moor login SERVER`, set {SERVER_VARIABLE} and"
            f" {TOKEN_VARIABLE}, or run `moor up`"
        )
    return msgspec.structs.replace(found, token=token or found.token, insecure=insecure or found.insecure)


def _login(config: Mapping[str, Any], server: str) -> Target | None:
    address = server_address(server) if server else str(config.get("current") or "")
    entry = config["servers"].get(address)
    if not isinstance(entry, dict):
        return None
    return Target(
        server=address,
        token=str(entry.get("token") or ""),
        insecure=bool(entry.get("insecure")),
        username=str(entry.get("username") or ""),
    )
