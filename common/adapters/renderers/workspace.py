"""Scratch directories for renders, and what lies in an exported tree: links checked, trees mirrored."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from common.core.errors import RenderFailed, RenderLimitExceeded

_FILES_LIMIT = 200_000


@contextlib.contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """An empty directory that is gone afterwards, whatever a tool left in it."""
    made = Path(tempfile.mkdtemp(prefix="moorings-render-", dir=parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def inside(root: Path, path: str, *, what: str) -> Path:
    """The real place of a path below a root, its links followed.

    Raises:
        RenderFailed: it leaves the root.
    """
    real_root = root.resolve()
    real = (root / path.lstrip("/")).resolve()
    if not real.is_relative_to(real_root):
        raise RenderFailed(f"{what}: {path} is outside of the repository")
    return root / path.lstrip("/")


def refuse_escaping_links(root: Path, below: Path) -> None:
    """Helm follows links without asking: none of them may leave the tree.

    Raises:
        RenderFailed: one does; it is named.
    """
    real_root = root.resolve()
    for directory, names, files in os.walk(below):
        for name in (*names, *files):
            path = Path(directory, name)
            if path.is_symlink() and not path.resolve().is_relative_to(real_root):
                raise RenderFailed(f"{path.relative_to(root)} is a link that leaves the repository")


def mirror(source: Path, target: Path, *, without: Collection[Path] = (), copy: bool = False) -> None:
    """The same tree at another place, its files hard-linked (or copied, where a tool may write into them).
    Links stay links. `without` names files of the source to leave out.

    Raises:
        RenderLimitExceeded: more files than anybody should have.
    """
    count = 0
    for directory, names, files in os.walk(source):
        place = target / Path(directory).relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        links = [name for name in names if Path(directory, name).is_symlink()]
        for name in (*links, *files):
            count += 1
            if count > _FILES_LIMIT:
                raise RenderLimitExceeded(f"the tree has more than {_FILES_LIMIT} files")
            path = Path(directory, name)
            if path not in without:
                _place(path, place / name, copy=copy)


def _place(path: Path, to: Path, *, copy: bool) -> None:
    if path.is_symlink():
        to.symlink_to(path.readlink())
        return
    if not copy:
        with contextlib.suppress(OSError):  # another device, or links are not allowed: copy
            os.link(path, to)
            return
    shutil.copyfile(path, to)
    to.chmod(path.stat().st_mode & 0o777 | 0o600)
