"""The beat rings what is due, lists everything after a flush, and survives Redis being away."""

from __future__ import annotations

import pytest
from celery import Celery

from common.adapters.memory.clock import SettableClock
from common.adapters.memory.due import MemoryDueSet
from common.adapters.memory.queue import MemoryTaskQueue
from common.core.errors import ClusterUnreachable, StoreUnavailable
from common.ports import Item, Kind
from scheduler import beat
from scheduler.beat import DueScheduler

APP = Item("app", "argocd/shop")


class Bell:
    """Notes how long it was asked to wait."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.closed = False

    def wait(self, seconds: float) -> list[str]:
        """Nothing is ever said."""
        self.waits.append(seconds)
        return []

    def close(self) -> None:
        """Note it."""
        self.closed = True


class Home:
    """What lists everything; fails as often as told."""

    def __init__(self, due: MemoryDueSet) -> None:
        self.due = due
        self.fail = 0
        self.listed = 0

    def relist(self) -> None:
        """Make the one application due. Raises ClusterUnreachable."""
        if self.fail:
            self.fail -= 1
            raise ClusterUnreachable("away")
        self.listed += 1
        self.due.request(APP, Kind.DIFF, delay_seconds=30)


class Parts:
    """A beat with everything that it touches."""

    def __init__(self) -> None:
        self.clock = SettableClock()
        self.due = MemoryDueSet(self.clock.seconds)
        self.queue, self.bell, self.home = MemoryTaskQueue(), Bell(), Home(self.due)
        self.beat = DueScheduler(
            Celery(set_as_current=False), due=self.due, queue=self.queue, bell=self.bell, relister=self.home
        )


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    """With failures that cost no time."""
    monkeypatch.setattr(beat, "AFTER_FAILURE_SECONDS", 0.0)
    return Parts()


def test_first_tick_lists_everything_once(parts: Parts) -> None:
    """An empty Redis is filled by one beat, once."""
    parts.beat.tick()
    parts.beat.tick()
    assert parts.home.listed == 1


def test_sleeps_until_the_next_due_time(parts: Parts) -> None:
    """But no longer than the bell may have been missed."""
    parts.beat.tick()
    parts.clock.advance(27)
    parts.beat.tick()
    assert parts.bell.waits == [5.0, 3.0]


def test_rings_what_is_due(parts: Parts) -> None:
    """Through the task queue, with its kinds."""
    parts.beat.tick()
    parts.clock.advance(30)
    assert parts.beat.tick() == 0.0
    assert parts.queue.pop() == (APP, Kind.DIFF, None)
    assert parts.queue.pop() is None


def test_failed_listing_does_not_stop_the_beat(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is counted, and the next tick goes on."""
    parts.home.fail = 1
    parts.beat.tick()
    parts.due.request(APP, Kind.DIFF, delay_seconds=0)
    parts.clock.advance(6)
    parts.beat.tick()
    assert parts.queue.pop() == (APP, Kind.DIFF, None)


def test_store_away_is_survived(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is restarted under us: the beat goes on when it is back."""

    def away(**_kwargs: object) -> object:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(parts.due, "tick", away)
        assert parts.beat.tick() == 0.0
    parts.beat.tick()
    assert parts.bell.waits == [5.0]


def test_stopped_beat_does_nothing(parts: Parts) -> None:
    """It neither ticks nor sleeps, and its bell is closed."""
    parts.beat.close()
    assert parts.beat.tick() == 0.0
    assert parts.bell.closed
    assert parts.home.listed == 0
