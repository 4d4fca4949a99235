"""Open repositories, kept between reads: opening one costs more than what is read of it.

A handle is for one thread at a time. It is used again only while the mirror's directory and its packs are
those that it was opened on: a fetch, a repack or a new mirror in the same place makes it stale.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

from common.adapters.git.libgit2 import open_bare

KEPT = 16
"""Handles kept for each mirror: as many as threads read it at once, mostly."""
MIRRORS = 64
_TREE_BYTES = 1 << 20
_CACHE_BYTES = 16 << 20

_State = tuple[int, int, int]


class OpenMirrors:
    """The handles of a process that nobody uses at this moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[Path, tuple[_State, list[pygit2.Repository]]] = {}
        # A monorepo's directory of a thousand applications is read for each of them.
        pygit2.settings.cache_object_limit(ObjectType.TREE, _TREE_BYTES)
        pygit2.settings.cache_max_size(_CACHE_BYTES)

    def take(self, path: Path) -> tuple[_State, pygit2.Repository]:
        """A handle, and the state that it goes with.

        Raises:
            pygit2.GitError, OSError: there is no repository there.
        """
        state = _state(path)
        with self._lock:
            kept = self._idle.get(path)
            if kept is not None and kept[0] == state and kept[1]:
                return state, kept[1].pop()
        return state, open_bare(path)

    def give_back(self, path: Path, state: _State, repository: pygit2.Repository) -> None:
        """For the next one, unless the mirror has changed meanwhile."""
        with self._lock:
            kept = self._idle.get(path)
            if kept is None or kept[0] != state:
                if kept is None and len(self._idle) >= MIRRORS:
                    self._idle.pop(next(iter(self._idle)))
                kept = self._idle[path] = (state, [])
            if len(kept[1]) < KEPT:
                kept[1].append(repository)
                return
        repository.free()


def _state(path: Path) -> _State:
    here, packs = path.stat(), (path / "objects" / "pack").stat()
    return here.st_ino, packs.st_ino, packs.st_mtime_ns


OPEN = OpenMirrors()
"""Of this process."""
