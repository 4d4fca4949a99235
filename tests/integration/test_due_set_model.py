"""The due set's scripts and their model run the same operations, with a kill or a flush between any two."""

from __future__ import annotations

import contextlib

import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from common.adapters.memory.clock import SettableClock
from common.adapters.memory.due import MemoryDueSet
from common.adapters.redis.due import RedisDueSet
from common.core.errors import LeaseLost
from common.ports import Claim, Item, Kind
from tests.redis_fixtures import valkey, valkey_server  # noqa: F401

ITEMS = [Item("app", "ns/one"), Item("app", "ns/two"), Item("ref", "abc")]
items = st.sampled_from(ITEMS)
kinds = st.integers(1, 63).map(Kind)
delays = st.sampled_from([0.0, 0.0, 0.5, 3.0, 30.0])
Pair = tuple[Claim, Claim]
"""The same claim on Redis and in the model: their incarnations differ."""


class DueSetMachine(RuleBasedStateMachine):
    """Every answer must be equal, and what was asked for must be claimed in the end."""

    client: redis.Redis
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        self.clock = SettableClock()
        self.real = RedisDueSet(self.client, clock=self.clock.seconds)
        self.model = MemoryDueSet(self.clock.seconds)
        self.owed: dict[Item, Kind] = {}
        """What was requested and has not been claimed and released since."""

    def _tell(self, item: Item, kinds: Kind) -> None:
        self.owed[item] = self.owed.get(item, Kind(0)) | kinds

    @rule(item=items, kinds=kinds, delay=delays)
    def request(self, item: Item, kinds: Kind, delay: float) -> None:
        """Request."""
        self._tell(item, kinds)
        real = self.real.request(item, kinds, delay_seconds=delay)
        assert real == self.model.request(item, kinds, delay_seconds=delay)

    @rule(chosen=st.lists(items, max_size=4), kinds=kinds, delay=delays)
    def request_many(self, chosen: list[Item], kinds: Kind, delay: float) -> None:
        """Several at once, the same one twice too."""
        for item in chosen:
            self._tell(item, kinds)
        real = self.real.request_many(chosen, kinds, delay_seconds=delay)
        assert real == self.model.request_many(chosen, kinds, delay_seconds=delay)

    @rule(target=claims, item=items, lease=st.sampled_from([1.0, 5.0]))
    def claim(self, item: Item, lease: float) -> object:
        """A worker looks at an item, rung or not."""
        real = self.real.claim(item, lease_seconds=lease)
        model = self.model.claim(item, lease_seconds=lease)
        if real is None or model is None:
            assert real is model is None
            return multiple()
        assert (real.sequence, real.kinds) == (model.sequence, model.kinds)
        assert abs(real.waited_seconds - model.waited_seconds) < 0.001
        assert real.kinds & self.owed.get(item, Kind(0)) == self.owed.get(item, Kind(0)), "a request was lost"
        return (real, model)

    @rule(pair=consumes(claims), due_in=st.sampled_from([None, 0.0, 2.0, 60.0]), looks=st.booleans())
    def release(self, pair: Pair, due_in: float | None, looks: bool) -> None:
        """It ends; its lease may be lost by now. A claim not released is a worker that was killed. Who looks
        into what was asked meanwhile need not be asked again.
        """
        asked = [due.asked(claim) for due, claim in ((self.real, pair[0]), (self.model, pair[1]))]
        assert asked[0] == asked[1]
        seen = asked[0][0] if looks else None
        answers = []
        for due, claim in ((self.real, pair[0]), (self.model, pair[1])):
            try:
                answers.append(due.release(claim, due_in_seconds=due_in, seen=seen))
            except LeaseLost:
                answers.append(None)
        assert answers[0] is answers[1]
        if answers[0] is not None:
            state = self.model._items.get(pair[1].item)
            self.owed[pair[1].item] = state.pending if state else Kind(0)

    @rule(pair=claims, lease=st.sampled_from([1.0, 5.0]))
    def renew(self, pair: Pair, lease: float) -> None:
        """A heartbeat."""
        real = self.real.renew([pair[0]], lease_seconds=lease)
        assert bool(real) == bool(self.model.renew([pair[1]], lease_seconds=lease))

    @rule(limit=st.sampled_from([1, 500]))
    def tick(self, limit: int) -> None:
        """A beat."""
        (real, real_wait), (model, model_wait) = self.real.tick(limit=limit), self.model.tick(limit=limit)
        assert real == model
        assert abs(real_wait - model_wait) < 0.001

    @rule(item=items)
    def forget(self, item: Item) -> None:
        """The application is gone."""
        self.real.forget(item)
        self.model.forget(item)
        self.owed.pop(item, None)

    @rule(seconds=st.sampled_from([0.25, 1.0, 2.5, 5.0, 61.0]))
    def time_goes_by(self, seconds: float) -> None:
        """Leases end, things become due."""
        self.clock.advance(seconds)

    @rule()
    def flush(self) -> None:
        """FLUSHALL, and what follows it: one caller is told, lists everything, makes it due."""
        self.client.flushall()
        self.model.flush()
        self.owed.clear()
        told = [(self.real.ensure_epoch(), self.model.ensure_epoch()) for _ in range(2)]
        assert told == [(True, True), (False, False)]
        self.request_many(list(ITEMS), Kind.DIFF, 0.0)
        self.real.keep_epoch()

    @invariant()
    def same_depth(self) -> None:
        """Both count the same."""
        assert self.real.depth() == self.model.depth()

    def teardown(self) -> None:
        """With every holder dead, everything owed comes by ticks alone: no message, no request needed."""
        self.clock.advance(61)
        rung: dict[Item, Kind] = {}
        for _ in range(4):
            for item, _kinds in self.real.tick()[0]:
                claim = self.real.claim(item, lease_seconds=5)
                assert claim is not None, "rung, and not to be claimed"
                assert self.real.claim(item, lease_seconds=5) is None, "two holders"
                rung[item] = rung.get(item, Kind(0)) | claim.kinds
                with contextlib.suppress(LeaseLost):
                    self.real.release(claim, due_in_seconds=None)
            self.clock.advance(61)
        for item, wanted in self.owed.items():
            assert rung.get(item, Kind(0)) & wanted == wanted, f"{item} was lost"


def test_scripts_follow_the_model(valkey: redis.Redis) -> None:  # noqa: F811
    """Any sequence of operations gives the same answers on Redis as in the model, and loses no request."""
    machine = type("Machine", (DueSetMachine,), {"client": valkey})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        ),
    )
