"""GitReader on mirrors: which transport asks, what is fetched, and where it is read from."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import pygit2

from common.adapters.git import layout, trees
from common.adapters.git.addresses import Address, mirror_name, parse, shown
from common.adapters.git.command import CommandTransport
from common.adapters.git.deadline import Abandoned, Deadline, bounded
from common.adapters.git.exports import Exports, Laid
from common.adapters.git.libgit2 import WHOLE_HISTORY, Libgit2Transport, configure
from common.adapters.git.limits import GitLimits
from common.adapters.git.mirror import COMMITS, INCOMING, TAGS, Mirror
from common.adapters.git.repack import repack_if_needed
from common.core.access import RepositoryAccess
from common.core.errors import (
    CommitMissing,
    GitError,
    PathNotFound,
    RefNotFound,
    RepositoryUnreachable,
    StoreError,
)
from common.core.keys import Revision
from common.ports import CommitMetadata, RemoteRefs, TreeFile

T = TypeVar("T")
Observer = Callable[[str, float, str], None]
"""Told of each request over the network: operation, seconds, `ok` or the error's type."""


class Collected(msgspec.Struct, frozen=True):
    """What a collection removed."""

    trees: int
    mirrors: int


class GitMirrors:
    """`common.ports.GitReader` on the directory `folder`, which processes of one machine share."""

    def __init__(
        self,
        folder: Path,
        limits: GitLimits | None = None,
        *,
        proxy: str = "",
        no_proxy: str = "",
        observe: Observer = lambda _operation, _seconds, _outcome: None,
    ) -> None:
        """`proxy` is for repositories whose Secret names none."""
        self._limits = limits or GitLimits()
        configure(self._limits)
        self._root = folder / "git"
        self._home = self._root / "home"
        for place in (self._root / "locks", self._home):
            place.mkdir(parents=True, exist_ok=True)
        self._exports = Exports(folder / "trees")
        self._libgit2 = Libgit2Transport(self._root / "scratch", self._limits)
        self._command = CommandTransport(self._home, self._limits)
        self._proxy, self._no_proxy = proxy, no_proxy
        self._observe = observe
        self._dripping: set[str] = set()
        """Mirrors whose server once kept libgit2 past the deadline: a process asks it then, and is killed."""
        self._tags: dict[str, dict[str, Revision]] = {}

    def ls_remote(self, repo: RepositoryAccess) -> RemoteRefs:
        """Ask the server for its refs."""
        repo, address = self._resolve(repo)
        name = mirror_name(repo)
        deadline = Deadline(shown(repo.url), self._limits.ls_remote_timeout_seconds)
        transport = self._transport(repo, address, name)
        call = lambda: transport.ls_remote(repo, address, deadline)  # noqa: E731
        refs = self._request("ls_remote", name, call, deadline)
        self._tags[name] = {
            n.removeprefix("refs/tags/"): r for n, r in refs.refs.items() if n.startswith("refs/tags/")
        }
        return refs

    def fetch(self, repo: RepositoryAccess, revision: Revision, *, ref: str | None = None) -> None:
        """Have the commit in the mirror: by its ref, else by its id, else with the whole history."""
        repo, address = self._resolve(repo)
        mirror = self._mirror(repo)
        if mirror.has(revision):
            return
        _check_revision(repo, revision)
        deadline = Deadline(shown(repo.url), self._limits.fetch_timeout_seconds)
        call = lambda: self._fetch(mirror, repo, address, revision, ref, deadline)  # noqa: E731
        self._request("fetch", mirror.name, call, deadline)

    def tree_oids(
        self, repo: RepositoryAccess, revision: Revision, paths: Sequence[str]
    ) -> dict[str, str | None]:
        """The OID of each path, in one walk."""
        with self._mirror(repo).reading(revision) as repository:
            return trees.oids(trees.commit_of(repository, revision).tree, paths)

    def read_tree(self, repo: RepositoryAccess, oid: str, *, max_bytes: int) -> Iterator[TreeFile]:
        """Every file below a tree, sorted by path. All is read before the first is given, so that a slow
        consumer keeps nobody waiting.
        """
        with self._mirror(repo).reading(oid) as repository:
            bound = min(max_bytes, self._limits.max_tree_bytes)
            return iter(list(trees.files(repository, oid, self._limits, max_bytes=bound)))

    def read_file(self, repo: RepositoryAccess, revision: Revision, path: str) -> bytes:
        """One file of a commit."""
        with self._mirror(repo).reading(revision) as repository:
            found = trees.entry_at(trees.commit_of(repository, revision).tree, path)
            if not isinstance(found, pygit2.Blob):
                raise PathNotFound(f"{path} is no file")
            return trees.blob(repository, str(found.id), max_bytes=self._limits.max_file_bytes, path=path)

    @contextlib.contextmanager
    def export(self, repo: RepositoryAccess, revision: Revision, paths: Collection[str]) -> Iterator[Path]:
        """The given paths laid out under one read-only directory, shared by all that ask for the same."""
        mirror = self._mirror(repo)
        chosen = layout.outermost(paths)
        found = self.tree_oids(repo, revision, chosen)
        missing = [path for path, oid in found.items() if oid is None]
        if missing:
            raise PathNotFound(f"{shown(repo.url)} has no path {missing[0]} at {revision}")

        def build(target: Path) -> Laid:
            with mirror.reading(revision) as repository:
                root = trees.commit_of(repository, revision).tree
                return layout.lay_out(repository, root, chosen, target, self._limits)

        digest = layout.digest_of({path: oid for path, oid in found.items() if oid})
        with self._exports.use(digest, build) as tree:
            yield tree

    def skipped(self, tree: Path) -> tuple[str, ...]:
        """What was not made in an exported tree (links that leave it, submodules, names that cannot be
        written), each with its reason. Raises CacheMiss.
        """
        return self._exports.laid(tree).skipped

    def commit(self, repo: RepositoryAccess, revision: Revision) -> CommitMetadata:
        """Author, date, message, and the tags that were seen on it."""
        mirror = self._mirror(repo)
        with mirror.reading(revision) as repository:
            commit = trees.commit_of(repository, revision)
            author = commit.author
            return CommitMetadata(
                revision=revision,
                author=f"{_text(author.raw_name)} <{_text(author.raw_email)}>",
                committed_at=datetime.fromtimestamp(commit.commit_time, UTC),
                message=_text(commit.raw_message),
                tags=_tags_of(mirror, revision),
            )

    def collect(self, *, max_bytes: int, max_age_seconds: float) -> Collected:
        """Delete exported trees and mirrors that nobody uses now: those not used for `max_age_seconds`, then
        the ones used longest ago until each kind takes no more than `max_bytes`.
        """
        gone = self._exports.collect(max_bytes=max_bytes, max_age_seconds=max_age_seconds)
        now, known = time.time(), []
        for place in self._root.iterdir():
            if len(place.name) == 32 and place.is_dir():
                mirror = Mirror(self._root, place.name, self._limits)
                known.append((mirror.last_used(), _bytes_below(place), mirror))
        total, mirrors = sum(size for _, size, _ in known), 0
        for used, size, mirror in sorted(known, key=lambda k: k[:2]):
            if (total > max_bytes or now - used > max_age_seconds) and mirror.remove():
                total -= size
                mirrors += 1
        return Collected(gone, mirrors)

    def _resolve(self, repo: RepositoryAccess) -> tuple[RepositoryAccess, Address]:
        address = parse(repo.url, allow_local=self._limits.allow_local)
        if self._proxy and not repo.proxy:
            repo = msgspec.structs.replace(repo, proxy=self._proxy, no_proxy=self._no_proxy)
        return repo, address

    def _mirror(self, repo: RepositoryAccess) -> Mirror:
        return Mirror(self._root, mirror_name(repo), self._limits)

    def _transport(
        self, repo: RepositoryAccess, address: Address, name: str
    ) -> Libgit2Transport | CommandTransport:
        """libgit2 is quicker by far; it shows no host keys, and has no client certificates, no authorities of
        one repository alone and no list of hosts without a proxy.
        """
        beyond = repo.tls_client_cert or repo.ca_data or repo.proxy or name in self._dripping
        if address.scheme == "ssh" or (address.scheme != "file" and beyond):
            return self._command
        return self._libgit2

    def _request(self, operation: str, name: str, call: Callable[[], T], deadline: Deadline) -> T:
        start = time.monotonic()
        outcome = "ok"
        try:
            return bounded(call, deadline)
        except OSError as error:
            outcome = type(error).__name__
            raise StoreError(f"a mirror cannot be written: {error.strerror}") from error
        except BaseException as error:
            outcome = type(error).__name__
            if isinstance(error, Abandoned):
                self._dripping.add(name)
            raise
        finally:
            self._observe(operation, time.monotonic() - start, outcome)

    def _fetch(
        self,
        mirror: Mirror,
        repo: RepositoryAccess,
        address: Address,
        revision: Revision,
        ref: str | None,
        deadline: Deadline,
    ) -> None:
        with mirror.writing(deadline) as lock:
            if mirror.has(revision) or self._kept(mirror, revision, ref):
                return
            depth = repo.depth or 1
            exact = f"+{revision}:{COMMITS}/{revision}"
            first = self._transport(repo, address, mirror.name)
            attempts = [(first, [exact], depth)]
            if ref and ref != revision:
                attempts.insert(0, (first, [f"+{ref}:{INCOMING}"], depth))
            if first is self._libgit2 and address.scheme != "file" and shutil.which("git"):
                attempts.append((self._command, [exact], depth))  # protocol v2 gives any commit by its id
            everything = ["+refs/heads/*:refs/moorings/all/heads/*", "+refs/tags/*:refs/moorings/all/tags/*"]
            attempts.append((first, everything, WHOLE_HISTORY))
            refused: GitError | None = None
            for transport, refspecs, wanted in attempts:
                refused = _attempt(transport, mirror, repo, address, refspecs, wanted, deadline, lock)
                if self._kept(mirror, revision, ref):
                    repack_if_needed(mirror, self._limits, self._home, deadline=deadline, lock=lock)
                    return
            if isinstance(refused, RepositoryUnreachable):
                raise refused
            if mirror.is_damaged():
                raise RepositoryUnreachable(
                    f"{shown(repo.url)}: the mirror is damaged and will be made again"
                )
            raise RefNotFound(f"{shown(repo.url)}: no commit {revision}")

    def _kept(self, mirror: Mirror, revision: Revision, ref: str | None) -> bool:
        tags = {tag for tag, at in self._tags.get(mirror.name, {}).items() if at == revision}
        if ref and ref.startswith("refs/tags/"):
            tags.add(ref.removeprefix("refs/tags/"))
        return mirror.keep(revision, tuple(sorted(tags)))


def _attempt(
    transport: Libgit2Transport | CommandTransport,
    mirror: Mirror,
    repo: RepositoryAccess,
    address: Address,
    refspecs: list[str],
    depth: int,
    deadline: Deadline,
    lock: int,
) -> GitError | None:
    """One way to get a commit. Servers cut the connection at a commit that they will not give, so an
    unreachable one is no reason to stop while there is another way; a refusal is.
    """
    try:
        transport.fetch(mirror.path, repo, address, refspecs, depth=depth, deadline=deadline, lock=lock)
    except (RefNotFound, RepositoryUnreachable) as error:
        deadline.remaining()
        return error
    return None


def _check_revision(repo: RepositoryAccess, revision: str) -> None:
    if len(revision) != 40 or not set(revision) <= set("0123456789abcdef"):
        raise CommitMissing(f"{shown(repo.url)}: {revision!r} is no full commit id")


def _tags_of(mirror: Mirror, revision: str) -> tuple[str, ...]:
    folder = mirror.path / TAGS
    found = []
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if file.read_text().strip() == revision:
                found.append(file.relative_to(folder).as_posix())
    return tuple(sorted(found))


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "replace")


def _bytes_below(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.lstat().st_size
    return total
