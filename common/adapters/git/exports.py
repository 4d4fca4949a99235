"""Trees laid out on disk for tools that need files: immutable, named by their content, shared by all.

`<root>/<digest>/tree` is the directory; `<root>/<digest>` itself carries the lock (shared while somebody uses
it) and, as its modification time, the last use. It is built under another name and renamed, so a directory
with a digest's name is complete.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import orjson

from common.adapters.git.locks import wait_for
from common.core.convert import convert
from common.core.errors import CacheMiss, StoreError

_BUILDING = ".building-"
_TRASH = ".trash-"
_TRIES = 50
_BUILT_WITHIN_SECONDS = 3600.0
"""What is still being built after this was left by a process that died."""


class Laid(msgspec.Struct, frozen=True):
    """What is known of an exported tree."""

    size_bytes: int
    skipped: tuple[str, ...] = ()
    """Links, submodules and names that were not made, with the reason."""


class Exports:
    """The exported trees below `root`."""

    def __init__(self, root: Path) -> None:
        """`root` is made when missing."""
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def use(self, digest: str, build: Callable[[Path], Laid]) -> Iterator[Path]:
        """The tree's directory, built when it is not there; it stays while the context is open.

        Raises:
            StoreError: the disk is full, or the tree vanished again and again.
        """
        for _ in range(_TRIES):
            descriptor = self._lock(digest)
            if descriptor is None:
                try:
                    descriptor = self._build(digest, build)
                except OSError as error:
                    raise StoreError(f"an exported tree cannot be written: {error.strerror}") from error
            if descriptor is not None:
                try:
                    yield self._root / digest / "tree"
                finally:
                    os.close(descriptor)
                return
        raise StoreError(f"exported tree {digest} could not be kept in place")

    def laid(self, tree: Path) -> Laid:
        """What was noted when the tree (as `use` gave it) was built. Raises CacheMiss."""
        try:
            return convert(orjson.loads((tree.parent / "laid.json").read_bytes()), Laid)
        except (OSError, orjson.JSONDecodeError, msgspec.ValidationError) as error:
            raise CacheMiss(f"no exported tree at {tree}") from error

    def collect(self, *, max_bytes: int, max_age_seconds: float) -> int:
        """Delete trees that nobody uses: those older than `max_age_seconds` since their last use, then the
        ones used longest ago until no more than `max_bytes` are left. Returns how many went.
        """
        now = time.time()
        known = []
        for place in self._root.iterdir():
            with contextlib.suppress(OSError, CacheMiss):
                if place.name.startswith("."):
                    if place.name.startswith(_TRASH) or now - place.stat().st_mtime > _BUILT_WITHIN_SECONDS:
                        self._remove(place)
                    continue
                known.append((place.stat().st_mtime, self.laid(place / "tree").size_bytes, place))
        total = sum(size for _, size, _ in known)
        gone = 0
        for used, size, place in sorted(known):
            if (total > max_bytes or now - used > max_age_seconds) and self._remove(place):
                total -= size
                gone += 1
        return gone

    def _lock(self, digest: str) -> int | None:
        """A descriptor that holds the tree's shared lock; None when there is no such tree."""
        place = self._root / digest
        try:
            descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        if wait_for(descriptor, shared=True, timeout_seconds=5) and _same(descriptor, place):
            with contextlib.suppress(OSError):
                os.utime(place)
            return descriptor
        os.close(descriptor)
        return None

    def _build(self, digest: str, build: Callable[[Path], Laid]) -> int | None:
        """Build and put in place; None when somebody else was quicker."""
        fresh = self._root / f"{_BUILDING}{digest[:16]}-{secrets.token_hex(6)}"
        fresh.mkdir(mode=0o755)
        descriptor = os.open(fresh, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            wait_for(descriptor, shared=True, timeout_seconds=5)  # nobody else knows the name
            (fresh / "tree").mkdir(mode=0o755)
            laid = build(fresh / "tree")
            (fresh / "laid.json").write_bytes(msgspec.json.encode(laid))
            try:
                fresh.rename(self._root / digest)
            except OSError:  # it is there already
                os.close(descriptor)
                _delete(fresh)
                return None
        except BaseException:
            os.close(descriptor)
            _delete(fresh)
            raise
        return descriptor

    def _remove(self, place: Path) -> bool:
        """Delete a directory unless somebody holds it."""
        try:
            descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            if not wait_for(descriptor, shared=False, timeout_seconds=0) or not _same(descriptor, place):
                return False
            trash = place
            if not place.name.startswith(_TRASH):
                trash = self._root / f"{_TRASH}{secrets.token_hex(8)}"
                place.rename(trash)
            _delete(trash)
        finally:
            os.close(descriptor)
        return True


def _same(descriptor: int, place: Path) -> bool:
    """Whether what we locked is still what has the name."""
    try:
        return os.path.samestat(os.fstat(descriptor), place.stat())
    except FileNotFoundError:
        return False


def _delete(place: Path) -> None:
    for folder, _, _ in os.walk(place):
        with contextlib.suppress(OSError):
            Path(folder).chmod(0o700)
    shutil.rmtree(place, ignore_errors=True)
