"""Carrying out one step of a sync plan."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.annotations import HOOK_FINALIZER, OPERATION_ID
from common.core.errors import (
    ClusterUnreachable,
    Forbidden,
    NotFound,
    ObjectRejected,
    VersionConflict,
)
from common.core.hooks import DeletePolicy
from common.core.keys import Object, gvk_of, key_of
from common.core.plan import Action, Step
from common.core.statuses import Phase, ResultCode
from common.core.tracking import owner_of
from common.operations import namespaces
from common.operations.carry_out import Hand, Outcome
from tests.unit.common.operations.fakes import CONFIG_MAP, JOB, REMOTE, World, config_map, job, tracked

BLUE = tracked(config_map(colour="blue"))
GREEN = tracked(config_map(colour="green"))
KEY = key_of(BLUE)


@pytest.fixture
def world() -> World:
    """With an empty namespace `shop`."""
    return World()


def hand(world: World, *, dry_run: bool = False) -> Hand:
    """On the remote cluster."""
    return Hand(cluster=world.remote, live_store=world.live, owner_of=owner_of, dry_run=dry_run)


def step(action: Action, obj: Object | None, live: Object | None = None, **more: Any) -> Step:
    """A step for an object, or for what is live of it."""
    about = obj or live
    assert about is not None
    given = {"phase": Phase.SYNC, "version": gvk_of(about).version, **more}
    return Step(action=action, key=key_of(about), object=obj, live=live, **given)


def done(hand: Hand, step: Step) -> Outcome:
    """Carry it out, for sure."""
    outcome = hand.carry_out(step)
    assert outcome is not None
    return outcome


def hook(operation: str = "mine", **more: Any) -> Object:
    """A hook of an operation, with our finalizer."""
    obj = tracked(job())
    meta = obj["metadata"]
    meta["annotations"][OPERATION_ID] = operation
    meta["finalizers"] = [HOOK_FINALIZER]
    meta.update(more)
    return obj


def test_an_apply_is_kept_as_the_server_answered(world: World) -> None:
    """The answer goes into the snapshot at once: a comparison right afterwards must not heal again."""
    mine = hand(world)
    outcome = done(mine, step(Action.APPLY, BLUE))
    assert (outcome.code, outcome.message, outcome.changed) == (
        ResultCode.SYNCED,
        "configmap/settings serverside-applied",
        True,
    )
    assert mine.answers[KEY]["data"] == {"colour": "blue"}
    assert world.live.read(REMOTE, "shop").objects[KEY]["data"] == {"colour": "blue"}


def test_an_apply_that_changes_nothing_says_so(world: World) -> None:
    """The resourceVersion tells."""
    live = world.remote.apply(BLUE)
    outcome = done(hand(world), step(Action.APPLY, BLUE, live))
    assert (outcome.message, outcome.changed) == ("configmap/settings unchanged", False)


def test_a_verb_that_is_not_honoured_yet_is_named(world: World) -> None:
    """`ServerSideApply=false` is no silence."""
    outcome = done(hand(world), step(Action.APPLY, BLUE, server_side=False))
    assert outcome.message.endswith("(ServerSideApply=false is not honoured yet)")


def test_a_dry_run_writes_and_keeps_nothing(world: World) -> None:
    """Neither in the cluster nor in the snapshot."""
    live = world.remote.apply(GREEN)
    for one in (step(Action.APPLY, BLUE, live), step(Action.PRUNE, None, live)):
        mine = hand(world, dry_run=True)
        done(mine, one)
        assert (mine.answers, mine.gone) == ({}, set())
    assert world.remote.get(CONFIG_MAP, "shop", "settings")["data"] == {"colour": "green"}
    assert not world.live.read(REMOTE, "shop").objects


def test_a_replace_puts_over_what_was_seen(world: World) -> None:
    """With its resourceVersion as precondition: what changed meanwhile is not lost unseen."""
    live = world.remote.create({**BLUE, "data": {"colour": "blue", "by": "hand"}})
    outcome = done(hand(world), step(Action.APPLY, GREEN, live, replace=True))
    assert outcome.message == "configmap/settings replaced"
    assert world.remote.get(CONFIG_MAP, "shop", "settings")["data"] == {"colour": "green"}
    again = done(hand(world), step(Action.APPLY, BLUE, live, replace=True))
    assert again.code is ResultCode.SYNC_FAILED


def test_a_replace_of_nothing_creates(world: World) -> None:
    """`Replace=true` on an object that is not there."""
    done(hand(world), step(Action.APPLY, BLUE, replace=True))
    assert world.remote.requests == [("create", KEY)]


def test_force_and_replace_make_it_anew(world: World) -> None:
    """Another uid; and it counts as there, not as gone."""
    live = world.remote.create(BLUE)
    mine = hand(world)
    outcome = done(mine, step(Action.APPLY, GREEN, live, replace=True, force=True))
    assert outcome.answer is not None
    assert outcome.answer["metadata"]["uid"] != live["metadata"]["uid"]
    assert (set(mine.answers), mine.gone) == ({KEY}, set())


def test_force_gets_over_an_immutable_field(world: World) -> None:
    """The API server refuses the change; with force the object is deleted and made anew."""
    live = world.remote.apply(BLUE)
    world.remote.fail("apply", ObjectRejected("field is immutable", immutable=True))
    mine = hand(world)
    assert done(mine, step(Action.APPLY, GREEN, live, force=True)).code is ResultCode.SYNCED
    assert [verb for verb, _ in world.remote.requests[-3:]] == ["apply", "delete", "apply"]
    assert mine.gone == set()


@pytest.mark.parametrize(
    ("error", "force"),
    [
        (ObjectRejected("field is immutable", immutable=True), False),
        (ObjectRejected("spec.x: unknown"), True),
        (Forbidden("not you"), True),
    ],
)
def test_a_refusal_fails_the_step(world: World, error: Exception, *, force: bool) -> None:
    """With the server's words; nothing is deleted for it."""
    live = world.remote.apply(BLUE)
    world.remote.fail("apply", error)
    outcome = done(hand(world), step(Action.APPLY, GREEN, live, force=force))
    assert (outcome.code, outcome.message) == (ResultCode.SYNC_FAILED, str(error))
    assert "delete" not in [verb for verb, _ in world.remote.requests]


def test_what_may_pass_is_raised(world: World) -> None:
    """Nothing is known of what happened: the step is to be repeated."""
    world.remote.fail("apply", ClusterUnreachable("gone"))
    with pytest.raises(ClusterUnreachable):
        hand(world).carry_out(step(Action.APPLY, BLUE))


def test_a_namespace_that_went_is_asked_for_again(world: World) -> None:
    """The next attempt makes it anew."""
    obj = tracked(config_map(namespace="elsewhere"))
    namespaces.find(world.remote, "shop", world.clock.now(), fresh=False)
    world.remote.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "elsewhere"}})
    namespaces.find(world.remote, "elsewhere", world.clock.now(), fresh=False)
    world.remote.delete(gvk_of({"apiVersion": "v1", "kind": "Namespace"}), "", "elsewhere")
    outcome = done(hand(world), step(Action.APPLY, obj))
    assert outcome.code is ResultCode.SYNC_FAILED
    assert "namespace elsewhere not found" in outcome.message
    assert namespaces.find(world.remote, "elsewhere", world.clock.now(), fresh=False) is None


def test_steps_without_a_request_say_why() -> None:
    """What is skipped or refused is recorded with its reason."""
    world = World()
    live = world.remote.create(BLUE)
    world.remote.requests.clear()
    skipped = done(hand(world), step(Action.SKIP_PRUNE, None, live, reason="ignored (no prune)"))
    assert (skipped.code, skipped.message) == (ResultCode.PRUNE_SKIPPED, "ignored (no prune)")
    refused = done(hand(world), step(Action.REFUSE, BLUE, reason="not permitted"))
    assert (refused.code, refused.message) == (ResultCode.SYNC_FAILED, "not permitted")
    assert world.remote.requests == []


def test_a_step_without_its_object_fails(world: World) -> None:
    """A plan that lacks what it needs is no crash."""
    live = world.remote.create(BLUE)
    for broken in (step(Action.APPLY, None, live), step(Action.CREATE_HOOK, None, live)):
        assert done(hand(world), broken).code is ResultCode.SYNC_FAILED
    assert done(hand(world), step(Action.PRUNE, BLUE)).code is ResultCode.SYNC_FAILED


# Pruning


def test_a_prune_deletes_what_was_decided_on(world: World) -> None:
    """Its uid and resourceVersion are preconditions."""
    live = world.remote.create(BLUE)
    mine = hand(world)
    assert done(mine, step(Action.PRUNE, None, live)).code is ResultCode.PRUNED
    assert mine.gone == {KEY}
    with pytest.raises(NotFound):
        world.remote.get(CONFIG_MAP, "shop", "settings")


def test_a_prune_of_what_is_gone_is_done(world: World) -> None:
    """And the snapshot learns of it."""
    live = world.remote.create(BLUE)
    world.live.put(REMOTE, live, "shop")
    world.remote.delete(CONFIG_MAP, "shop", "settings")
    assert done(hand(world), step(Action.PRUNE, None, live)).code is ResultCode.PRUNED
    assert not world.live.read(REMOTE, "shop").objects


def test_a_prune_of_what_has_changed_looks_again(world: World) -> None:
    """The same object, still ours: its newest version is deleted."""
    live = world.remote.create(BLUE)
    world.remote.patch(CONFIG_MAP, "shop", "settings", {"data": {"by": "hand"}})
    assert done(hand(world), step(Action.PRUNE, None, live)).code is ResultCode.PRUNED
    assert [verb for verb, _ in world.remote.requests[-3:]] == ["delete", "get", "delete"]


@pytest.mark.parametrize("change", ["another object", "nobody's"])
def test_a_prune_of_what_is_ours_no_more_is_refused(world: World, change: str) -> None:
    """Somebody made another object of that name, or took our tracking off."""
    live = world.remote.create(BLUE)
    if change == "another object":
        world.remote.delete(CONFIG_MAP, "shop", "settings")
        world.remote.create(BLUE)
    else:
        world.remote.patch(CONFIG_MAP, "shop", "settings", {"metadata": {"annotations": None}})
    assert done(hand(world), step(Action.PRUNE, None, live)).code is ResultCode.SYNC_FAILED
    assert world.remote.get(CONFIG_MAP, "shop", "settings")


def test_a_prune_of_what_never_rests_gives_up(world: World) -> None:
    """After three attempts; the next step decides again."""
    live = world.remote.create(BLUE)
    world.remote.fail("delete", VersionConflict("changed"), times=3)
    assert done(hand(world), step(Action.PRUNE, None, live)).code is ResultCode.SYNC_FAILED
    assert world.remote.get(CONFIG_MAP, "shop", "settings")


# Hooks


def test_a_hook_is_made_by_post(world: World) -> None:
    """Under a deterministic name: it can only be made once."""
    mine = hand(world)
    outcome = done(mine, step(Action.CREATE_HOOK, hook()))
    assert (outcome.code, outcome.message) == (ResultCode.SYNCED, "job.batch/migrate created")
    assert [verb for verb, _ in world.remote.requests] == ["create"]


def test_our_own_hook_is_adopted(world: World) -> None:
    """The step that made it was killed before it could say so."""
    made = world.remote.create(hook())
    outcome = done(hand(world), step(Action.CREATE_HOOK, hook()))
    assert outcome.code is ResultCode.SYNCED
    assert outcome.answer == made


def test_another_operations_hook_is_an_error(world: World) -> None:
    """Without BeforeHookCreation it stays, and says whose it is."""
    world.remote.create(hook("other"))
    outcome = done(hand(world), step(Action.CREATE_HOOK, hook()))
    assert outcome.code is ResultCode.SYNC_FAILED
    assert outcome.message.endswith("belongs to operation other, not to mine")


def test_an_earlier_hook_in_the_way_is_reported(world: World) -> None:
    """With BeforeHookCreation it is to be deleted first: it counts as there, whatever was believed."""
    theirs = world.remote.create(hook("other"))
    mine = hand(world)
    mine.gone.add(key_of(theirs))
    policies = frozenset({DeletePolicy.BEFORE_CREATION})
    assert mine.carry_out(step(Action.CREATE_HOOK, hook(), delete_policies=policies)) is None
    assert (mine.answers, mine.gone) == ({key_of(theirs): theirs}, set())


def test_a_hook_that_stays_is_released(world: World) -> None:
    """Our finalizer goes, others stay; what is known of it is what the server answered."""
    live = world.remote.create(hook(finalizers=["example.org/own", HOOK_FINALIZER]))
    mine = hand(world)
    assert done(mine, step(Action.RELEASE_HOOK, None, live)).changed
    assert world.remote.get(JOB, "shop", "migrate")["metadata"]["finalizers"] == ["example.org/own"]
    assert mine.answers[key_of(live)]["metadata"]["finalizers"] == ["example.org/own"]


def test_a_hook_that_goes_is_released_and_deleted(world: World) -> None:
    """In this order: our finalizer would hold it."""
    live = world.remote.create(hook())
    mine = hand(world)
    done(mine, step(Action.DELETE_HOOK, None, live))
    assert [verb for verb, _ in world.remote.requests[-2:]] == ["patch", "delete"]
    assert mine.gone == {key_of(live)}


def test_a_hook_that_is_being_deleted_goes_with_our_finalizer(world: World) -> None:
    """Somebody (a TTL) has deleted it: nothing more is to be asked for."""
    world.remote.create(hook())
    world.remote.delete(JOB, "shop", "migrate")
    live = world.remote.get(JOB, "shop", "migrate")
    mine = hand(world)
    done(mine, step(Action.DELETE_HOOK, None, live))
    assert mine.gone == {key_of(live)}
    assert not [obj for obj in world.remote.objects() if obj["kind"] == "Job"]


def test_a_hook_whose_status_changes_is_released_all_the_same(world: World) -> None:
    """Its controller writes it all the time: what was read may be old."""
    live = world.remote.create(hook())
    world.remote.patch(JOB, "shop", "migrate", {"status": {"succeeded": 1}})
    assert done(hand(world), step(Action.RELEASE_HOOK, None, live)).changed
    assert "finalizers" not in world.remote.get(JOB, "shop", "migrate")["metadata"]


def test_a_hook_that_never_rests_is_left_to_the_next_look(world: World) -> None:
    """And so is one that is another object by now."""
    live = world.remote.create(hook())
    world.remote.fail("patch", VersionConflict("changed"), times=3)
    assert not done(hand(world), step(Action.RELEASE_HOOK, None, live)).changed
    other = {**live, "metadata": {**live["metadata"], "uid": "another", "resourceVersion": "1"}}
    assert not done(hand(world), step(Action.RELEASE_HOOK, None, other)).changed


def test_a_hook_that_is_gone_needs_nothing(world: World) -> None:
    """Known to be gone, or found to be."""
    live = world.remote.create(hook(finalizers=[HOOK_FINALIZER]))
    world.remote.patch(JOB, "shop", "migrate", {"metadata": {"finalizers": None}})
    world.remote.delete(JOB, "shop", "migrate")
    mine = hand(world)
    assert done(mine, step(Action.DELETE_HOOK, None, live)).code is ResultCode.SYNCED
    assert mine.gone == {key_of(live)}
    assert done(hand(world), step(Action.DELETE_HOOK, hook())).message == "gone"


def test_a_hook_without_our_finalizer_is_only_deleted(world: World) -> None:
    """There is nothing to take off."""
    live = world.remote.create(hook(finalizers=[]))
    world.remote.requests.clear()
    done(hand(world), step(Action.DELETE_HOOK, None, live))
    assert [verb for verb, _ in world.remote.requests] == ["delete"]
