"""One step of one due item."""

from __future__ import annotations

import pytest

from common.core.errors import ClusterUnreachable, Forbidden, StoreUnavailable, Throttled
from common.core.follows import Followed
from common.operations import step as step_module
from common.operations.fleet import FleetReader
from common.operations.status_write import Overtaken
from common.ports import Item, Kind
from tests.unit.common.operations.fakes import AUTOMATED, KEY, REPO, World, application, config_map

ITEM = Item.app(KEY)


@pytest.fixture
def world() -> World:
    """One application, due."""
    world = World()
    world.commit(config_map(colour="blue"))
    world.add(application(policy=AUTOMATED))
    world.due.request(ITEM, Kind.DIFF)
    return world


def due_in(world: World, item: Item = ITEM) -> float:
    """The seconds until it is due."""
    return round(world.due._items[item].due - world.clock.seconds(), 3)


def test_a_step_advances_and_comes_back(world: World) -> None:
    """The application is synced; the next look is the safety net's, as an unwatched kind gives it."""
    world.step(ITEM)
    assert world.app()["status"]["sync"]["status"] == "Synced"
    assert due_in(world) == 10.0
    assert world.due.depth()["leased"] == 0


def test_what_is_not_due_is_not_touched(world: World) -> None:
    """A doorbell may be late, or ring twice."""
    world.step(ITEM)
    world.home.requests.clear()
    world.step(ITEM)
    assert world.home.requests == []


def test_what_somebody_holds_is_not_touched(world: World) -> None:
    """The lease saves the work."""
    assert world.leases.claim(ITEM) is not None
    world.step(ITEM)
    assert "status" not in world.app()


def test_a_ref_is_followed(world: World) -> None:
    """Its item leads to a poll, and to the next one."""
    item = Item.ref(Followed(url=REPO, ref="main").digest)
    world.due.request(item, Kind.FETCH)
    world.step(item)
    assert world.git.requests[0] == ("ls_remote", REPO)
    assert due_in(world, item) == world.fleet.current().settings.reconciliation_seconds


def test_a_ref_that_nobody_follows_leaves_the_due_set(world: World) -> None:
    """None is no time to come back at."""
    item = Item.ref("0" * 32)
    world.due.request(item, Kind.FETCH)
    world.step(item)
    assert item not in world.due._items


def test_what_may_pass_is_tried_again(world: World) -> None:
    """After some seconds, due for the same."""
    world.due.request(ITEM, Kind.HARD)
    world.home.fail("patch", ClusterUnreachable("gone"), times=9)
    world.step(ITEM)
    assert due_in(world) == 5.0
    world.wait(5)
    claim = world.leases.claim(ITEM)
    assert claim is not None
    assert claim.kinds == Kind.DIFF | Kind.HARD


def test_the_other_side_says_how_long(world: World) -> None:
    """Retry-After counts."""
    error = Throttled("too many requests")
    error.retry_after_seconds = 17.0
    world.home.fail("patch", error, times=9)
    world.step(ITEM)
    assert due_in(world) == 17.0


def test_who_was_overtaken_decides_again_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own doorbell rings."""

    def overtaken(*_: object) -> float:
        raise Overtaken(str(KEY))

    monkeypatch.setattr(step_module.reconcile, "application", overtaken)
    world.step(ITEM)
    assert [item for item, _, _ in world.queue.rung] == [ITEM]
    assert world.leases.claim(ITEM) is not None


def test_what_nobody_foresaw_is_raised_and_tried_again(world: World) -> None:
    """After a minute: neither lost, nor tried in a loop."""
    world.due.request(ITEM, Kind.HARD)
    world.fleet = FleetReader(world.ports)
    world.home.fail("list", Forbidden("not you"))
    with pytest.raises(Forbidden):
        world.step(ITEM)
    assert due_in(world) == 60.0
    world.wait(60)
    claim = world.leases.claim(ITEM)
    assert claim is not None
    assert claim.kinds == Kind.DIFF | Kind.HARD


def test_a_process_that_ends_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """SystemExit and KeyboardInterrupt give the item back too."""

    def ends(*_: object) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(step_module.reconcile, "application", ends)
    with pytest.raises(KeyboardInterrupt):
        world.step(ITEM)
    assert due_in(world) == 60.0


def test_a_lost_lease_is_no_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has it now does the same work again: correctness never rests on it."""

    def slow(*_: object) -> float:
        world.wait(6)
        assert world.due.claim(ITEM, lease_seconds=5) is not None
        return 1.0

    monkeypatch.setattr(step_module.reconcile, "application", slow)
    world.step(ITEM)
    assert world.due.depth()["leased"] == 1
    assert not world.queue.rung


def test_a_request_during_a_step_is_not_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The release rings for it."""

    def asked(*_: object) -> float:
        world.due.request(ITEM, Kind.RENDER)
        return 1000.0

    monkeypatch.setattr(step_module.reconcile, "application", asked)
    world.step(ITEM)
    assert [item for item, _, _ in world.queue.rung] == [ITEM]
    claim = world.leases.claim(ITEM)
    assert claim is not None
    assert claim.kinds == Kind.RENDER


def test_a_store_that_is_away_ends_the_step(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease runs out by itself."""

    def away(*_: object, **__: object) -> bool:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(world.due, "release", away)
    with pytest.raises(StoreUnavailable):
        world.step(ITEM)
    monkeypatch.undo()
    world.wait(6)
    assert [item for item, _ in world.due.tick()[0]] == [ITEM]
