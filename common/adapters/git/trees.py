"""Walks over a commit's tree in the mirror: no checkout, and bounds on what a hostile tree may cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import pygit2
from pygit2.enums import FileMode

from common.adapters.git.limits import GitLimits
from common.core.errors import CommitMissing, PathNotFound, RenderLimitExceeded
from common.ports import TreeFile

_LOOK_UPS = 8


class Entry(msgspec.Struct, frozen=True, order=True):
    """A file, link or submodule below a tree."""

    path: str
    """Bytes that are no UTF-8 come as surrogates, as the file system has them."""
    oid: str
    mode: int


def commit_of(repository: pygit2.Repository, revision: str) -> pygit2.Commit:
    """The commit. Raises CommitMissing."""
    found = repository.get(revision) if len(revision) == 40 else None
    if not isinstance(found, pygit2.Commit):
        raise CommitMissing(f"commit {revision} is not in the mirror")
    return found


def clean(path: str) -> str:
    """A path in the form that trees have: no slashes at the ends, no `.`; `""` is the root."""
    return "/".join(part for part in path.split("/") if part not in {"", "."})


class _Wanted:
    """What is asked for at one place of the tree, and below it."""

    __slots__ = ("below", "paths")

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.below: dict[str, _Wanted] = {}


def oids(root: pygit2.Tree, paths: Sequence[str]) -> dict[str, str | None]:
    """The OID of each path, None where there is nothing. Directories shared by paths are read once."""
    found: dict[str, str | None] = dict.fromkeys(paths)
    top = _Wanted()
    for path in found:
        node = top
        for part in path.split("/"):
            if part and part != ".":
                below = node.below.get(part)
                if below is None:
                    below = node.below[part] = _Wanted()
                node = below
        node.paths.append(path)
    _look(root, top, found)
    return found


def _look(here: pygit2.Object, wanted: _Wanted, found: dict[str, str | None]) -> None:
    if wanted.paths:
        found.update(dict.fromkeys(wanted.paths, str(here.id)))
    if not wanted.below or not isinstance(here, pygit2.Tree):
        return
    if len(wanted.below) > _LOOK_UPS:  # reading a directory once is quicker than asking it for each name
        for item in here:
            below = wanted.below.get((item.raw_name or b"").decode("utf-8", "surrogateescape"))
            if below is not None:
                _look(item, below, found)
        return
    for part, below in wanted.below.items():
        if part in here:
            _look(here[part], below, found)


def entry_at(root: pygit2.Tree, path: str) -> pygit2.Object:
    """What is at a path. Raises PathNotFound."""
    here: pygit2.Object = root
    for part in clean(path).split("/") if clean(path) else ():
        if not isinstance(here, pygit2.Tree) or part == ".." or part not in here:
            raise PathNotFound(f"no such path: {path}")
        here = here[part]
    return here


def safe_name(name: str) -> bool:
    """Whether a directory entry may be written to disk: no way up, no repository inside the tree."""
    return bool(name) and name not in {".", ".."} and "/" not in name and name.lower() != ".git"


def entries(
    tree: pygit2.Tree, limits: GitLimits, *, prefix: str = "", skipped: list[str] | None = None
) -> list[Entry]:
    """Everything below a tree but directories, sorted by path. Names that no honest tree has are left out,
    and said in `skipped`.

    Raises:
        RenderLimitExceeded: too many files, or too deep.
    """
    made: list[Entry] = []
    todo = [(prefix, tree, 0)]
    seen = 0
    while todo:
        base, here, depth = todo.pop()
        if depth > limits.max_tree_depth:
            raise RenderLimitExceeded(
                f"directories are nested deeper than {limits.max_tree_depth}: {base[:200]}"
            )
        for item in here:
            seen += 1
            if seen > limits.max_tree_files:
                raise RenderLimitExceeded(f"more than {limits.max_tree_files} files and directories")
            name = (item.raw_name or b"").decode("utf-8", "surrogateescape")
            path = f"{base}/{name}" if base else name
            if not safe_name(name):
                if skipped is not None:
                    skipped.append(f"{path!r}: a name that cannot be written")
            elif isinstance(item, pygit2.Tree):
                todo.append((path, item, depth + 1))
            else:
                made.append(Entry(path, str(item.id), int(item.filemode)))
    return sorted(made)


def blob(repository: pygit2.Repository, oid: str, *, max_bytes: int, path: str) -> bytes:
    """A file's bytes; its size is looked at before they are loaded. Raises RenderLimitExceeded."""
    _, size = repository.odb.read_header(pygit2.Oid(hex=oid))
    if size > max_bytes:
        raise RenderLimitExceeded(f"{path}: {size} bytes, and no more than {max_bytes} are read")
    return bytes(repository[oid].data)  # type: ignore[attr-defined]  # a blob, as its entry's mode says


def files(
    repository: pygit2.Repository, oid: str, limits: GitLimits, *, max_bytes: int
) -> Iterator[TreeFile]:
    """The files and links below a tree, in order, no more than `max_bytes` of them together."""
    tree = repository.get(oid)
    if not isinstance(tree, pygit2.Tree):
        raise CommitMissing(f"tree {oid} is not in the mirror")
    left = max_bytes
    for entry in entries(tree, limits):
        if entry.mode == FileMode.COMMIT:
            continue
        data = blob(repository, entry.oid, max_bytes=left, path=entry.path)
        left -= len(data)
        yield TreeFile(
            entry.path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
            data,
            symlink=entry.mode == FileMode.LINK,
        )
