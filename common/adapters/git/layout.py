"""Write a commit's files to an empty directory, so that nothing in them leads out of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from common.adapters.git.exports import Laid
from common.adapters.git.limits import GitLimits
from common.adapters.git.links import stays_inside
from common.adapters.git.trees import Entry, blob, clean, entries, entry_at, safe_name
from common.core.errors import PathNotFound, RenderLimitExceeded, StoreError

_FORMAT = "1"
"""Part of every digest: raise it when the same commit is laid out differently."""


def outermost(paths: Collection[str]) -> tuple[str, ...]:
    """The paths without those that lie below another one; sorted."""
    kept: list[str] = []
    for path in sorted({clean(p) for p in paths}, key=lambda p: p.split("/")):
        if not any(k in {"", path} or path.startswith(f"{k}/") for k in kept):
            kept.append(path)
    return tuple(kept)


def digest_of(found: Mapping[str, str]) -> str:
    """The name of a directory that holds these OIDs at these paths."""
    text = "".join(f"{path}\0{oid}\n" for path, oid in sorted(found.items()))
    return hashlib.sha256(f"{_FORMAT}\n{text}".encode("utf-8", "surrogateescape")).hexdigest()


def lay_out(
    repository: pygit2.Repository, root: pygit2.Tree, paths: Collection[str], target: Path, limits: GitLimits
) -> Laid:
    """Write files, then links, then take the permission to write away. Existing names are never followed or
    replaced, whatever a hostile tree repeats.

    Raises:
        PathNotFound: the commit has no such path.
        RenderLimitExceeded: too many files, too deep, or too many bytes.
        StoreError: the disk refuses them.
    """
    skipped: list[str] = []
    found = _gather(root, paths, limits, skipped)
    links: dict[str, str] = {}
    total = 0
    for entry in found:
        if entry.mode == FileMode.COMMIT:
            skipped.append(f"{entry.path}: a submodule, which is not fetched")
            continue
        data = blob(repository, entry.oid, max_bytes=limits.max_tree_bytes - total, path=entry.path)
        total += len(data)
        if entry.mode == FileMode.LINK:
            links[entry.path] = data.decode("utf-8", "surrogateescape")
            continue
        with _disk():
            written = _write(target / entry.path, data, executable=entry.mode == FileMode.BLOB_EXECUTABLE)
        if not written:
            skipped.append(f"{entry.path}: the name is there twice")
    for path in sorted(links):
        with _disk():
            reason = _link(target, path, links)
        if reason:
            skipped.append(f"{path}: {reason}")
    with _disk():
        _seal(target)
    return Laid(total, tuple(_printable(s) for s in skipped))


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    """What the cache's disk refuses says nothing about the mirror that is read meanwhile."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"an exported tree cannot be written: {error.strerror}") from error


def _gather(root: pygit2.Tree, paths: Collection[str], limits: GitLimits, skipped: list[str]) -> list[Entry]:
    found: list[Entry] = []
    for path in outermost(paths):
        if path and not all(safe_name(part) for part in path.split("/")):
            raise PathNotFound(f"no such path: {path}")
        here = entry_at(root, path)
        if isinstance(here, pygit2.Tree):
            found += entries(here, limits, prefix=path, skipped=skipped)
        else:
            found.append(Entry(path, str(here.id), int(here.filemode or FileMode.BLOB)))
        if len(found) > limits.max_tree_files:
            raise RenderLimitExceeded(f"more than {limits.max_tree_files} files")
    return found


def _write(path: Path, data: bytes, *, executable: bool) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o555 if executable else 0o444)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return True


def _link(target: Path, path: str, links: Mapping[str, str]) -> str:
    """Make the link; why not, or empty."""
    if not links[path] or "\0" in links[path] or not stays_inside(path, links):
        return "a link that leaves the tree"
    try:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).symlink_to(links[path])
    except (FileExistsError, NotADirectoryError):
        return "the name is there twice"
    return ""


def _seal(target: Path) -> None:
    for folder, _, _ in os.walk(target, topdown=False):
        Path(folder).chmod(0o555)


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
