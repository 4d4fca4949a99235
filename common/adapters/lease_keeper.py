"""The process's heartbeat: holds the leases of what its threads work on, and says which were lost.

One thread renews all of them in one round trip; without a lease it sleeps and costs nothing. When the process
is killed the renewals end with it, and its work is due again a lease later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from common.core.errors import StoreError, StoreUnavailable
from common.ports import Claim, DueSet, Item

log = structlog.get_logger(__name__)


class LeaseKeeper:
    """Claims, keeps and releases for the threads of one process. `on_lost` is told of each lost lease."""

    def __init__(
        self,
        due: DueSet,
        *,
        lease_seconds: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
        on_lost: Callable[[Claim], object] = lambda _claim: None,
    ) -> None:
        self._due = due
        self._lease = lease_seconds
        self._interval = lease_seconds * 0.3
        self._monotonic = monotonic
        self._on_lost = on_lost
        self._held: dict[str, tuple[Claim, float]] = {}
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin the heartbeat; fine when it beats already."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="lease-keeper", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the heartbeat. What is still held is given back by `abandon`, or ends by itself."""
        self._stopping.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join()

    def claim(self, item: Item) -> Claim | None:
        """Claim and keep. Raises StoreUnavailable."""
        before = self._monotonic()
        claim = self._due.claim(item, lease_seconds=self._lease)
        if claim is not None:
            with self._lock:
                self._held[claim.incarnation] = (claim, before + self._lease)
                self._some.set()
        return claim

    def held(self, claim: Claim) -> bool:
        """Whether the lease is surely still ours: no request may outlive it."""
        with self._lock:
            kept = self._held.get(claim.incarnation)
        return kept is not None and kept[1] > self._monotonic()

    def release(self, claim: Claim, *, due_in_seconds: float | None, seen: int | None = None) -> bool:
        """Stop keeping and let go; True when it must be rung now. Raises LeaseLost, StoreUnavailable."""
        with self._lock:
            self._held.pop(claim.incarnation, None)
        return self._due.release(claim, due_in_seconds=due_in_seconds, seen=seen)

    def abandon(self) -> list[Item]:
        """Give everything back undone, at once, for a process that ends; returns what to ring."""
        with self._lock:
            claims = [claim for claim, _until in self._held.values()]
            self._held.clear()
        rung = []
        for claim in claims:
            try:
                self._due.request(claim.item, claim.kinds)
                if self._due.release(claim, due_in_seconds=0.0):
                    rung.append(claim.item)
            except StoreError as error:
                log.warning("lease_not_returned", item=str(claim.item), error=str(error))
        return rung

    def renew(self) -> None:
        """One heartbeat."""
        with self._lock:
            claims = [claim for claim, _until in self._held.values()]
        if not claims:
            return
        before = self._monotonic()
        try:
            lost = {claim.incarnation for claim in self._due.renew(claims, lease_seconds=self._lease)}
        except StoreUnavailable as error:
            log.warning("leases_not_renewed", leases=len(claims), error=str(error))
            lost = set()
        else:
            self._extend([claim for claim in claims if claim.incarnation not in lost], before + self._lease)
        self._drop(lost, before)

    def _extend(self, claims: list[Claim], until: float) -> None:
        with self._lock:
            for claim in claims:
                if claim.incarnation in self._held:
                    self._held[claim.incarnation] = (claim, until)

    def _drop(self, lost: set[str], now: float) -> None:
        with self._lock:
            gone = [
                claim
                for incarnation, (claim, until) in self._held.items()
                if incarnation in lost or until <= now
            ]
            for claim in gone:
                del self._held[claim.incarnation]
        for claim in gone:
            log.warning("lease_lost", item=str(claim.item))
            self._on_lost(claim)

    def _beat(self) -> None:
        while True:
            self._some.wait()
            if self._stopping.wait(self._interval):
                return
            try:
                self.renew()
            except StoreError:
                log.exception("heartbeat_failed")
            with self._lock:
                if not self._held and not self._stopping.is_set():
                    self._some.clear()
