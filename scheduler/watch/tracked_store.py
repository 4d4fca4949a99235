"""The tracked objects of one kind of one cluster, on their way into the live snapshot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from common.core.keys import ClusterId, GroupKind, Object, key_of
from common.ports import LiveStore, Taken, WatchEvent

OwnerOf = Callable[[Object], str]
"""The instance name of the application that tracks an object; empty when it is nobody's."""

Wake = Callable[[Collection[str]], None]
"""Make the applications of these instance names due."""


class TrackedStore:
    """A KindStore. What nobody tracks, and nobody did, costs nothing."""

    def __init__(
        self,
        live: LiveStore,
        cluster: ClusterId,
        kind: GroupKind,
        watcher: str,
        owner_of: OwnerOf,
        wake: Wake,
    ) -> None:
        self._live, self._cluster, self._kind, self._watcher = live, cluster, kind, watcher
        self._owner_of, self._wake = owner_of, wake
        self._generation = 0
        self._tracked: set[str] = set()
        """`namespace/name` of what the snapshot has, so that events of others need no request."""

    def begin(self) -> None:
        """See `KindStore.begin`."""
        self._generation = self._live.begin(self._cluster, self._kind, watcher=self._watcher)
        self._tracked.clear()

    def listed(self, objects: Sequence[Object]) -> None:
        """See `KindStore.listed`."""
        rows = [(obj, owner) for obj in objects if (owner := self._owner_of(obj))]
        self._put(rows, generation=self._generation)

    def swap(self, resource_version: str) -> None:
        """See `KindStore.swap`."""
        losers = self._live.swap(
            self._cluster, self._kind, self._generation, resource_version, watcher=self._watcher
        )
        self._wake_some(losers)

    def events(self, events: Sequence[WatchEvent]) -> None:
        """See `KindStore.events`. Runs of changes go in one round trip, deletions in between."""
        changes: list[tuple[Object, str]] = []
        for event in events:
            obj = event.object
            owner = self._owner_of(obj)
            if not owner and _place(obj) not in self._tracked:
                continue
            if event.type != "DELETED":
                changes.append((obj, owner))
                if owner:
                    self._tracked.add(_place(obj))
                continue
            self._put(changes)
            changes = []
            self._remove(obj, owner)
        self._put(changes)

    def lost(self) -> None:
        """See `KindStore.lost`."""
        self._live.incomplete(self._cluster, self._kind, watcher=self._watcher)

    def _put(self, rows: list[tuple[Object, str]], *, generation: int = 0) -> None:
        if not rows:
            return
        taken = self._live.put_many(self._cluster, rows, generation=generation)
        for obj, owner in rows:
            (self._tracked.add if owner else self._tracked.discard)(_place(obj))
        pairs: list[tuple[tuple[Object, str], Taken]] = list(zip(rows, taken, strict=True))
        # What we wrote ourselves is in the snapshot already: its echo changes nothing and wakes nobody.
        owners = {owner for (_, owner), took in pairs if took.changed}
        self._wake_some(owners | {took.previous_owner for _, took in pairs if took.changed})

    def _remove(self, obj: Object, owner: str) -> None:
        version = str((obj.get("metadata") or {}).get("resourceVersion") or "0")
        had = self._live.remove(self._cluster, key_of(obj), version)
        self._tracked.discard(_place(obj))
        self._wake_some({owner, had})

    def _wake_some(self, owners: Collection[str]) -> None:
        named = {owner for owner in owners if owner}
        if named:
            self._wake(named)


def _place(obj: Object) -> str:
    meta = obj.get("metadata") or {}
    return f"{meta.get('namespace') or ''}/{meta.get('name') or ''}"
