"""Watch events of a step's own writes ask for nothing; anything else does."""

from __future__ import annotations

import pytest

from common.core.keys import GroupKind, Object, ObjectKey
from common.operations.echo import Echo
from common.operations.live_view import LiveView
from common.ports import Claim, Item, Kind
from tests.unit.common.operations.fakes import KEY, REMOTE, World, config_map, tracked

ITEM = Item.app(KEY)


class Step:
    """A step that ends having seen one object at version 5."""

    def __init__(self) -> None:
        self.world = World()
        self.ports = self.world.ports
        obj = self.at("5")
        self.ports.live.put(REMOTE, obj, "shop")
        self.ports.due.request(ITEM, Kind.DIFF)
        claim = self.ports.leases.claim(ITEM)
        assert claim is not None
        self.claim: Claim = claim
        self.echo = Echo()
        key = ObjectKey("", "ConfigMap", "shop", "settings")
        view = LiveView(
            objects={key: obj}, absent=frozenset(), complete=frozenset({GroupKind("", "ConfigMap")})
        )
        self.echo.note(REMOTE, "shop", view)

    def at(self, version: str) -> Object:
        """The object at a version."""
        obj = tracked(config_map(colour="blue"))
        return {**obj, "metadata": {**obj["metadata"], "resourceVersion": version}}

    def asked(self, kinds: Kind) -> None:
        """Somebody asks while the step runs."""
        self.ports.due.request(ITEM, kinds)


@pytest.fixture
def ended() -> Step:
    """A step at its end."""
    return Step()


def test_an_echo_is_seen(ended: Step) -> None:
    """The snapshot holds what the step wrote: no second look."""
    ended.asked(Kind.LIVE)
    seen = ended.echo.seen(ended.ports, ended.claim)
    assert seen == ended.claim.sequence + 1
    assert not ended.ports.leases.release(ended.claim, due_in_seconds=60, seen=seen)


def test_a_change_by_somebody_else_is_news(ended: Step) -> None:
    """Another version is in the snapshot: the step is taken again at once."""
    ended.ports.live.put(REMOTE, ended.at("6"), "shop")
    ended.asked(Kind.LIVE)
    seen = ended.echo.seen(ended.ports, ended.claim)
    assert seen is None
    assert ended.ports.leases.release(ended.claim, due_in_seconds=60, seen=seen)


def test_a_request_is_no_echo(ended: Step) -> None:
    """Whoever asks for a comparison gets one."""
    ended.asked(Kind.LIVE | Kind.DIFF)
    assert ended.echo.seen(ended.ports, ended.claim) is None


def test_what_comes_after_the_look_is_news(ended: Step) -> None:
    """A request between the look and the release is not lost."""
    ended.asked(Kind.LIVE)
    seen = ended.echo.seen(ended.ports, ended.claim)
    ended.asked(Kind.LIVE)
    assert ended.ports.leases.release(ended.claim, due_in_seconds=60, seen=seen)


def test_a_step_that_saw_nothing_claims_nothing(ended: Step) -> None:
    """A step that ended early leaves every request standing."""
    ended.asked(Kind.LIVE)
    assert Echo().seen(ended.ports, ended.claim) is None
