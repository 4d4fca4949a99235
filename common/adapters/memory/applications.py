"""The home cluster's Applications in memory: the rules that the Redis adapter follows too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

import orjson

from common.core.keys import AppKey, Object

RefsOf = Callable[[Object], Iterable[str]]
"""The digests of the repository-refs that an Application follows."""


def app_key(obj: Object) -> AppKey:
    """An Application's key."""
    meta = obj["metadata"]
    return AppKey(meta["namespace"], meta["name"])


def version_of(obj: Object) -> int:
    """The resourceVersion as the number that it is."""
    return int((obj.get("metadata") or {}).get("resourceVersion") or 0)


class MemoryApplications:
    """`ports.Applications`."""

    def __init__(self, refs_of: RefsOf) -> None:
        self._refs_of = refs_of
        self._lock = threading.Lock()
        self._objects: dict[AppKey, bytes] = {}
        self._versions: dict[AppKey, int] = {}
        self._refs: dict[AppKey, frozenset[str]] = {}
        self._complete = False

    def get(self, key: AppKey) -> Object | None:
        """See `Applications.get`."""
        return self.many([key])[0]

    def complete(self) -> bool:
        """See `Applications.complete`."""
        return self._complete

    def put(self, obj: Object) -> bool:
        """See `Applications.put`."""
        key, version = app_key(obj), version_of(obj)
        with self._lock:
            if version <= self._versions.get(key, -1):
                return False
            self._versions[key] = version
            self._objects[key] = orjson.dumps(obj)
            self._refs[key] = frozenset(self._refs_of(obj))
            return True

    def remove(self, key: AppKey) -> None:
        """See `Applications.remove`."""
        with self._lock:
            for kept in (self._objects, self._versions, self._refs):
                kept.pop(key, None)

    def swap(self, objects: Sequence[Object], resource_version: str) -> list[AppKey]:
        """See `Applications.swap`."""
        for obj in objects:
            self.put(obj)
        listed = {app_key(obj) for obj in objects}
        gone = [k for k in self.keys() if k not in listed and self._versions[k] <= int(resource_version)]
        for key in gone:
            self.remove(key)
        self._complete = True
        return gone

    def confirm(self) -> bool:
        """See `Applications.confirm`. Nothing expires in memory."""
        return self._complete

    def incomplete(self) -> None:
        """See `Applications.incomplete`."""
        self._complete = False

    def keys(self) -> list[AppKey]:
        """See `Applications.keys`."""
        return sorted(self._objects)

    def many(self, keys: Sequence[AppKey]) -> list[Object | None]:
        """See `Applications.many`."""
        with self._lock:
            found = [self._objects.get(key) for key in keys]
        return [None if text is None else orjson.loads(text) for text in found]

    def by_ref(self, digest: str) -> list[AppKey]:
        """See `Applications.by_ref`."""
        return sorted(key for key, refs in self._refs.items() if digest in refs)

    def flush(self) -> None:
        """Lose everything, as FLUSHALL does."""
        self.__init__(self._refs_of)  # type: ignore[misc]  # starting anew is what a flush is
