"""The live snapshot on Redis: what clusters hold of what we track, with proof of absence.

Each write is one script: a resourceVersion only ever goes forward, a deletion leaves a tombstone for five
minutes, a LIST is swapped in as one generation together with its completeness marker, and a marker counts
only while the watcher that set it holds its lease. Secrets never get here: their values are keyed digests.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import cast

import orjson
import redis
import zstandard

from common.adapters.redis.connection import PREFIX, Script, each, translating
from common.adapters.redis.doorbell import Doorbell
from common.core.errors import LeaseLost
from common.core.keys import ClusterId, GroupKind, Object, ObjectKey, key_of
from common.core.redact import digest_secret
from common.ports import Snapshot, Taken

_BATCH = 500


@lru_cache(maxsize=1024)
def _kind(text: bytes) -> GroupKind:
    return GroupKind.parse(text.decode())


@lru_cache(maxsize=4096)
def _digest(cluster: ClusterId) -> str:
    return hashlib.sha256(cluster.encode()).hexdigest()[:16]


class RedisLiveStore:
    """`ports.LiveStore`. `secrets_key` keys the digests that stand for the values of Secrets."""

    def __init__(self, client: redis.Redis, *, secrets_key: bytes, prefix: str = PREFIX) -> None:
        self._client = client
        self._key = secrets_key
        self._prefix = f"{prefix}live:"
        self._put, self._remove, self._read, self._watch = (
            Script(client, "live_state", f"live_{name}") for name in ("put", "remove", "read", "watch")
        )
        self._local = threading.local()
        self._bell = Doorbell(client, f"{self._prefix}wanted")

    # Reading

    def read(self, cluster: ClusterId, owner: str) -> Snapshot:
        """The objects that `owner` tracks, as of one moment. Raises StoreUnavailable."""
        fields, kinds = self._read([self._place(cluster)], owner)
        decompress = self._zstd()[1].decompress
        objects = {
            ObjectKey.parse(fields[i].decode()): orjson.loads(decompress(fields[i + 1]))
            for i in range(0, len(fields), 2)
        }
        return Snapshot(objects=objects, complete=frozenset(map(_kind, kinds)))

    def complete(self, cluster: ClusterId) -> frozenset[GroupKind]:
        """Kinds whose absence is proof now. Raises StoreUnavailable."""
        return frozenset(map(_kind, self._read([self._place(cluster)], "")[1]))

    # Single objects

    def put(self, cluster: ClusterId, obj: Object, owner: str) -> bool:
        """Take in an event or an answer; False when ours is as new. Raises StoreUnavailable."""
        return bool(self._put([self._place(cluster)], *self._fields(obj, owner, 0))[0])

    def put_many(
        self, cluster: ClusterId, objects: Sequence[tuple[Object, str]], *, generation: int = 0
    ) -> list[Taken]:
        """Several, five hundred in a round trip. Raises StoreUnavailable."""
        taken: list[Taken] = []
        place = [self._place(cluster)]
        for start in range(0, len(objects), _BATCH):
            part = objects[start : start + _BATCH]
            answers = self._put.pipelined([(place, self._fields(o, owner, generation)) for o, owner in part])
            taken += [Taken(bool(changed), owner.decode()) for changed, owner in answers]
        return taken

    def remove(self, cluster: ClusterId, key: ObjectKey, resource_version: str) -> str:
        """A deletion; returns the owner it had. Raises StoreUnavailable."""
        owner: bytes = self._remove([self._place(cluster)], str(key.group_kind), str(key), resource_version)
        return owner.decode()

    # Watching

    def lead(self, cluster: ClusterId, watcher: str, *, lease_seconds: float) -> bool:
        """Take or keep the cluster's watch lease. Raises StoreUnavailable."""
        return bool(self._watch([self._place(cluster)], "lead", watcher, int(lease_seconds * 1000)))

    def leave(self, cluster: ClusterId, watcher: str) -> None:
        """Give it back. Raises StoreUnavailable."""
        self._watch([self._place(cluster)], "leave", watcher)

    def begin(self, cluster: ClusterId, kind: GroupKind, *, watcher: str = "") -> int:
        """A new generation, before its LIST. Raises LeaseLost, StoreUnavailable."""
        generation = int(self._watch([self._place(cluster)], "begin", watcher, str(kind)))
        if generation < 0:
            raise LeaseLost(f"another watcher holds {cluster}")
        return generation

    def swap(
        self,
        cluster: ClusterId,
        kind: GroupKind,
        generation: int,
        resource_version: str,
        *,
        watcher: str = "",
    ) -> list[str]:
        """The LIST is in. Raises LeaseLost, StoreUnavailable."""
        place = [self._place(cluster)]
        losers = self._watch(place, "swap", watcher, str(kind), generation, resource_version)
        if losers == -1:
            raise LeaseLost(f"another watcher holds {cluster}, or lists {kind} again")
        return sorted(owner.decode() for owner in losers)

    def incomplete(self, cluster: ClusterId, kind: GroupKind | None = None, *, watcher: str = "") -> None:
        """Absence is no proof any more. Raises StoreUnavailable."""
        self._watch([self._place(cluster)], "incomplete", watcher, "" if kind is None else str(kind))

    def forget(self, cluster: ClusterId) -> None:
        """Nothing is known of it, and nobody watches it. Raises StoreUnavailable."""
        with translating:
            keys = list(self._client.scan_iter(match=f"{self._place(cluster)}*", count=1000))
            for start in range(0, len(keys), 1000):
                self._client.unlink(*keys[start : start + 1000])
            self._client.srem(f"{self._prefix}clusters", cluster)

    # Kinds

    def want(self, cluster: ClusterId, kinds: Collection[GroupKind]) -> None:
        """Ask the cluster's watcher for kinds; it is woken when any is new. Raises StoreUnavailable."""
        if not kinds:
            return
        names = sorted(str(kind) for kind in kinds)

        def fill(pipe: redis.client.Pipeline) -> None:
            pipe.sadd(f"{self._place(cluster)}want", *names)
            pipe.sadd(f"{self._prefix}clusters", cluster)

        if each(self._client, fill)[0]:
            self._bell.ring(cluster)

    def wanted(self, cluster: ClusterId) -> frozenset[GroupKind]:
        """What has been asked for. Raises StoreUnavailable."""
        with translating:
            return frozenset(
                map(_kind, cast("set[bytes]", self._client.smembers(f"{self._place(cluster)}want")))
            )

    def wait_wanted(self, timeout_seconds: float) -> frozenset[ClusterId]:
        """Block until a kind is asked for or the time is over; for one thread. Raises StoreUnavailable."""
        said = self._bell.wait(timeout_seconds)
        if "" not in said:
            return frozenset(map(ClusterId, said))
        with translating:
            known = cast("set[bytes]", self._client.smembers(f"{self._prefix}clusters"))
        return frozenset(ClusterId(name.decode()) for name in known)

    def _place(self, cluster: ClusterId) -> str:
        return f"{self._prefix}{_digest(cluster)}:"

    def _fields(self, obj: Object, owner: str, generation: int) -> tuple[str | bytes, ...]:
        key = key_of(obj)
        version = str(obj["metadata"]["resourceVersion"])
        packed = b""
        if owner:
            packed = self._zstd()[0].compress(orjson.dumps(digest_secret(obj, self._key)))
        return f"{key.group}/{key.kind}", str(key), version, owner, str(generation or ""), packed

    def _zstd(self) -> tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor]:
        """This thread's own: neither may be shared."""
        try:
            pair: tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor] = self._local.pair
        except AttributeError:
            pair = (zstandard.ZstdCompressor(level=1), zstandard.ZstdDecompressor())
            self._local.pair = pair
        return pair
