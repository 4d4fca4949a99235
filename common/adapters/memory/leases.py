"""Leases without a heartbeat, for tests: what is claimed is held until its due set says otherwise."""

from __future__ import annotations

from common.ports import Claim, DueSet, Item


class MemoryLeases:
    """`ports.Leases`."""

    def __init__(self, due: DueSet, *, lease_seconds: float = 5.0) -> None:
        self._due = due
        self._lease_seconds = lease_seconds
        self._held: dict[str, Claim] = {}

    def claim(self, item: Item) -> Claim | None:
        """See `Leases.claim`."""
        claim = self._due.claim(item, lease_seconds=self._lease_seconds)
        if claim is not None:
            self._held[claim.incarnation] = claim
        return claim

    def held(self, claim: Claim) -> bool:
        """See `Leases.held`."""
        return claim.incarnation in self._held

    def release(self, claim: Claim, *, due_in_seconds: float | None, seen: int | None = None) -> bool:
        """See `Leases.release`."""
        self._held.pop(claim.incarnation, None)
        return self._due.release(claim, due_in_seconds=due_in_seconds, seen=seen)
