"""The heartbeat keeps leases, and says which were lost."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from common.adapters.lease_keeper import LeaseKeeper
from common.adapters.memory.clock import SettableClock
from common.adapters.memory.due import MemoryDueSet
from common.core.errors import LeaseLost, StoreUnavailable
from common.ports import Claim, Item, Kind

APP = Item("app", "argocd/shop")


class Unreliable(MemoryDueSet):
    """Away when told so."""

    away = False

    def renew(self, claims: Sequence[Claim], *, lease_seconds: float) -> list[Claim]:
        """Raises StoreUnavailable while away."""
        if self.away:
            raise StoreUnavailable("away")
        return super().renew(claims, lease_seconds=lease_seconds)


@pytest.fixture
def clock() -> SettableClock:
    """One clock for both."""
    return SettableClock()


@pytest.fixture
def due(clock: SettableClock) -> Unreliable:
    """With something due."""
    due = Unreliable(clock.seconds)
    due.request(APP, Kind.DIFF)
    return due


@pytest.fixture
def lost() -> list[Claim]:
    """What the keeper told."""
    return []


@pytest.fixture
def keeper(due: Unreliable, clock: SettableClock, lost: list[Claim]) -> LeaseKeeper:
    """Not started: tests beat by hand."""
    return LeaseKeeper(due, lease_seconds=5, monotonic=clock.seconds, on_lost=lost.append)


def claimed(keeper: LeaseKeeper) -> Claim:
    """A claim that must succeed."""
    made = keeper.claim(APP)
    assert made is not None
    return made


def test_renewed_leases_are_held(keeper: LeaseKeeper, clock: SettableClock) -> None:
    """As long as the heart beats, whatever the time."""
    made = claimed(keeper)
    for _ in range(5):
        clock.advance(3)
        keeper.renew()
    assert keeper.held(made)
    assert keeper.claim(APP) is None


def test_without_renewal_it_is_not_held(keeper: LeaseKeeper, clock: SettableClock) -> None:
    """No request may outlive the lease, even if nobody has said that it is lost."""
    made = claimed(keeper)
    clock.advance(5)
    assert not keeper.held(made)


def test_released(keeper: LeaseKeeper, lost: list[Claim]) -> None:
    """What is released is not renewed, and not told as lost."""
    made = claimed(keeper)
    assert not keeper.release(made, due_in_seconds=60)
    assert not keeper.held(made)
    keeper.renew()
    assert lost == []


def test_taken_by_another(
    keeper: LeaseKeeper, due: Unreliable, clock: SettableClock, lost: list[Claim]
) -> None:
    """The keeper tells once, and the release is refused."""
    made = claimed(keeper)
    clock.advance(6)
    assert due.claim(APP, lease_seconds=5) is not None
    keeper.renew()
    keeper.renew()
    assert lost == [made]
    with pytest.raises(LeaseLost):
        keeper.release(made, due_in_seconds=None)


def test_redis_away_for_a_moment(keeper: LeaseKeeper, due: Unreliable, clock: SettableClock) -> None:
    """A missed heartbeat is made good by the next."""
    made = claimed(keeper)
    clock.advance(1.5)
    due.away = True
    keeper.renew()
    clock.advance(1.5)
    due.away = False
    keeper.renew()
    clock.advance(4)
    assert keeper.held(made)


def test_redis_away_for_longer_than_the_lease(
    keeper: LeaseKeeper, due: Unreliable, clock: SettableClock, lost: list[Claim]
) -> None:
    """Then it is lost, as far as we can know."""
    made = claimed(keeper)
    due.away = True
    clock.advance(5)
    keeper.renew()
    assert lost == [made]


def test_abandoned_work_is_due_at_once(keeper: LeaseKeeper, due: Unreliable) -> None:
    """A process that ends gives back what it had claimed, kinds and all."""
    claimed(keeper)
    assert keeper.abandon() == [APP]
    again = due.claim(APP, lease_seconds=5)
    assert again is not None
    assert again.kinds == Kind.DIFF
    assert keeper.abandon() == []


def test_abandon_survives_a_lost_lease(keeper: LeaseKeeper, clock: SettableClock, due: Unreliable) -> None:
    """Somebody else has it: then there is nothing to give back."""
    claimed(keeper)
    clock.advance(6)
    due.claim(APP, lease_seconds=5)
    assert keeper.abandon() == []


def test_thread_beats_and_stops() -> None:
    """A real heartbeat holds a short lease for much longer than it is, and ends when told."""
    due = MemoryDueSet()
    due.request(APP, Kind.DIFF)
    keeper = LeaseKeeper(due, lease_seconds=0.1)
    keeper.start()
    keeper.start()
    made = claimed(keeper)
    threading.Event().wait(0.35)
    assert keeper.held(made)
    assert not keeper.release(made, due_in_seconds=None)
    keeper.stop()
    assert "lease-keeper" not in {thread.name for thread in threading.enumerate()}
