"""A comparison, kept up to date by our own writes."""

from __future__ import annotations

from common.core.keys import key_of
from common.operations.desired_state import desired_state, resolve_sources
from common.operations.look import Look, kept_stamps, look
from common.ports import Kind
from tests.unit.common.operations.fakes import (
    AUTOMATED,
    CONFIG_MAP,
    KEY,
    World,
    annotated,
    application,
    config_map,
    tracked,
)


def looked(world: World) -> Look:
    """A look at the application."""
    turn = world.turn()
    place = turn.fleet.place(turn.app)
    cluster = turn.connect(place)
    sources, facts = resolve_sources(turn, turn.app.spec.effective_sources, ask_again=False)
    state = desired_state(turn, place, cluster, sources, facts, hard=False)
    return look(turn, cluster, state.desired, stamps=kept_stamps(turn))


def test_only_what_is_ours_beyond_doubt_is_an_orphan() -> None:
    """Tracked by this application, by an id that names that very object, and not desired."""
    world = World()
    world.commit(config_map("a"))
    world.add(application(policy=AUTOMATED))
    world.remote.create(tracked(config_map("orphan")))
    world.remote.create(tracked(config_map("theirs"), "blog"))
    copied = tracked(config_map("orphan"))
    copied["metadata"]["name"] = "copy"
    world.remote.create(copied)
    world.watch(CONFIG_MAP)
    assert {key.name for key in looked(world).orphans} == {"orphan"}


def test_after_a_sync_no_second_look_is_needed() -> None:
    """The answers are compared at once, and their stamps make the next look free."""
    world = World()
    world.commit(config_map("a"), config_map("b"))
    world.add(application(policy=AUTOMATED))
    world.reconcile()
    assert [verb for verb, _ in world.remote.requests] == ["apply", "apply"]
    (kept,) = world.facts.get("stamps", [str(KEY)])
    assert kept is not None
    assert set(kept) == {str(key_of(config_map(name))) for name in ("a", "b")}
    world.reconcile()
    assert world.remote.requests == []


def test_a_flushed_store_finds_the_same_state() -> None:
    """Slower, and without a write."""
    world = World()
    world.commit(config_map("a"), annotated(config_map("b"), sync_wave="1"))
    world.add(application(policy=AUTOMATED))
    world.reconcile()
    before = world.app()
    world.live.flush()
    world.applications.flush()
    world.facts._values.clear()
    world.blobs._blobs.clear()
    world.reconcile(kinds=Kind.DIFF)
    assert world.writes() == []
    assert world.app() == before


def test_an_ignored_field_keeps_its_live_value_through_a_sync() -> None:
    """And what was sent is not what is stamped: the next look is in sync."""
    world = World()
    world.commit(config_map(colour="blue", size="1"))
    ignore = [{"group": "", "kind": "ConfigMap", "jsonPointers": ["/data/size"]}]
    world.add(application(policy=AUTOMATED, ignoreDifferences=ignore))
    world.reconcile()
    world.happen(CONFIG_MAP, "settings", {"data": {"size": "3"}})
    world.reconcile()
    assert world.writes() == []
    world.commit(config_map(colour="green", size="1"))
    world.reconcile(kinds=Kind.FETCH)
    assert world.remote.get(CONFIG_MAP, "shop", "settings")["data"] == {"colour": "green", "size": "3"}
    assert world.app()["status"]["sync"]["status"] == "Synced"
