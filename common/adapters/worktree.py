"""A plain directory read as a repository: what is on disk, committed or not, for `moor render`."""

# ruff: noqa: ARG002 - the port names a repository and a revision; here there is only one of each

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from common.adapters.renderers.workspace import inside, mirror, scratch
from common.core.access import RepositoryAccess
from common.core.errors import CommitMissing, PathNotFound, RenderFailed, RenderLimitExceeded
from common.core.keys import Revision
from common.ports import CommitMetadata, RemoteRefs, TreeFile

WORKTREE_REF = "refs/heads/worktree"


class WorkTree:
    """Answers for every repository and revision with one directory. `.git` is not part of it."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._paths: dict[str, str] = {}
        self._lock = threading.Lock()

    def ls_remote(self, repo: RepositoryAccess) -> RemoteRefs:
        """One branch, at what is on disk now."""
        revision = Revision(self._oid(self._root))
        return RemoteRefs(refs={WORKTREE_REF: revision}, head=WORKTREE_REF, head_revision=revision)

    def fetch(self, repo: RepositoryAccess, revision: Revision, *, ref: str | None = None) -> None:
        """Nothing to do."""

    def tree_oids(
        self, repo: RepositoryAccess, revision: Revision, paths: Sequence[str]
    ) -> dict[str, str | None]:
        """The OIDs that Git would give what is on disk."""
        found: dict[str, str | None] = {}
        for path in paths:
            place = self._root / path
            exists = place.is_symlink() or place.exists()
            found[path] = self._oid(place) if exists and self._is_ours(place) else None
            if (oid := found[path]) is not None:
                with self._lock:
                    self._paths[oid] = path
        return found

    def read_tree(self, repo: RepositoryAccess, oid: str, *, max_bytes: int) -> Iterator[TreeFile]:
        """Every file below a directory that `tree_oids` named, sorted by path."""
        with self._lock:
            path = self._paths.get(oid)
        if path is None:
            raise CommitMissing(f"no directory of {self._root} is {oid}")
        top, total = self._root / path, 0
        for place in _files(top):
            data = os.fsencode(place.readlink()) if place.is_symlink() else place.read_bytes()
            total += len(data)
            if total > max_bytes:
                raise RenderLimitExceeded(f"{path or '.'} has more than {max_bytes >> 20} MiB")
            yield TreeFile(place.relative_to(top).as_posix(), data, place.is_symlink())

    def read_file(self, repo: RepositoryAccess, revision: Revision, path: str) -> bytes:
        """One file, its links followed as long as they stay in the directory."""
        try:
            place = inside(self._root, path, what="path")
        except RenderFailed as error:
            raise PathNotFound(str(error)) from error
        if not place.is_file():
            raise PathNotFound(f"{path}: no such file in {self._root}")
        return place.read_bytes()

    @contextlib.contextmanager
    def export(self, repo: RepositoryAccess, revision: Revision, paths: Collection[str]) -> Iterator[Path]:
        """A copy of the paths; links that leave the directory are not made."""
        with scratch() as home:
            target = home / "export"
            target.mkdir()
            for path in sorted(paths):
                place = inside(self._root, path, what="path")
                to = target / path
                to.parent.mkdir(parents=True, exist_ok=True)
                if place.is_dir():
                    mirror(place, to, copy=True, without=_unwanted(place, self._root))
                elif place.is_file() and not to.exists():
                    to.write_bytes(place.read_bytes())
            yield target

    def commit(self, repo: RepositoryAccess, revision: Revision) -> CommitMetadata:
        """Nobody's commit, as old as the directory."""
        changed = datetime.fromtimestamp(self._root.stat().st_mtime, UTC)
        return CommitMetadata(revision=revision, author="", committed_at=changed, message="working copy")

    def _is_ours(self, place: Path) -> bool:
        return place.resolve().is_relative_to(self._root)

    def _oid(self, place: Path) -> str:
        """Git's object id of a file, a link or a directory."""
        if place.is_symlink():
            return _hash(b"blob", os.fsencode(place.readlink()))
        if place.is_file():
            return _hash(b"blob", place.read_bytes())
        entries = []
        for child in place.iterdir():
            if child.name == ".git" or not (child.is_symlink() or child.is_file() or child.is_dir()):
                continue
            directory = child.is_dir() and not child.is_symlink()
            mode = b"40000" if directory else _mode(child)
            # Git sorts a directory as if its name ended with a slash.
            order = os.fsencode(child.name) + (b"/" if directory else b"")
            entries.append(
                (order, mode + b" " + os.fsencode(child.name) + b"\0" + bytes.fromhex(self._oid(child)))
            )
        return _hash(b"tree", b"".join(entry for _, entry in sorted(entries)))


def _mode(place: Path) -> bytes:
    if place.is_symlink():
        return b"120000"
    return b"100755" if os.access(place, os.X_OK) else b"100644"


def _hash(kind: bytes, data: bytes) -> str:
    return hashlib.sha1(kind + b" %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _files(top: Path) -> list[Path]:
    found = []
    for directory, names, files in os.walk(top):
        names[:] = [n for n in names if n != ".git"]
        found += [
            Path(directory, n) for n in (*files, *(n for n in names if Path(directory, n).is_symlink()))
        ]
    return sorted(found, key=lambda place: place.relative_to(top).as_posix().encode())


def _unwanted(place: Path, root: Path) -> list[Path]:
    """Links that leave the directory, and Git's own files."""
    found = []
    for directory, names, files in os.walk(place):
        for name in (*names, *files):
            path = Path(directory, name)
            leaves = path.is_symlink() and not path.resolve().is_relative_to(root)
            if leaves or ".git" in path.relative_to(place).parts:
                found.append(path)
    return found
