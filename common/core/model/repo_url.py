"""Different spellings of a repository's address that mean the same repository."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

_SCP = re.compile(r"(?:(?P<user>[^@/:\s]+)@)?(?P<host>\[[^\]]+\]|[^/:@\s]+):(?!//)(?P<path>.*)")
_DEFAULT_PORTS = {"ssh": 22, "http": 80, "https": 443, "git": 9418}


def normalise_repo_url(url: str) -> str:
    """One spelling for all that name the same repository, to compare and to index by; not to connect to.

    The scheme's and host's case, a trailing `/` and `.git`, a scheme's own port, credentials in an http(s)
    address, and `git@host:path` for `ssh://git@host/path` make no difference. The path's case is kept, for
    there are servers where it counts. What is no address is given back without the spaces around it.
    """
    text = url.strip()
    if "://" not in text:
        scp = _SCP.fullmatch(text)
        if scp is None:
            return _trimmed(text)
        user = f"{scp['user']}@" if scp["user"] else ""
        text = f"ssh://{user}{scp['host']}/{scp['path'].lstrip('/')}"
    try:
        parts = urlsplit(text)
        host = _host(parts)
    except ValueError:
        return _trimmed(text)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme.lower()}://{host}{_trimmed(parts.path)}{query}"


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    scheme = parts.scheme.lower()
    if parts.port is not None and parts.port != _DEFAULT_PORTS.get(scheme):
        host = f"{host}:{parts.port}"
    keeps_user = parts.username and scheme not in ("http", "https")
    return f"{parts.username}@{host}" if keeps_user else host


def _trimmed(path: str) -> str:
    shorter = path.strip().rstrip("/").removesuffix(".git")
    return path if shorter == path else _trimmed(shorter)


def is_below(url: str, prefix: str) -> bool:
    """Whether an address starts with another, both normalised: how `repo-creds` templates are matched.

    Letter case makes no difference, and a path may end anywhere (`https://host/team` is a prefix of
    `https://host/team-b/x`), as in Argo CD; a host may not, for credentials of `https://host` are none of
    `https://host.elsewhere`'s business.
    """
    url, prefix = url.lower(), prefix.lower()
    if not prefix or not url.startswith(prefix):
        return False
    rest = url[len(prefix) :]
    return "/" in prefix.partition("://")[2] or not rest or rest.startswith("/")
