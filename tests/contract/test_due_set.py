"""`ports.DueSet`: the rules, one by one, on the fake and on Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis

from common.adapters.memory.clock import SettableClock
from common.adapters.memory.due import MemoryDueSet
from common.adapters.redis.due import RedisDueSet
from common.core.errors import LeaseLost
from common.ports import Claim, Item, Kind
from tests.redis_fixtures import valkey, valkey_server  # noqa: F401

type_of_due = MemoryDueSet | RedisDueSet
APP = Item("app", "argocd/shop")
OTHER = Item("app", "argocd/bank")


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still."""
    return SettableClock()


@pytest.fixture(params=["memory", "redis"])
def due(request: pytest.FixtureRequest, clock: SettableClock) -> Iterator[MemoryDueSet | RedisDueSet]:
    """Each implementation, empty."""
    if request.param == "memory":
        yield MemoryDueSet(clock.seconds)
    else:
        client: redis.Redis = request.getfixturevalue("valkey")
        yield RedisDueSet(client, clock=clock.seconds)


def claim(due: type_of_due, item: Item = APP, lease: float = 5.0) -> Claim:
    """A claim that must succeed."""
    made = due.claim(item, lease_seconds=lease)
    assert made is not None
    return made


def test_request_rings_once_a_moment(due: type_of_due, clock: SettableClock) -> None:
    """A request rings unless the item was rung a moment ago."""
    assert due.request(APP, Kind.DIFF)
    assert not due.request(APP, Kind.APPLY)
    clock.advance(1.0)
    assert due.request(APP, Kind.DIFF)


def test_claim_takes_all_kinds(due: type_of_due, clock: SettableClock) -> None:
    """Kinds are OR-ed until the claim, which says how long the item has waited."""
    due.request(APP, Kind.DIFF)
    clock.advance(0.5)
    due.request(APP, Kind.FETCH | Kind.HARD)
    made = claim(due)
    assert made.kinds == Kind.DIFF | Kind.FETCH | Kind.HARD
    assert made.sequence == 2
    assert made.waited_seconds == pytest.approx(0.5, abs=1e-5)


def test_claim_refuses_what_is_not_due(due: type_of_due) -> None:
    """A late doorbell for an unknown or a future item finds nothing."""
    assert due.claim(APP, lease_seconds=5) is None
    assert not due.request(APP, Kind.DIFF, delay_seconds=30)
    assert due.claim(APP, lease_seconds=5) is None


def test_one_holder(due: type_of_due) -> None:
    """A held item is nobody else's."""
    due.request(APP, Kind.DIFF)
    claim(due)
    assert due.claim(APP, lease_seconds=5) is None


def test_request_during_a_run_is_due_at_its_release(due: type_of_due) -> None:
    """It does not ring while the lease is held; the release does, and the next claim has its kinds only."""
    due.request(APP, Kind.DIFF)
    first = claim(due)
    assert not due.request(APP, Kind.APPLY)
    assert due.release(first, due_in_seconds=180)
    assert claim(due).kinds == Kind.APPLY


def test_delayed_request_during_a_run_is_due_at_its_time(due: type_of_due, clock: SettableClock) -> None:
    """A retry in 30 s that is asked for during the run does not come at once."""
    due.request(APP, Kind.DIFF)
    first = claim(due)
    due.request(APP, Kind.APPLY, delay_seconds=30)
    assert not due.release(first, due_in_seconds=180)
    assert due.tick() == ([], 30.0)
    clock.advance(30)
    assert due.tick()[0] == [(APP, Kind.APPLY)]


def test_release_without_next_due_forgets_the_item(due: type_of_due) -> None:
    """An item without anything pending and without a due time is in no set."""
    due.request(APP, Kind.DIFF)
    assert not due.release(claim(due), due_in_seconds=None)
    assert due.depth() == {"due": 0, "scheduled": 0, "leased": 0}
    assert due.tick() == ([], 60.0)


def test_release_with_next_due(due: type_of_due, clock: SettableClock) -> None:
    """A periodic item comes again with no kinds."""
    due.request(APP, Kind.FETCH)
    assert not due.release(claim(due), due_in_seconds=20)
    assert due.tick() == ([], 20.0)
    clock.advance(20)
    assert due.tick() == ([(APP, Kind(0))], 5.0)
    assert claim(due).kinds == Kind(0)


def test_release_due_at_once_rings(due: type_of_due) -> None:
    """Zero seconds is now."""
    due.request(APP, Kind.FETCH)
    assert due.release(claim(due), due_in_seconds=0)
    claim(due)


def test_release_by_another_is_refused(due: type_of_due, clock: SettableClock) -> None:
    """Only the holder lets go: a late one neither ends nor changes the run of the next."""
    due.request(APP, Kind.DIFF)
    late = claim(due)
    clock.advance(6)
    now = claim(due)
    with pytest.raises(LeaseLost):
        due.release(late, due_in_seconds=None)
    assert due.renew([late, now], lease_seconds=5) == [late]
    assert not due.release(now, due_in_seconds=None)


def test_release_twice_is_refused(due: type_of_due) -> None:
    """What is released is nobody's."""
    due.request(APP, Kind.DIFF)
    made = claim(due)
    due.release(made, due_in_seconds=20)
    with pytest.raises(LeaseLost):
        due.release(made, due_in_seconds=20)


def test_killed_holder_gives_back_its_kinds(due: type_of_due, clock: SettableClock) -> None:
    """When the lease ends the item is rung, with what the dead holder had claimed and what came since."""
    due.request(APP, Kind.RENDER)
    claim(due)
    due.request(APP, Kind.DIFF)
    assert due.tick() == ([], 5.0)
    clock.advance(5)
    assert due.tick()[0] == [(APP, Kind.RENDER | Kind.DIFF)]
    assert claim(due).kinds == Kind.RENDER | Kind.DIFF


def test_renewed_lease_is_kept(due: type_of_due, clock: SettableClock) -> None:
    """Renewing moves the end of the lease, and the due time with it."""
    due.request(APP, Kind.DIFF)
    made = claim(due)
    clock.advance(4)
    assert due.renew([made], lease_seconds=5) == []
    clock.advance(4)
    assert due.tick() == ([], 1.0)
    assert due.claim(APP, lease_seconds=5) is None
    assert due.depth() == {"due": 0, "scheduled": 0, "leased": 1}


def test_missing_lease_is_not_renewed(due: type_of_due) -> None:
    """After the item was forgotten (or Redis flushed) its holder is told."""
    due.request(APP, Kind.DIFF)
    made = claim(due)
    due.forget(APP)
    assert due.renew([made], lease_seconds=5) == [made]
    assert due.renew([], lease_seconds=5) == []


def test_lost_message_costs_one_tick(due: type_of_due, clock: SettableClock) -> None:
    """What was rung and not claimed is rung again after 5 s, then less and less often."""
    due.request(APP, Kind.DIFF)
    gaps = []
    for _ in range(6):
        rung, wait = due.tick()
        assert rung == []
        gaps.append(wait)
        clock.advance(wait)
        assert due.tick()[0] == [(APP, Kind.DIFF)]
    assert gaps == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_tick_rings_at_most_its_limit(due: type_of_due, clock: SettableClock) -> None:
    """The rest is due at once for the next tick, which may be another beat's."""
    due.request_many([APP, OTHER], Kind.DIFF, delay_seconds=1)
    clock.advance(1)
    first, wait = due.tick(limit=1)
    second, _ = due.tick(limit=1)
    assert (len(first), wait) == (1, 0.0)
    assert sorted(item for item, _ in first + second) == [OTHER, APP]


def test_earlier_request_wins(due: type_of_due) -> None:
    """Due is the smaller of now and before."""
    due.request(APP, Kind.DIFF, delay_seconds=10)
    due.request(APP, Kind.DIFF, delay_seconds=50)
    assert due.tick()[1] == 10.0
    assert due.request(APP, Kind.DIFF)


def test_request_many(due: type_of_due) -> None:
    """One round trip for all; those to ring come back in order."""
    due.request(OTHER, Kind.DIFF)
    assert due.request_many([APP, OTHER], Kind.FETCH) == [APP]
    assert claim(due, OTHER).kinds == Kind.DIFF | Kind.FETCH
    assert due.request_many([], Kind.FETCH) == []


def test_depth_counts_by_state(due: type_of_due) -> None:
    """Due and unclaimed, scheduled for later, leased."""
    due.request(APP, Kind.DIFF)
    claim(due)
    due.request(OTHER, Kind.DIFF)
    due.request(Item("ref", "abc"), Kind.FETCH, delay_seconds=10)
    assert due.depth() == {"due": 1, "scheduled": 1, "leased": 1}


def test_epoch_is_made_once(due: type_of_due) -> None:
    """Exactly one caller is told that everything was lost."""
    answers = [due.ensure_epoch() for _ in range(3)]
    due.keep_epoch()
    assert [*answers, due.ensure_epoch()] == [True, False, False, False]


@pytest.mark.parametrize("item", [Item("app", "ns/na:me"), Item("ref", "0f" * 16)])
def test_item_text_round_trip(item: Item, due: type_of_due) -> None:
    """Members are the item's text form, whatever is in the name."""
    assert due.request_many([item], Kind.DIFF) == [item]


def test_redis_epoch_is_offered_again_when_its_lister_died(valkey: redis.Redis) -> None:  # noqa: F811
    """An epoch whose listing was never confirmed ends by itself; a confirmed one stays."""
    due = RedisDueSet(valkey)
    assert due.ensure_epoch()
    assert 0 < valkey.ttl("moor:epoch") <= 60
    due.keep_epoch()
    assert valkey.ttl("moor:epoch") == -1


def test_redis_clock_is_used_without_ours(valkey: redis.Redis) -> None:  # noqa: F811
    """In production the time is Redis's: workers' clocks may differ."""
    due = RedisDueSet(valkey)
    due.request(APP, Kind.DIFF)
    made = claim(due, lease=0.05)
    assert 0 <= made.waited_seconds < 5
    wait: Callable[[], tuple[list[tuple[Item, Kind]], float]] = due.tick
    assert wait()[1] <= 0.05


def test_redis_bell_rings_for_what_is_due_earlier(valkey: redis.Redis) -> None:  # noqa: F811
    """A beat that sleeps until something late is woken by something earlier, not by something later."""
    due = RedisDueSet(valkey)
    bell = due.doorbell()
    assert bell.wait(1.0) == [""]
    due.request(APP, Kind.DIFF, delay_seconds=20)
    due.tick()
    due.request(OTHER, Kind.DIFF, delay_seconds=30)
    assert bell.wait(0.05) == []
    due.request(OTHER, Kind.DIFF, delay_seconds=10)
    assert bell.wait(1.0) == [str(OTHER)]
    bell.close()
