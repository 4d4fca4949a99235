"""The due set on Redis: what is to be done, when, and who is doing it. Messages are only doorbells.

Four scripts change it (request, claim, release, tick), on Redis's own clock, each as a whole or not at all.
The same rules in Python are `common.adapters.memory.due`; a test runs both side by side.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence

import redis

from common.adapters.redis.connection import PREFIX, Script, each, translating
from common.adapters.redis.doorbell import Doorbell
from common.core.errors import LeaseLost
from common.ports import Claim, Item, Kind

EPOCH_LISTING_SECONDS = 60
"""How long whoever found Redis empty has for listing everything, before another is asked to."""


class RedisDueSet:
    """`ports.DueSet`. `clock` (seconds) is for tests: without it Redis's clock is used."""

    def __init__(
        self, client: redis.Redis, *, prefix: str = PREFIX, clock: Callable[[], float] | None = None
    ) -> None:
        self._client = client
        self._clock = clock
        self._keys = [f"{prefix}due", *(f"{prefix}due:{k}" for k in ("waiting", "leases", "states", "wake"))]
        self._epoch = f"{prefix}epoch"
        self._request, self._claim, self._release, self._tick = (
            Script(client, "due_state", f"due_{name}") for name in ("request", "claim", "release", "tick")
        )

    def _now(self) -> str:
        return "" if self._clock is None else f"{self._clock():.6f}"

    def request(self, item: Item, kinds: Kind, *, delay_seconds: float = 0.0) -> bool:
        """Make it due; True when the caller should ring its doorbell. Raises StoreUnavailable."""
        return bool(self._request(self._keys, self._now(), int(kinds), delay_seconds, str(item)))

    def request_many(self, items: Iterable[Item], kinds: Kind, *, delay_seconds: float = 0.0) -> list[Item]:
        """The same for many, a thousand at a time; returns those to ring. Raises StoreUnavailable."""
        names = [str(item) for item in items]
        slices = [names[i : i + 1000] for i in range(0, len(names), 1000)]
        head = (self._now(), int(kinds), delay_seconds)
        answers = self._request.pipelined([(self._keys, (*head, *part)) for part in slices]) if names else []
        return [Item.parse(name.decode()) for answer in answers for name in answer]

    def claim(self, item: Item, *, lease_seconds: float) -> Claim | None:
        """Take the lease; None when somebody holds it or nothing is due. Raises StoreUnavailable."""
        incarnation = secrets.token_hex(8)
        answer = self._claim(self._keys, self._now(), lease_seconds, "claim", str(item), incarnation)
        if answer is None:
            return None
        return Claim(
            item=item,
            incarnation=incarnation,
            sequence=int(answer[0]),
            kinds=Kind(int(answer[1])),
            waited_seconds=float(answer[2]),
        )

    def renew(self, claims: Sequence[Claim], *, lease_seconds: float) -> list[Claim]:
        """Hold on; returns those that are lost. Raises StoreUnavailable."""
        if not claims:
            return []
        pairs = [part for claim in claims for part in (str(claim.item), claim.incarnation)]
        lost = set(self._claim(self._keys, self._now(), lease_seconds, "renew", *pairs))
        return [claim for claim in claims if claim.incarnation.encode() in lost]

    def asked(self, claim: Claim) -> tuple[int, Kind]:
        """The sequence now, and what was asked for since the claim. Raises StoreUnavailable."""
        with translating:
            state = self._client.hget(self._keys[3], str(claim.item))
        sequence, pending, *_ = (state or b"0 0").split()
        return int(sequence), Kind(int(pending))

    def release(self, claim: Claim, *, due_in_seconds: float | None, seen: int | None = None) -> bool:
        """Let go; True when it must be rung now. Raises LeaseLost, StoreUnavailable."""
        due = "" if due_in_seconds is None else due_in_seconds
        known = "" if seen is None else seen
        answer = self._release(self._keys, self._now(), str(claim.item), claim.incarnation, due, known)
        if answer == -1:
            raise LeaseLost(f"the lease on {claim.item} is not ours any more")
        return bool(answer)

    def tick(self, *, limit: int = 500) -> tuple[list[tuple[Item, Kind]], float]:
        """What to ring now, and the seconds until the next is due. Raises StoreUnavailable."""
        *pairs, wait = self._tick(self._keys, self._now(), limit)
        names, kinds = pairs[::2], pairs[1::2]
        rung = [(Item.parse(n.decode()), Kind(int(k))) for n, k in zip(names, kinds, strict=True)]
        return rung, float(wait)

    def forget(self, item: Item) -> None:
        """The thing is gone; whoever holds its lease loses it. Raises StoreUnavailable."""
        due, waiting, leases, states, _wake = self._keys

        def fill(pipe: redis.client.Pipeline) -> None:
            for key in (due, waiting, leases):
                pipe.zrem(key, str(item))
            pipe.hdel(states, str(item))

        each(self._client, fill, transaction=True)

    def ensure_epoch(self) -> bool:
        """True for exactly one caller when Redis was empty. It lists everything, makes it due, and says so
        with `keep_epoch`; if it dies before, another is told in its place a minute later.
        """
        with translating:
            return bool(self._client.set(self._epoch, "listing", nx=True, ex=EPOCH_LISTING_SECONDS))

    def keep_epoch(self) -> None:
        """Everything has been listed and made due. Raises StoreUnavailable."""
        with translating:
            self._client.set(self._epoch, "listed")

    def depth(self) -> dict[str, int]:
        """Items that are `due` (and unclaimed), `scheduled` for later, `leased`. Raises StoreUnavailable."""
        due, waiting, leases, _states, _wake = self._keys
        with translating:
            seconds, micros = self._client.time()
        now = self._clock() if self._clock else seconds + micros / 1e6

        def fill(pipe: redis.client.Pipeline) -> None:
            pipe.zcard(due)
            pipe.zcard(waiting)
            pipe.zcount(leases, f"({now:.6f}", "+inf")

        total, unclaimed, leased = each(self._client, fill, transaction=True)
        return {"due": unclaimed, "scheduled": total - unclaimed - leased, "leased": leased}

    def doorbell(self) -> Doorbell:
        """What wakes a sleeping beat when something becomes due earlier than it knew."""
        return Doorbell(self._client, f"{self._keys[4]}:bell")
