"""What is kept in Redis: only what can be made again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from common.core.keys import (
    AppKey,
    ClusterId,
    GroupKind,
    Object,
    ObjectKey,
)


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one application's live objects, read in one transaction with its marker."""

    objects: Mapping[ObjectKey, Object]
    complete: frozenset[GroupKind]
    """Kinds whose absence from `objects` is proof of absence."""


class Taken(msgspec.Struct, frozen=True):
    """What the live snapshot did with an object."""

    changed: bool
    """False when the snapshot's was as new."""
    previous_owner: str
    """Whom it belonged to before; empty for nobody."""


class LiveStore(Protocol):
    """The live snapshot (DESIGN §5). Versions only go forward: an older resourceVersion never replaces."""

    def lead(self, cluster: ClusterId, watcher: str, *, lease_seconds: float) -> bool:
        """Take or keep the cluster's watch lease for a watcher's incarnation; False when another has it.
        When it ends, all that this watcher had marked complete is no proof any more.
        """
        ...

    def leave(self, cluster: ClusterId, watcher: str) -> None:
        """Give the watch lease back, if it is this watcher's."""
        ...

    def read(self, cluster: ClusterId, owner: str) -> Snapshot:
        """The objects tracked by `owner` (the tracking-id's first part)."""
        ...

    def put(self, cluster: ClusterId, obj: Object, owner: str) -> bool:
        """Take in an event or the answer to a write of ours; False when ours is as new. `owner` is empty
        for an object that nobody tracks: then one that was tracked before leaves the snapshot.
        """
        ...

    def put_many(
        self, cluster: ClusterId, objects: Sequence[tuple[Object, str]], *, generation: int = 0
    ) -> list[Taken]:
        """Several `(object, owner)` in one round trip. The items of a LIST come with the generation that
        `begin` gave: `swap` drops what did not, unless it is newer than the LIST.
        """
        ...

    def remove(self, cluster: ClusterId, key: ObjectKey, resource_version: str) -> str:
        """A deletion; leaves a tombstone. Returns the owner it had, or empty."""
        ...

    def begin(self, cluster: ClusterId, kind: GroupKind, *, watcher: str = "") -> int:
        """A new generation of a kind, before its LIST; the kind is incomplete until `swap`. With `watcher`:
        raises LeaseLost when the lease is not its.
        """
        ...

    def swap(
        self,
        cluster: ClusterId,
        kind: GroupKind,
        generation: int,
        resource_version: str,
        *,
        watcher: str = "",
    ) -> list[str]:
        """The LIST is in: drop what it did not have, mark the kind complete. Returns owners that lost
        objects. Raises LeaseLost when a later generation was begun, or the lease is not `watcher`'s.
        """
        ...

    def incomplete(self, cluster: ClusterId, kind: GroupKind | None = None, *, watcher: str = "") -> None:
        """The watch is behind or gone: absence is no proof any more. With `watcher`: nothing happens when
        the lease is not its.
        """
        ...

    def complete(self, cluster: ClusterId) -> frozenset[GroupKind]:
        """Kinds whose absence is proof now. A watcher asks with each heartbeat, and lists again what it
        believes complete and is not here: Redis was flushed, or somebody called `incomplete`.
        """
        ...

    def forget(self, cluster: ClusterId) -> None:
        """The cluster is gone, or was restored from a backup: nothing is known of it."""
        ...

    def want(self, cluster: ClusterId, kinds: Collection[GroupKind]) -> None:
        """Ask the cluster's watcher for kinds; the watcher is woken when any is new."""
        ...

    def wanted(self, cluster: ClusterId) -> frozenset[GroupKind]:
        """What has been asked for."""
        ...

    def wait_wanted(self, timeout_seconds: float) -> frozenset[ClusterId]:
        """Block until a new kind is asked for somewhere, or the time is over: clusters to look at (after a
        broken connection none of them may be named).
        """
        ...


class Blobs(Protocol):
    """Content-addressed, compressed, immutable; evicted by us, oldest use first."""

    def get(self, namespace: str, digest: str) -> bytes:
        """Raises CacheMiss."""
        ...

    def put(self, namespace: str, digest: str, data: bytes) -> None:
        """Keep it."""
        ...


class Facts(Protocol):
    """Small JSON documents by name that can be made again: refs, inputs, stamps, failures."""

    def get(self, namespace: str, names: Sequence[str]) -> list[Any | None]:
        """Values in the order asked."""
        ...

    def put(self, namespace: str, values: Mapping[str, Any]) -> None:
        """Set several."""
        ...

    def drop(self, namespace: str, names: Sequence[str]) -> None:
        """Remove several."""
        ...

    def all(self, namespace: str) -> dict[str, Any]:
        """Every document of a namespace."""
        ...

    def version(self, name: str) -> int:
        """A counter that other processes bump, 0 at first."""
        ...

    def bump(self, name: str) -> int:
        """Tell the others that something they keep in memory has changed."""
        ...


class Applications(Protocol):
    """The home cluster's Applications as the watcher last saw them, or as our last write left them."""

    def get(self, key: AppKey) -> Object | None:
        """The object; None when there is none, or none is known yet (see `complete`)."""
        ...

    def complete(self) -> bool:
        """Whether an Application that is not here does not exist."""
        ...

    def put(self, obj: Object) -> bool:
        """Take in an event or a write's answer; False when ours is as new."""
        ...

    def remove(self, key: AppKey) -> None:
        """It is gone."""
        ...

    def swap(self, objects: Sequence[Object], resource_version: str) -> list[AppKey]:
        """Take in a complete LIST and mark it complete: those that it does not have are gone, unless they
        are newer than it. Returns the keys that went.
        """
        ...

    def confirm(self) -> bool:
        """The watch lives: what is complete stays so for some seconds more. False when it is not complete
        (any more): list again.
        """
        ...

    def incomplete(self) -> None:
        """The watch is behind or gone: absence is no proof any more."""
        ...

    def keys(self) -> list[AppKey]:
        """All of them, sorted."""
        ...

    def many(self, keys: Sequence[AppKey]) -> list[Object | None]:
        """Several in one round trip."""
        ...

    def by_ref(self, digest: str) -> list[AppKey]:
        """Those that follow a repository's ref (`common.core.refs.ref_digest`), sorted."""
        ...


class Logins(Protocol):
    """What the server remembers of people who log in. Losing it logs nobody in and nobody out."""

    def attempt(self, who: str, *, window_seconds: float) -> int:
        """Count one more attempt; the number of them in the window, which begins with its first."""
        ...

    def forgive(self, who: str) -> None:
        """It went well: the attempts count no more."""
        ...

    def hand_out(self, token: str, *, seconds: float) -> None:
        """Let a random token log in once, within so many seconds. Only its digest is kept."""
        ...

    def take(self, token: str) -> bool:
        """Use such a token up; False when there is none (any more)."""
        ...

    def revoke(self, token_id: str, *, seconds: float) -> None:
        """Refuse a signed token until it ends by itself."""
        ...

    def revoked(self, token_id: str) -> bool:
        """Whether it is refused."""
        ...


class ApplicationChanges(Protocol):
    """A subscription to what `Applications` takes in, for one thread."""

    def wait(self, seconds: float) -> list[str]:
        """Sleep so long, or until something changed: then all of it, as `ADDED`, `MODIFIED` or `DELETED` and
        the key, separated by a space. An empty text: look yourself at what you may have missed.
        """
        ...

    def ring(self, words: str = "") -> None:
        """Wake everybody who waits."""
        ...

    def close(self) -> None:
        """End the subscription."""
        ...
