"""The live snapshot in this process: the same rules as on Redis."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import orjson

from common.core.errors import LeaseLost
from common.core.keys import ClusterId, GroupKind, Object, ObjectKey, key_of
from common.core.redact import digest_secret
from common.ports import Snapshot, Taken

TOMBSTONE_SECONDS = 300.0


def _newer(a: str, b: str) -> bool:
    return (len(a), a) > (len(b), b)


@dataclass
class _Entry:
    version: str
    owner: str
    generation: int
    packed: bytes


@dataclass
class _Cluster:
    objects: dict[ObjectKey, _Entry] = field(default_factory=dict)
    tombs: dict[ObjectKey, tuple[str, float]] = field(default_factory=dict)
    generations: dict[GroupKind, int] = field(default_factory=dict)
    complete: dict[GroupKind, str] = field(default_factory=dict)
    floors: dict[GroupKind, str] = field(default_factory=dict)
    wanted: set[GroupKind] = field(default_factory=set)
    lead: tuple[str, float] = ("", 0.0)


class MemoryLiveStore:
    """`ports.LiveStore`. `clock` gives seconds."""

    def __init__(self, *, secrets_key: bytes = b"", clock: Callable[[], float] = time.time) -> None:
        self._key = secrets_key
        self._clock = clock
        self._clusters: defaultdict[ClusterId, _Cluster] = defaultdict(_Cluster)
        self._next_generation = 1
        self._lock = threading.RLock()
        self._asked = threading.Condition(self._lock)
        self._news: set[ClusterId] = set()

    def read(self, cluster: ClusterId, owner: str) -> Snapshot:
        """The objects that `owner` tracks."""
        with self._lock:
            state = self._clusters[cluster]
            mine = {k: orjson.loads(e.packed) for k, e in state.objects.items() if e.owner == owner}
            return Snapshot(objects=mine, complete=self.complete(cluster))

    def complete(self, cluster: ClusterId) -> frozenset[GroupKind]:
        """Kinds whose absence is proof now."""
        with self._lock:
            state = self._clusters[cluster]
            return frozenset(
                k for k, watcher in state.complete.items() if watcher in ("", self._leader(state))
            )

    def put(self, cluster: ClusterId, obj: Object, owner: str) -> bool:
        """Take in an event or an answer; False when ours is as new."""
        return self._take(cluster, obj, owner, 0).changed

    def put_many(
        self, cluster: ClusterId, objects: Sequence[tuple[Object, str]], *, generation: int = 0
    ) -> list[Taken]:
        """Several."""
        return [self._take(cluster, obj, owner, generation) for obj, owner in objects]

    def _take(self, cluster: ClusterId, obj: Object, owner: str, generation: int) -> Taken:
        with self._lock:
            state, key, version = (
                self._clusters[cluster],
                key_of(obj),
                str(obj["metadata"]["resourceVersion"]),
            )
            old = state.objects.get(key)
            was = old.owner if old else ""
            if old and not _newer(version, old.version):
                old.generation = generation or old.generation
                return Taken(False, was)
            if self._too_late(state, key, version, listed=bool(old or generation)):
                return Taken(False, was)
            if not owner:
                state.objects.pop(key, None)
                if old or not generation:
                    self._bury(state, key, version)
                return Taken(bool(old), was)
            packed = orjson.dumps(digest_secret(obj, self._key))
            seen = generation or (old.generation if old else 0)
            state.objects[key] = _Entry(version, owner, seen, packed)
            return Taken(True, was)

    def _too_late(self, state: _Cluster, key: ObjectKey, version: str, *, listed: bool) -> bool:
        buried, until = state.tombs.get(key, ("", 0.0))
        if buried and until > self._clock() and not _newer(version, buried):
            return True
        floor = state.floors.get(key.group_kind)
        return not listed and floor is not None and not _newer(version, floor)

    def _bury(self, state: _Cluster, key: ObjectKey, version: str) -> None:
        buried, until = state.tombs.get(key, ("", 0.0))
        if buried and until > self._clock() and _newer(buried, version):
            version = buried
        state.tombs[key] = (version, self._clock() + TOMBSTONE_SECONDS)

    def remove(self, cluster: ClusterId, key: ObjectKey, resource_version: str) -> str:
        """A deletion; returns the owner it had."""
        with self._lock:
            state = self._clusters[cluster]
            old = state.objects.get(key)
            if old and resource_version and _newer(old.version, resource_version):
                return ""
            version = resource_version or (old.version if old else "")
            if version:
                self._bury(state, key, version)
            state.objects.pop(key, None)
            return old.owner if old else ""

    def _leader(self, state: _Cluster) -> str | None:
        watcher, until = state.lead
        return watcher if until > self._clock() else None

    def _require(self, state: _Cluster, watcher: str) -> None:
        if watcher and self._leader(state) != watcher:
            raise LeaseLost("another watcher holds the cluster")

    def lead(self, cluster: ClusterId, watcher: str, *, lease_seconds: float) -> bool:
        """Take or keep the cluster's watch lease."""
        with self._lock:
            state = self._clusters[cluster]
            if self._leader(state) not in (None, watcher):
                return False
            state.lead = (watcher, self._clock() + lease_seconds)
            return True

    def leave(self, cluster: ClusterId, watcher: str) -> None:
        """Give it back."""
        with self._lock:
            state = self._clusters[cluster]
            if self._leader(state) == watcher:
                state.lead = ("", 0.0)

    def begin(self, cluster: ClusterId, kind: GroupKind, *, watcher: str = "") -> int:
        """A new generation, before its LIST. Raises LeaseLost."""
        with self._lock:
            state = self._clusters[cluster]
            self._require(state, watcher)
            self._next_generation += 1
            state.generations[kind] = self._next_generation
            state.complete.pop(kind, None)
            return self._next_generation

    def swap(
        self,
        cluster: ClusterId,
        kind: GroupKind,
        generation: int,
        resource_version: str,
        *,
        watcher: str = "",
    ) -> list[str]:
        """The LIST is in. Raises LeaseLost."""
        with self._lock:
            state = self._clusters[cluster]
            self._require(state, watcher)
            if state.generations.get(kind) != generation:
                raise LeaseLost(f"{kind} of {cluster} is listed again")
            gone = {
                key: entry.owner
                for key, entry in state.objects.items()
                if key.group_kind == kind
                and entry.generation != generation
                and not _newer(entry.version, resource_version)
            }
            for key in gone:
                del state.objects[key]
            state.complete[kind] = watcher
            state.floors[kind] = resource_version
            return sorted(set(gone.values()))

    def incomplete(self, cluster: ClusterId, kind: GroupKind | None = None, *, watcher: str = "") -> None:
        """Absence is no proof any more."""
        with self._lock:
            state = self._clusters[cluster]
            if watcher and self._leader(state) != watcher:
                return
            for each in [kind] if kind else list(state.complete):
                state.complete.pop(each, None)

    def forget(self, cluster: ClusterId) -> None:
        """Nothing is known of it."""
        with self._lock:
            self._clusters.pop(cluster, None)

    def want(self, cluster: ClusterId, kinds: Collection[GroupKind]) -> None:
        """Ask the cluster's watcher for kinds."""
        with self._asked:
            state = self._clusters[cluster]
            if set(kinds) - state.wanted:
                state.wanted |= set(kinds)
                self._news.add(cluster)
                self._asked.notify_all()

    def wanted(self, cluster: ClusterId) -> frozenset[GroupKind]:
        """What has been asked for."""
        with self._lock:
            return frozenset(self._clusters[cluster].wanted)

    def wait_wanted(self, timeout_seconds: float) -> frozenset[ClusterId]:
        """Block until a kind is asked for or the time is over."""
        with self._asked:
            self._asked.wait_for(lambda: bool(self._news), timeout_seconds)
            news, self._news = frozenset(self._news), set()
            return news

    def flush(self) -> None:
        """What FLUSHALL does, for tests."""
        with self._lock:
            self._clusters.clear()
