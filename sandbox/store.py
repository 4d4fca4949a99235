"""What a cluster holds: objects as bytes, one resourceVersion counter, and each kind's recent events.

An object is kept as the JSON it is served as. `Entry.load()` parses it anew, so nobody can change what is
stored by accident. Only one event loop touches a store, so nothing here locks or waits.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson

from sandbox.selectors import extra_fields

Storage = tuple[str, str]
"""Group and plural: all versions of a kind are one collection."""

Key = tuple[str, str]
"""Namespace (empty for cluster-scoped objects) and name."""


class Entry:
    """One state of one object. Never changes."""

    __slots__ = (
        "api_version",
        "applied",
        "deleting",
        "fields",
        "key",
        "labels",
        "owners",
        "raw",
        "rv",
        "uid",
    )

    def __init__(self, storage: Storage, key: Key, raw: bytes, obj: dict[str, Any]) -> None:
        meta = obj["metadata"]
        self.key = key
        self.raw = raw
        self.rv = int(meta["resourceVersion"])
        self.uid: str = meta.get("uid", "")
        self.labels: dict[str, str] = meta.get("labels") or {}
        self.owners: tuple[str, ...] = tuple(o.get("uid", "") for o in meta.get("ownerReferences") or ())
        self.deleting = "deletionTimestamp" in meta
        self.api_version: str = obj.get("apiVersion", "")
        self.fields: dict[str, str] = extra_fields(storage, obj)
        self.applied: tuple[object, ...] | None = None
        """The last server-side apply that ended in this very state: the same again changes nothing."""

    def load(self) -> dict[str, Any]:
        """A fresh copy."""
        obj: dict[str, Any] = orjson.loads(self.raw)
        return obj


class Event(NamedTuple):
    """A change. `previous` is None for an addition, `entry` holds the last state for a deletion."""

    rv: int
    type: str
    entry: Entry
    previous: Entry | None


class TooOld(Exception):
    """The history no longer reaches back to the resourceVersion; carries the oldest that it does reach."""

    def __init__(self, asked: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {asked} ({oldest})")


Listener = Callable[[Storage, Event], None]


class Collection:
    """The objects of one kind, and their last events."""

    def __init__(self, storage: Storage, window: int, since: int) -> None:
        self.storage = storage
        self.entries: dict[Key, Entry] = {}
        self.keys: list[Key] = []
        self.history: deque[Event] = deque()
        self.window = window
        self.since = since
        """The history is complete after this resourceVersion."""
        self.listeners: set[Callable[[Event], None]] = set()

    def record(self, event: Event) -> None:
        """Remember an event and tell those who watch."""
        if len(self.history) >= self.window:
            self.since = self.history.popleft().rv
        self.history.append(event)
        for listener in tuple(self.listeners):
            listener(event)

    def after(self, rv: int) -> list[Event]:
        """The events after a resourceVersion.

        Raises:
            TooOld: some of them are gone.
        """
        if rv < self.since:
            raise TooOld(rv, self.since)
        newer = []
        for event in reversed(self.history):
            if event.rv <= rv:
                break
            newer.append(event)
        newer.reverse()
        return newer

    def select(self, namespace: str) -> list[Entry]:
        """The entries of a namespace, of all when it is empty; in order of namespace and name."""
        keys = self.keys
        if namespace:
            keys = keys[bisect_left(keys, (namespace, "")) : bisect_left(keys, (namespace + "\0", ""))]
        entries = self.entries
        return [entries[key] for key in keys]

    def at(self, rv: int, namespace: str) -> list[Entry]:
        """The entries as they were at a resourceVersion, by undoing what came after.

        Raises:
            TooOld: not known any more.
        """
        newer = self.after(rv)
        if not newer:
            return self.select(namespace)
        past = dict(self.entries)
        for event in reversed(newer):
            if event.previous is None:
                past.pop(event.entry.key, None)
            else:
                past[event.entry.key] = event.previous
        return [past[key] for key in sorted(past) if not namespace or key[0] == namespace]


class Store:
    """All collections of a cluster."""

    def __init__(self, *, window: int = 5000, rv: int = 1) -> None:
        self.rv = rv
        self.since = rv
        """No event is known of what happened up to here: a watch from before must list again."""
        self.window = window
        self.collections: dict[Storage, Collection] = {}
        self.by_uid: dict[str, tuple[Storage, Key]] = {}
        self.by_owner: dict[str, set[tuple[Storage, Key]]] = {}
        self.listeners: list[Listener] = []

    def collection(self, storage: Storage) -> Collection:
        """The collection, made when it is new."""
        found = self.collections.get(storage)
        if found is None:
            found = self.collections[storage] = Collection(storage, self.window, self.since)
        return found

    def get(self, storage: Storage, key: Key) -> Entry | None:
        """One object's present state."""
        return self.collection(storage).entries.get(key)

    def put(self, storage: Storage, obj: dict[str, Any]) -> Entry:
        """Add or replace an object; it gets the next resourceVersion."""
        self.rv += 1
        meta = obj["metadata"]
        meta["resourceVersion"] = str(self.rv)
        key = (meta.get("namespace", ""), meta["name"])
        entry = Entry(storage, key, orjson.dumps(obj), obj)
        previous = self._place(storage, entry)
        self._tell(storage, Event(self.rv, "MODIFIED" if previous else "ADDED", entry, previous))
        return entry

    def restore(self, storage: Storage, raw: bytes) -> None:
        """Put back what was read from disk: its resourceVersion stays, and nobody is told."""
        obj = orjson.loads(raw)
        meta = obj["metadata"]
        self._place(storage, Entry(storage, (meta.get("namespace", ""), meta["name"]), raw, obj))

    def _place(self, storage: Storage, entry: Entry) -> Entry | None:
        collection = self.collection(storage)
        previous = collection.entries.get(entry.key)
        collection.entries[entry.key] = entry
        place = (storage, entry.key)
        if previous is None:
            insort(collection.keys, entry.key)
            self.by_uid[entry.uid] = place
        if previous is None or previous.owners != entry.owners:
            self._disown(place, previous)
            for owner in entry.owners:
                self.by_owner.setdefault(owner, set()).add(place)
        return previous

    def remove(self, storage: Storage, key: Key) -> Entry | None:
        """Take an object away; its last state, with the resourceVersion of its deletion, goes to watchers."""
        last = self.take(storage, key)
        if last is None:
            return None
        self.rv += 1
        obj = last.load()
        obj["metadata"]["resourceVersion"] = str(self.rv)
        entry = Entry(storage, key, orjson.dumps(obj), obj)
        self._tell(storage, Event(self.rv, "DELETED", entry, last))
        return entry

    def take(self, storage: Storage, key: Key) -> Entry | None:
        """Forget an object; nobody is told."""
        collection = self.collection(storage)
        last = collection.entries.pop(key, None)
        if last is None:
            return None
        del collection.keys[bisect_left(collection.keys, key)]
        self.by_uid.pop(last.uid, None)
        self._disown((storage, key), last)
        return last

    def _disown(self, place: tuple[Storage, Key], entry: Entry | None) -> None:
        for owner in entry.owners if entry else ():
            owned = self.by_owner.get(owner)
            if owned is not None:
                owned.discard(place)
                if not owned:
                    del self.by_owner[owner]

    def _tell(self, storage: Storage, event: Event) -> None:
        self.collection(storage).record(event)
        for listener in self.listeners:
            listener(storage, event)

    def dependents(self, uid: str) -> list[tuple[Storage, Key]]:
        """Objects that name this one as an owner, in order."""
        return sorted(self.by_owner.get(uid, ()))

    def everything(self) -> Iterator[tuple[Storage, Entry]]:
        """All objects, kind by kind."""
        for storage, collection in self.collections.items():
            for key in collection.keys:
                yield storage, collection.entries[key]
