"""What is live: the snapshot, and a GET for what it cannot prove."""

from __future__ import annotations

import pytest

from common.core.errors import ClusterUnreachable
from common.core.keys import GroupVersionKind, ObjectKey, gvk_of, key_of
from common.operations.live_view import LiveView, ask, live_view
from tests.unit.common.operations.fakes import CONFIG_MAP, REMOTE, World, config_map, tracked

BLUE = tracked(config_map(colour="blue"))
KEY = key_of(BLUE)
WIDGET = ObjectKey("example.org", "Widget", "shop", "w")


@pytest.fixture
def world() -> World:
    """Nothing live yet."""
    return World()


def view(world: World, *, desired: bool = True, inventory: bool = False, ask: bool = False) -> LiveView:
    """The view of one ConfigMap."""
    one: dict[ObjectKey, GroupVersionKind] = {KEY: CONFIG_MAP}
    world.remote.requests.clear()
    return live_view(
        world.ports,
        world.remote,
        "shop",
        one if desired else {},
        one if inventory else {},
        ask_for_missing=ask,
    )


def test_a_complete_snapshot_costs_no_request(world: World) -> None:
    """What it has is there, and what it has not is proven absent."""
    world.remote.create(BLUE)
    world.watch(CONFIG_MAP)
    seen = view(world)
    assert (set(seen.objects), seen.absent, seen.complete) == ({KEY}, frozenset(), {CONFIG_MAP.group_kind})
    world.remote.delete(CONFIG_MAP, "shop", "settings")
    world.watch(CONFIG_MAP)
    assert view(world).absent == {KEY}
    assert view(world, desired=False, inventory=True).absent == {KEY}
    assert world.remote.requests == []


def test_a_kind_that_is_not_watched_is_asked_for(world: World) -> None:
    """The watcher learns of it, for the next time."""
    view(world)
    assert world.live.wanted(REMOTE) == {CONFIG_MAP.group_kind}


def test_an_incomplete_snapshot_proves_nothing(world: World) -> None:
    """What the status names is asked for, one by one."""
    assert view(world, inventory=True).absent == {KEY}
    assert [verb for verb, _ in world.remote.requests] == ["get"]
    world.remote.create(BLUE)
    assert set(view(world, inventory=True).objects) == {KEY}


def test_what_policy_heals_is_not_asked_for(world: World) -> None:
    """The apply answers the same question: the object is neither here nor absent."""
    seen = view(world)
    assert (seen.objects, seen.absent, world.remote.requests) == ({}, frozenset(), [])


def test_what_nobody_heals_is_asked_for(world: World) -> None:
    """An object that is there without our tracking is no missing object, complete snapshot or not."""
    world.remote.create(config_map(colour="red"))
    assert set(view(world, ask=True).objects) == {KEY}
    world.watch(CONFIG_MAP)
    assert set(view(world, ask=True).objects) == {KEY}


def test_a_failed_read_is_no_absence(world: World) -> None:
    """It raises: nothing is decided."""
    world.remote.fail("get", ClusterUnreachable("gone"))
    with pytest.raises(ClusterUnreachable):
        view(world, inventory=True)


def test_a_kind_that_is_not_served_has_no_objects(world: World) -> None:
    """That is proof, as a 404 is."""
    gvk = GroupVersionKind("example.org", "v1", "Widget")
    assert ask(world.remote, WIDGET, gvk) is None


def test_our_writes_bring_the_view_up_to_date(world: World) -> None:
    """What was answered is there, what was deleted is absent, what was made again is there."""
    other = tracked(config_map("other"))
    before = LiveView(
        objects={key_of(other): other}, absent=frozenset({KEY}), complete=frozenset({gvk_of(BLUE).group_kind})
    )
    after = before.with_answers({KEY: BLUE}, {key_of(other)})
    assert (dict(after.objects), after.absent) == ({KEY: BLUE}, {key_of(other)})
    assert after.complete == before.complete
