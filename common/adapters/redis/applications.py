"""The home cluster's Applications on Redis: object, version and index by repository-ref change together.

Tombstones are not needed: an Application that comes back has a higher resourceVersion, and an answer to a
write of ours that comes after the deletion was seen is dropped by the next LIST at the latest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import orjson
import redis

from common.adapters.memory.applications import RefsOf, app_key, version_of
from common.adapters.redis.connection import PREFIX, Script, translating
from common.adapters.redis.doorbell import Doorbell
from common.core.keys import AppKey, Object

COMPLETE_SECONDS = 15.0
"""How long completeness outlives the watcher's last `confirm`."""

_SLICE = 200
"""Applications a script call, so that none holds Redis for long."""


class RedisApplications:
    """`ports.Applications`. `refs_of` gives digests of the repository-refs that an Application follows."""

    def __init__(self, client: redis.Redis, refs_of: RefsOf, *, prefix: str = PREFIX) -> None:
        self._client = client
        self._refs_of = refs_of
        self._objects = f"{prefix}apps"
        self._keys = [self._objects, f"{prefix}apps:versions", f"{prefix}apps:refs"]
        self._by_ref = f"{prefix}apps:by-ref:"
        self._marker = f"{prefix}apps:complete"
        self._put = Script(client, "applications_put")
        self._remove = Script(client, "applications_remove")

    def get(self, key: AppKey) -> Object | None:
        """See `Applications.get`. Raises StoreUnavailable."""
        return self.many([key])[0]

    def complete(self) -> bool:
        """See `Applications.complete`. Raises StoreUnavailable."""
        with translating:
            return bool(self._client.exists(self._marker))

    def put(self, obj: Object) -> bool:
        """See `Applications.put`. Raises StoreUnavailable."""
        return bool(self._put(self._keys, self._by_ref, *self._row(obj))[0])

    def remove(self, key: AppKey) -> None:
        """See `Applications.remove`. Raises StoreUnavailable."""
        self._remove(self._keys, self._by_ref, "", str(key))

    def swap(self, objects: Sequence[Object], resource_version: str) -> list[AppKey]:
        """See `Applications.swap`. Raises StoreUnavailable."""
        slices = [objects[i : i + _SLICE] for i in range(0, len(objects), _SLICE)]
        rows = [[value for obj in part for value in self._row(obj)] for part in slices]
        self._put.pipelined([(self._keys, [self._by_ref, *row]) for row in rows])
        listed = {app_key(obj) for obj in objects}
        extra = [str(key) for key in self.keys() if key not in listed]
        gone = self._remove(self._keys, self._by_ref, resource_version, *extra) if extra else []
        with translating:
            self._client.set(self._marker, resource_version, px=int(COMPLETE_SECONDS * 1000))
        return sorted(AppKey.parse(key.decode()) for key in gone)

    def confirm(self) -> bool:
        """See `Applications.confirm`. Raises StoreUnavailable."""
        with translating:
            return bool(self._client.pexpire(self._marker, int(COMPLETE_SECONDS * 1000)))

    def incomplete(self) -> None:
        """See `Applications.incomplete`. Raises StoreUnavailable."""
        with translating:
            self._client.delete(self._marker)

    def keys(self) -> list[AppKey]:
        """See `Applications.keys`. Raises StoreUnavailable."""
        with translating:
            return sorted(
                AppKey.parse(key.decode()) for key in cast("list[bytes]", self._client.hkeys(self._objects))
            )

    def many(self, keys: Sequence[AppKey]) -> list[Object | None]:
        """See `Applications.many`. Raises StoreUnavailable."""
        if not keys:
            return []
        with translating:
            found = self._client.hmget(self._objects, [str(key) for key in keys])
        return [None if text is None else orjson.loads(text) for text in found]

    def by_ref(self, digest: str) -> list[AppKey]:
        """See `Applications.by_ref`. Raises StoreUnavailable."""
        with translating:
            members = cast("set[bytes]", self._client.smembers(f"{self._by_ref}{digest}"))
        return sorted(AppKey.parse(member.decode()) for member in members)

    def changes(self) -> Doorbell:
        """A subscription to what changes: `ADDED`, `MODIFIED` or `DELETED`, a space, and the key."""
        return Doorbell(self._client, f"{self._objects}:changed")

    def _row(self, obj: Object) -> tuple[str, str, bytes, str]:
        refs = ",".join(sorted(set(self._refs_of(obj))))
        return str(app_key(obj)), str(version_of(obj)), orjson.dumps(obj), refs
