"""What is due, who does it, and the bell that says so."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from common.core.keys import (
    AppKey,
    ClusterId,
)


class Kind(enum.IntFlag):
    """What a due item is due for; bits are OR-ed until the item is claimed."""

    FETCH = 1
    RENDER = 2
    DIFF = 4
    APPLY = 8
    HARD = 16
    """Ignore caches: the hard refresh."""
    REVISION = 32
    """Only the revision in the status is behind."""
    LIVE = 64
    """A watch has seen an object of its changed; perhaps only by our own write."""


class Item(msgspec.Struct, frozen=True, order=True):
    """A member of the due set: `app:<namespace>/<name>` or `ref:<digest>`."""

    sort: str
    name: str

    def __str__(self) -> str:
        return f"{self.sort}:{self.name}"

    @classmethod
    def app(cls, key: AppKey) -> Item:
        """An application's item."""
        return cls("app", str(key))

    @classmethod
    def ref(cls, digest: str) -> Item:
        """A repository-ref's item."""
        return cls("ref", digest)

    @classmethod
    def parse(cls, text: str) -> Item:
        """Read the text form."""
        sort, _, name = text.partition(":")
        return cls(sort, name)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A held lease: the right to save others the work, never the right to write (DESIGN §6)."""

    item: Item
    incarnation: str
    sequence: int
    kinds: Kind
    waited_seconds: float
    """How long past its due time it was claimed."""


class DueSet(Protocol):
    """The queue of record. Each method is one Lua script on Redis's own clock, or a read."""

    def request(self, item: Item, kinds: Kind, *, delay_seconds: float = 0.0) -> bool:
        """Make it due; True when the caller should ring its doorbell."""
        ...

    def request_many(self, items: Iterable[Item], kinds: Kind, *, delay_seconds: float = 0.0) -> list[Item]:
        """The same for many in one round trip; returns those to ring."""
        ...

    def claim(self, item: Item, *, lease_seconds: float) -> Claim | None:
        """Take the lease; None when somebody else holds it or nothing is due."""
        ...

    def renew(self, claims: Sequence[Claim], *, lease_seconds: float) -> list[Claim]:
        """Hold on; returns those that are lost."""
        ...

    def asked(self, claim: Claim) -> tuple[int, Kind]:
        """The sequence now, and what has been asked for since the claim."""
        ...

    def release(self, claim: Claim, *, due_in_seconds: float | None, seen: int | None = None) -> bool:
        """Let go, due again then (None: when something asks); True when it must be rung now because a
        request came meanwhile. Requests up to the sequence `seen` have been looked into already, and ask
        for nothing. Raises LeaseLost when it was not ours any more.
        """
        ...

    def tick(self, *, limit: int = 500) -> tuple[list[tuple[Item, Kind]], float]:
        """What to ring now, and the seconds until the next is due (bounded by a minute)."""
        ...

    def forget(self, item: Item) -> None:
        """The thing is gone."""
        ...

    def ensure_epoch(self) -> bool:
        """True, for exactly one caller, when Redis was empty: everything must be listed and made due, and
        then `keep_epoch` called. When that does not come within a minute another caller is told.
        """
        ...

    def keep_epoch(self) -> None:
        """Everything has been listed and made due."""
        ...

    def depth(self) -> dict[str, int]:
        """Counts for metrics: `due`, `scheduled`, `leased`."""
        ...


class Leases(Protocol):
    """The leases that this process holds, renewed by its heartbeat until they are released."""

    def claim(self, item: Item) -> Claim | None:
        """Claim and keep; None when somebody else holds it or nothing is due."""
        ...

    def held(self, claim: Claim) -> bool:
        """Whether it is surely still ours."""
        ...

    def release(self, claim: Claim, *, due_in_seconds: float | None, seen: int | None = None) -> bool:
        """Stop keeping and let go; True when it must be rung now. Raises LeaseLost."""
        ...


class TaskQueue(Protocol):
    """Doorbells. A lost one costs a tick."""

    def ring(self, item: Item, kinds: Kind, *, cluster: ClusterId | None = None) -> None:
        """Send the message that makes a worker look at the item."""
        ...
