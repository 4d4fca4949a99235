"""One repository's bare mirror: shared by threads and processes, made again when it is damaged.

Two locks guard it, both files beside it: `fetch` is held by whoever writes, `read` is shared by readers and
taken alone only to replace the mirror or to delete packs. Every commit that was asked for has a ref
`refs/moorings/commits/<id>`, written after its pack: the ref is what says that the commit is here, complete.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pygit2

from common.adapters.git.deadline import Deadline
from common.adapters.git.libgit2 import open_bare
from common.adapters.git.limits import GitLimits
from common.adapters.git.locks import held
from common.adapters.git.open_mirrors import OPEN
from common.core.errors import CommitMissing, GitError
from common.core.keys import Revision

COMMITS = "refs/moorings/commits"
TAGS = "refs/moorings/tags"
INCOMING = "refs/moorings/incoming"

_DAMAGE = (pygit2.GitError, KeyError, ValueError, OSError)
_LEFTOVERS = ("tmp_*", "*_git2_*", ".tmp-*")


class Mirror:
    """The mirror called `name` below `root`."""

    def __init__(self, root: Path, name: str, limits: GitLimits) -> None:
        """Nothing is read or made yet."""
        self.path = root / name
        self.name = name
        self._root = root
        self._limits = limits
        self.fetch_lock = root / "locks" / f"{name}.fetch"
        self.read_lock = root / "locks" / f"{name}.read"
        self._damaged = root / "locks" / f"{name}.damaged"

    def has(self, revision: Revision) -> bool:
        """Whether the commit was fetched; marks it as used now."""
        ref = self.path / COMMITS / revision
        try:
            if ref.read_text() != f"{revision}\n" or self.is_damaged():
                return False
            os.utime(ref)
            os.utime(self.fetch_lock)
        except OSError:
            return False
        return True

    @contextlib.contextmanager
    def reading(self, revision: str) -> Iterator[pygit2.Repository]:
        """The repository, safe from collection while the context is open.

        What turns out to be unreadable marks the mirror as damaged: the next fetch makes it again.

        Raises:
            CommitMissing: there is no mirror, or it cannot be read.
        """
        with held(self.read_lock, shared=True, timeout_seconds=self._limits.fetch_timeout_seconds):
            if not self.path.is_dir():
                raise CommitMissing(f"commit {revision} has not been fetched")
            try:
                state, repository = OPEN.take(self.path)
                try:
                    yield repository
                except CommitMissing:
                    self._check(repository)
                    repository.free()
                    raise
                except BaseException:
                    repository.free()
                    raise
                OPEN.give_back(self.path, state, repository)
            except GitError:
                raise
            except _DAMAGE as error:
                self._damaged.touch()
                raise CommitMissing(
                    f"commit {revision}: the mirror cannot be read and will be made again"
                ) from error

    @contextlib.contextmanager
    def writing(self, deadline: Deadline) -> Iterator[int]:
        """Hold the mirror for a fetch, ready for it: made when missing or damaged, cleaned of what a killed
        process left. Yields the lock's descriptor, for child processes to inherit.
        """
        with held(self.fetch_lock, timeout_seconds=deadline.remaining()) as descriptor:
            if self.is_damaged() or not self._opens():
                self._replace()
            self._clean()
            yield descriptor

    def keep(self, revision: Revision, tags: tuple[str, ...] = ()) -> bool:
        """Record that the commit is here, so that it is found and never collected; False when it is not.

        `tags` are names that are known to point at it.
        """
        repository = open_bare(self.path)
        try:
            commit = repository.get(revision)
            if not isinstance(commit, pygit2.Commit) or repository.get(commit.tree_id) is None:
                return False
            for tag in tags:
                with contextlib.suppress(ValueError, pygit2.GitError):  # a name that no file can have
                    repository.references.create(f"{TAGS}/{tag}", commit.id, force=True)
            with contextlib.suppress(KeyError):
                repository.references.delete(INCOMING)
            repository.references.create(f"{COMMITS}/{revision}", commit.id, force=True)
        except _DAMAGE:
            self._damaged.touch()
            return False
        finally:
            repository.free()
        return True

    def packs(self) -> list[Path]:
        """Its pack files."""
        return sorted((self.path / "objects" / "pack").glob("pack-*.pack"))

    def forget_old_commits(self, keep: int) -> int:
        """Remove the refs of commits used longest ago, all but `keep`; returns how many."""
        refs = sorted((self.path / COMMITS).glob("*"), key=lambda p: p.stat().st_mtime, reverse=True)
        for ref in refs[keep:]:
            ref.unlink(missing_ok=True)
        return len(refs[keep:])

    def drop_packs(self, packs: list[Path]) -> None:
        """Delete packs whose objects are in another one, when nobody reads. The index goes last: a pack
        without one is not seen, an index without its pack would be an error.
        """
        with held(self.read_lock, timeout_seconds=self._limits.fetch_timeout_seconds):
            for pack in packs:
                pack.with_suffix(".rev").unlink(missing_ok=True)
                pack.with_suffix(".idx").unlink(missing_ok=True)
                pack.unlink(missing_ok=True)

    def remove(self) -> bool:
        """Delete the mirror, unless somebody uses it now; whether it went."""
        with contextlib.suppress(GitError), held(self.fetch_lock, timeout_seconds=0):
            with held(self.read_lock, timeout_seconds=0):
                trash = self._aside("trash")
                if self.path.is_dir():
                    self.path.rename(trash)
            shutil.rmtree(trash, ignore_errors=True)
            self._damaged.unlink(missing_ok=True)
            return True
        return False

    def last_used(self) -> float:
        """Seconds since the epoch."""
        try:
            return self.fetch_lock.stat().st_mtime
        except FileNotFoundError:
            return time.time()

    def is_damaged(self) -> bool:
        """Whether somebody found it unreadable since it was made."""
        return self._damaged.exists()

    def _check(self, repository: pygit2.Repository) -> None:
        """Something was missing: it is damage if a commit that has its ref is not here with its tree."""
        for ref in (self.path / COMMITS).glob("*"):
            commit = repository.get(ref.name)
            if not isinstance(commit, pygit2.Commit) or repository.get(commit.tree_id) is None:
                self._damaged.touch()
                return

    def _opens(self) -> bool:
        try:
            open_bare(self.path).free()
            head = (self.path / "HEAD").read_bytes()
        except _DAMAGE:
            return False
        return head.startswith(b"ref: ") and (self.path / "objects" / "pack").is_dir()

    def _replace(self) -> None:
        """Put a new, empty mirror in the place of whatever is there; complete at every moment."""
        fresh = self._aside("new")
        pygit2.init_repository(str(fresh), bare=True)
        shutil.rmtree(fresh / "hooks", ignore_errors=True)
        trash = self._aside("trash")
        with held(self.read_lock, timeout_seconds=self._limits.fetch_timeout_seconds):
            if self.path.exists():
                self.path.rename(trash)
            fresh.rename(self.path)
            self._damaged.unlink(missing_ok=True)
        shutil.rmtree(trash, ignore_errors=True)

    def _aside(self, what: str) -> Path:
        return self._root / f".{what}-{self.name}-{secrets.token_hex(4)}"

    def _clean(self) -> None:
        """Remove what a fetch that was killed left: we hold its lock, so nobody works with it."""
        for lock in [*self.path.glob("*.lock"), *(self.path / "refs").rglob("*.lock")]:
            lock.unlink(missing_ok=True)
        for ref in (self.path / COMMITS).glob("*"):
            if ref.stat().st_size != len(ref.name) + 1:
                ref.unlink(missing_ok=True)
        folder = self.path / "objects" / "pack"
        for pattern in _LEFTOVERS:
            for file in folder.glob(pattern):
                file.unlink(missing_ok=True)
        for index in folder.glob("pack-*.idx"):
            if not index.with_suffix(".pack").exists():
                index.unlink(missing_ok=True)
        for aside in self._root.glob(f".*-{self.name}-*"):
            shutil.rmtree(aside, ignore_errors=True)
