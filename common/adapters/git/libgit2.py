"""Requests by libgit2: http and https, basic or bearer authentication. It waits without the GIL."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pygit2
from pygit2.enums import ConfigLevel, CredentialType, RepositoryOpenFlag

from common.adapters.git.addresses import Address, shown
from common.adapters.git.deadline import Deadline
from common.adapters.git.faults import translate
from common.adapters.git.limits import GitLimits
from common.adapters.git.locks import held
from common.core.access import RepositoryAccess
from common.core.errors import GitError, RefNotFound, RepositoryAuthFailed, RepositoryTooLarge
from common.core.keys import Revision
from common.ports import RemoteRefs

WHOLE_HISTORY = 0x7FFFFFFF
"""As a depth: everything, also where the mirror was shallow (Git's own constant)."""

TOKEN_USER = "x-access-token"  # noqa: S105 - a user name
"""The user name sent with a password that has none, as Argo CD does; hosts of tokens ignore it."""

_FAILURES = (pygit2.GitError, KeyError, ValueError, TypeError, OSError)


def configure(limits: GitLimits) -> None:
    """Set what libgit2 keeps for the whole process: timeouts, and no configuration files of the machine."""
    pygit2.settings.server_connect_timeout = round(limits.connect_timeout_seconds * 1000)
    pygit2.settings.server_timeout = round(limits.silence_timeout_seconds * 1000)
    for level in (ConfigLevel.PROGRAMDATA, ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL):
        pygit2.settings.search_path[level] = ""


def open_bare(path: Path) -> pygit2.Repository:
    """Open exactly this bare repository; pygit2.GitError when it is none."""
    return pygit2.Repository(str(path), RepositoryOpenFlag.BARE | RepositoryOpenFlag.NO_SEARCH)


def credentials_of(repo: RepositoryAccess, address: Address) -> tuple[str, str] | None:
    """User and password; the Secret's go before those in the address. None when there is no password."""
    password = repo.password.reveal() if repo.password else address.password
    if not password:
        return None
    return (repo.username or address.username or TOKEN_USER), password


def authorization_header(repo: RepositoryAccess, address: Address) -> str:
    """The header that is sent without being asked for; empty for none."""
    if repo.bearer_token:
        return f"Authorization: Bearer {repo.bearer_token.reveal()}"
    found = credentials_of(repo, address)
    if found is None or not repo.force_basic_auth:
        return ""
    return "Authorization: Basic " + base64.b64encode(":".join(found).encode()).decode()


class _Callbacks(pygit2.RemoteCallbacks):
    """Answers libgit2's questions about one request."""

    def __init__(
        self, repo: RepositoryAccess, address: Address, deadline: Deadline, max_bytes: int = 0
    ) -> None:
        super().__init__()
        self._access = repo
        self._address = address
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._asked = False

    def credentials(
        self,
        url: str,
        username_from_url: str | None,  # noqa: ARG002 - libgit2 has more to say than we need
        allowed_types: CredentialType,
    ) -> pygit2.UserPass:
        """Called again when what it gave was refused."""
        found = credentials_of(self._access, self._address)
        if urlsplit(url)[:2] != urlsplit(self._address.url)[:2]:
            raise RepositoryAuthFailed(
                f"{shown(self._access.url)}: redirected to {shown(url)}, which gets no credentials"
            )
        if self._asked or found is None or not allowed_types & CredentialType.USERPASS_PLAINTEXT:
            verb = (
                "refused the credentials" if self._asked or self._access.bearer_token else "wants credentials"
            )
            raise RepositoryAuthFailed(f"{shown(self._access.url)}: the repository {verb}")
        self._asked = True
        return pygit2.UserPass(*found)

    def certificate_check(self, certificate: None, valid: bool, host: bytes) -> bool:  # noqa: ARG002
        """Trust what OpenSSL trusts, or everything if told so."""
        return valid or self._access.insecure

    def custom_headers(self) -> list[str] | None:
        """Authentication that needs no challenge."""
        header = authorization_header(self._access, self._address)
        return [header] if header else None

    def sideband_progress(self, string: str) -> None:  # noqa: ARG002
        """The server is busy: still only for so long."""
        self._deadline.remaining()

    def transfer_progress(self, stats: pygit2.remotes.TransferProgress) -> None:
        """Stop what takes too long or is too large."""
        self._deadline.remaining()
        if self._max_bytes and stats.received_bytes > self._max_bytes:
            raise RepositoryTooLarge(
                f"{shown(self._access.url)}: the fetch brings more than {self._max_bytes} bytes"
            )


class Libgit2Transport:
    """ls-remote and fetch in this process."""

    def __init__(self, scratch: Path, limits: GitLimits) -> None:
        """`scratch` is a directory of ours, for the two repositories that ls-remote is asked from."""
        self._scratch, self._strict = scratch / "following", scratch / "strict"
        scratch.mkdir(exist_ok=True)
        with held(scratch / "lock"):
            for place in (self._scratch, self._strict):
                _make_scratch(place, follow=place == self._scratch)
        self._limits = limits

    def ls_remote(self, repo: RepositoryAccess, address: Address, deadline: Deadline) -> RemoteRefs:
        """The server's refs."""
        callbacks = _Callbacks(repo, address, deadline)
        try:
            strict = bool(authorization_header(repo, address))
            remote = open_bare(self._strict if strict else self._scratch).remotes.create_anonymous(
                address.url
            )
            heads = remote.list_heads(callbacks=callbacks)
        except GitError:
            raise
        except _FAILURES as error:
            raise translate(repo, str(error)) from None
        named = {h.name: (str(h.oid), h.symref_target or "") for h in heads if h.name}
        return refs_from({name: oid for name, (oid, _) in named.items()}, named.get("HEAD", ("", ""))[1])

    def fetch(
        self,
        mirror: Path,
        repo: RepositoryAccess,
        address: Address,
        refspecs: list[str],
        *,
        depth: int,
        deadline: Deadline,
        lock: int,  # noqa: ARG002 - this process holds it
    ) -> None:
        """Bring refs into the mirror. Raises RefNotFound for a name that is not there (libgit2 is silent)."""
        callbacks = _Callbacks(repo, address, deadline, self._limits.max_fetch_bytes)
        try:
            store = open_bare(mirror)
            _follow_redirects(store, follow=not authorization_header(repo, address))
            remote = store.remotes.create_anonymous(address.url)
            remote.fetch(refspecs, callbacks=callbacks, depth=0 if address.scheme == "file" else depth)
            store.free()
        except GitError:
            raise
        except _FAILURES as error:
            raise translate(repo, str(error)) from None
        for spec in refspecs:
            source, _, target = spec.lstrip("+").partition(":")
            if "*" not in source and not (mirror / target).is_file():
                raise RefNotFound(f"{shown(repo.url)}: no ref {source}")


def _make_scratch(place: Path, *, follow: bool) -> None:
    """An empty repository that requests are made from; again when a kill left half of one."""
    try:
        repository = open_bare(place)
        if "http.followRedirects" in repository.config:
            return
    except pygit2.GitError:
        shutil.rmtree(place, ignore_errors=True)
        repository = pygit2.init_repository(str(place), bare=True)
    _follow_redirects(repository, follow=follow)


def _follow_redirects(repository: pygit2.Repository, *, follow: bool) -> None:
    """libgit2 sends a header of ours wherever a server redirects it to: then redirects are not followed."""
    wanted = "initial" if follow else "false"
    config = repository.config
    if "http.followRedirects" not in config or config["http.followRedirects"] != wanted:
        config["http.followRedirects"] = wanted


def refs_from(listed: dict[str, str], head: str) -> RemoteRefs:
    """Full names to commits: an annotated tag's peeled line (`^{}`) goes before the tag object."""
    refs = {
        name: Revision(oid) for name, oid in listed.items() if name != "HEAD" and not name.endswith("^{}")
    }
    for name, oid in listed.items():
        if name.endswith("^{}"):
            refs[name.removesuffix("^{}")] = Revision(oid)
    revision = Revision(listed["HEAD"]) if "HEAD" in listed else None
    return RemoteRefs(refs=dict(sorted(refs.items())), head=head, head_revision=revision)
