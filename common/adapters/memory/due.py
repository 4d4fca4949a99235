"""The due set in plain Python: the fake for unit tests, and the model that the Lua scripts are held to."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from common.core.errors import LeaseLost
from common.ports import Claim, Item, Kind

AHEAD_SECONDS = 5.0
LONGEST_SECONDS = 60.0
MOMENT_SECONDS = 1.0
NOTHING = Kind(0)


@dataclass
class _State:
    """What the hash `states` and the three sorted sets say of one item."""

    due: float
    waiting_since: float | None = None
    lease_ends: float | None = None
    sequence: int = 0
    pending: Kind = NOTHING
    held: Kind = NOTHING
    holder: str = ""
    claimed: int = 0
    wake: float | None = None
    rung_at: float = 0.0
    rings: int = 0

    def settle(self, now: float) -> None:
        """A lease that has ended gives back what its holder had claimed."""
        if self.lease_ends is None or self.lease_ends > now:
            return
        self.pending, self.held, self.holder = self.pending | self.held, NOTHING, ""
        self.waiting_since, self.lease_ends = self.lease_ends, None
        self.wake, self.rung_at, self.rings = None, 0.0, 0

    def ring(self, now: float, since: float) -> None:
        """A message goes out: should it get lost, the item comes again, later each time."""
        self.rung_at, self.rings = now, self.rings + 1
        if self.waiting_since is None:
            self.waiting_since = since
        self.due = now + min(AHEAD_SECONDS * 2 ** (self.rings - 1), LONGEST_SECONDS)

    def request(self, now: float, kinds: Kind, at: float) -> bool:
        """One request; True to ring."""
        self.settle(now)
        self.sequence, self.pending = self.sequence + 1, self.pending | kinds
        if self.holder:
            self.wake = at if self.wake is None else min(self.wake, at)
            return False
        if self.rings:
            if at > now or now - self.rung_at < MOMENT_SECONDS:
                return False
            self.rung_at = now
            return True
        self.due = min(self.due, at)
        if self.due > now:
            return False
        self.ring(now, self.due)
        return True


class MemoryDueSet:
    """`ports.DueSet` in this process. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._items: dict[Item, _State] = {}
        self._epoch = False
        self._lock = threading.RLock()

    def request(self, item: Item, kinds: Kind, *, delay_seconds: float = 0.0) -> bool:
        """Make it due; True when the caller should ring its doorbell."""
        with self._lock:
            now = self._clock()
            at = now + delay_seconds
            return self._items.setdefault(item, _State(due=at)).request(now, kinds, at)

    def request_many(self, items: Iterable[Item], kinds: Kind, *, delay_seconds: float = 0.0) -> list[Item]:
        """The same for many; returns those to ring."""
        with self._lock:
            return [item for item in items if self.request(item, kinds, delay_seconds=delay_seconds)]

    def claim(self, item: Item, *, lease_seconds: float) -> Claim | None:
        """Take the lease; None when somebody holds it or nothing is due."""
        with self._lock:
            now, state = self._clock(), self._items.get(item)
            if state is None:
                return None
            state.settle(now)
            if state.holder or (state.waiting_since is None and state.due > now):
                return None
            since = state.due if state.waiting_since is None else state.waiting_since
            state.held, state.pending, state.claimed = state.pending, NOTHING, state.sequence
            state.holder, state.waiting_since, state.wake = secrets.token_hex(8), None, None
            state.rung_at, state.rings = 0.0, 0
            state.lease_ends = state.due = now + lease_seconds
            return Claim(
                item=item,
                incarnation=state.holder,
                sequence=state.claimed,
                kinds=state.held,
                waited_seconds=now - since,
            )

    def renew(self, claims: Sequence[Claim], *, lease_seconds: float) -> list[Claim]:
        """Hold on; returns those that are lost."""
        with self._lock:
            lost = []
            for claim in claims:
                state = self._items.get(claim.item)
                if state is None or state.holder != claim.incarnation:
                    lost.append(claim)
                else:
                    state.lease_ends = state.due = self._clock() + lease_seconds
            return lost

    def asked(self, claim: Claim) -> tuple[int, Kind]:
        """The sequence now, and what was asked for since the claim."""
        with self._lock:
            state = self._items.get(claim.item)
            return (0, NOTHING) if state is None else (state.sequence, state.pending)

    def release(self, claim: Claim, *, due_in_seconds: float | None, seen: int | None = None) -> bool:
        """Let go; True when it must be rung now. Raises LeaseLost."""
        with self._lock:
            now, state = self._clock(), self._items.get(claim.item)
            if state is None or state.holder != claim.incarnation:
                raise LeaseLost(f"the lease on {claim.item} is not ours any more")
            wanted = [] if due_in_seconds is None else [now + due_in_seconds]
            if state.sequence == seen:
                state.claimed, state.pending = state.sequence, NOTHING
            if state.sequence != state.claimed and state.wake is not None:
                wanted.append(state.wake)
            state.held, state.holder, state.lease_ends = NOTHING, "", None
            state.claimed, state.wake = 0, None
            if not wanted:
                del self._items[claim.item]
                return False
            state.due = min(wanted)
            if state.due > now:
                return False
            state.ring(now, now)
            return True

    def tick(self, *, limit: int = 500) -> tuple[list[tuple[Item, Kind]], float]:
        """What to ring now, and the seconds until the next is due."""
        with self._lock:
            now = self._clock()
            by_due = sorted(self._items.items(), key=lambda pair: (pair[1].due, str(pair[0]).encode()))
            rung = []
            for item, state in islice((p for p in by_due if p[1].due <= now), limit):
                since = state.due
                state.settle(now)
                state.ring(now, since)
                rung.append((item, state.pending))
            first = min((state.due for state in self._items.values()), default=now + LONGEST_SECONDS)
            return rung, max(0.0, min(LONGEST_SECONDS, first - now))

    def forget(self, item: Item) -> None:
        """The thing is gone; whoever holds its lease loses it."""
        with self._lock:
            self._items.pop(item, None)

    def ensure_epoch(self) -> bool:
        """True for exactly one caller when all was forgotten."""
        with self._lock:
            first, self._epoch = not self._epoch, True
            return first

    def keep_epoch(self) -> None:
        """Everything has been listed and made due."""

    def depth(self) -> dict[str, int]:
        """Counts: `due`, `scheduled`, `leased`."""
        with self._lock:
            now = self._clock()
            due = sum(s.waiting_since is not None for s in self._items.values())
            leased = sum(s.lease_ends is not None and s.lease_ends > now for s in self._items.values())
            return {"due": due, "scheduled": len(self._items) - due - leased, "leased": leased}

    def flush(self) -> None:
        """What FLUSHALL does, for tests."""
        with self._lock:
            self._items.clear()
            self._epoch = False
