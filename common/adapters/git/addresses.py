"""Repository addresses: what we speak, how a mirror is named, and how an address is shown without secrets."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec

from common.core.access import RepositoryAccess
from common.core.errors import UnsupportedRepository

_SCP = re.compile(r"^(?:(?P<user>[^@/\s:]+)@)?(?P<host>[^:/\s]+):(?P<path>[^:\s][^\s]*)$")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A repository's address, taken apart. `url` has no password in it."""

    scheme: str
    """https, http, ssh or file."""
    url: str
    host: str = ""
    username: str = ""
    """As the address has it."""
    password: str = ""

    def __repr__(self) -> str:
        return f"Address({self.url})"


def parse(url: str, *, allow_local: bool) -> Address:
    """Take an address apart.

    Raises:
        UnsupportedRepository: another scheme, control characters, or a local path where none may be.
    """
    text = url.strip()
    if not text or any(c.isspace() or not c.isprintable() for c in text) or text.startswith("-"):
        raise _unsupported(text)
    if "://" not in text:
        scp = _SCP.match(text)
        if scp is not None and not scp["host"].startswith("-"):
            user = scp["user"] or "git"
            return Address(
                scheme="ssh", url=f"{user}@{scp['host']}:{scp['path']}", host=scp["host"], username=user
            )
        return _local(text, text, allow_local=allow_local)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _unsupported(text) from error
    scheme = parts.scheme.lower().removeprefix("git+")
    if scheme == "file":
        return _local(text, parts.path, allow_local=allow_local)
    if scheme not in {"https", "http", "ssh"} or not host or host.startswith("-"):
        raise _unsupported(text)
    shown_host = f"[{host}]" if ":" in host else host
    netloc = shown_host + (f":{port}" if port else "")
    user = parts.username or ("git" if scheme == "ssh" else "")
    if scheme == "ssh":
        netloc = f"{user}@{netloc}"
    clean = urlunsplit((scheme, netloc, parts.path, parts.query, ""))
    return Address(scheme=scheme, url=clean, host=host, username=user, password=parts.password or "")


def _local(text: str, path: str, *, allow_local: bool) -> Address:
    if not allow_local or not path.startswith("/"):
        raise _unsupported(text)
    return Address(scheme="file", url=str(Path(path)))


def _unsupported(text: str) -> UnsupportedRepository:
    return UnsupportedRepository(
        "repository",
        "url",
        found=shown(text),
        expected="https://host/path, http://host/path, ssh://user@host/path or user@host:path",
    )


def shown(url: str) -> str:
    """The address for messages and logs: without user and password."""
    return re.sub(r"//[^/@\s]*@", "//", re.sub(r"^[^@/\s:]*:[^@/\s]*@", "", url))


def mirror_name(repo: RepositoryAccess) -> str:
    """The directory of a repository's mirror: one for each address, however it is spelled.

    Repositories that belong to one project, and those read without credentials, have mirrors of their own:
    what one project's credentials brought in is no other's to read.
    """
    text = shown(repo.url.strip()).rstrip("/")
    scheme, separator, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    if separator:
        text = f"{scheme.lower()}://{host.lower()}{slash}{path}"
    text = text.removesuffix(".git")
    anonymous = not (repo.password or repo.bearer_token or repo.ssh_private_key or repo.tls_client_key)
    key = "\0".join([text, repo.project, "anonymous" if anonymous else ""])
    return hashlib.sha256(key.encode()).hexdigest()[:32]
