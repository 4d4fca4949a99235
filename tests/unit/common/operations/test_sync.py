"""Advancing one operation: what is written when, and what it waits for."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.annotations import HOOK_FINALIZER, OPERATION_ID
from common.core.errors import ClusterUnreachable, Forbidden
from common.core.keys import Object
from common.operations import sync
from common.operations.status_write import Overtaken
from tests.unit.common.operations.fakes import (
    APPLICATION,
    AUTOMATED,
    CONFIG_MAP,
    DEPLOYMENT,
    HOME,
    JOB,
    World,
    annotated,
    application,
    config_map,
    job,
    tracked,
)

COMPLETE = {"status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}}
FAILED = {"status": {"conditions": [{"type": "Failed", "status": "True", "message": "exit 1"}]}}
OPERATION = {"sync": {}}
REFRESH = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}


def synced(*objects: Object, **more: Any) -> World:
    """An Application whose sync somebody has asked for, after its first step."""
    world = World()
    world.commit(*objects)
    world.add(application(**{"operation": OPERATION, **more}))
    world.reconcile()
    return world


def state(world: World) -> dict[str, Any]:
    """`status.operationState`."""
    found: dict[str, Any] = world.app()["status"]["operationState"]
    return found


def deployment(name: str = "web") -> Object:
    """A Deployment that is not ready until its status says so."""
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"replicas": 1}}


def ready(world: World, name: str = "web") -> None:
    """Its controller has made it."""
    counts = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    generation = world.remote.get(DEPLOYMENT, "shop", name)["metadata"]["generation"]
    world.happen(DEPLOYMENT, name, {"status": {**counts, "observedGeneration": generation}})


def finish(world: World, how: Object = COMPLETE, name: str = "migrate") -> None:
    """The Job ends."""
    world.happen(JOB, name, how)


def test_a_sync_that_ends_at_once_is_written_once() -> None:
    """Its end, with the status, the history and the removal of `operation`, in one write."""
    world = synced(config_map(colour="blue"))
    assert world.status_writes() == 1
    app = world.app()
    assert "operation" not in app
    assert (state(world)["phase"], app["status"]["sync"]["status"]) == ("Succeeded", "Synced")
    assert len(app["status"]["history"]) == 1
    assert [row["message"] for row in state(world)["syncResult"]["resources"]] == [
        "configmap/settings serverside-applied"
    ]


def test_a_hook_is_claimed_before_it_is_made() -> None:
    """The claim is the fence; the hook carries the operation's id and our finalizer."""
    world = synced(config_map(), job("migrate", hook="PreSync"))
    first = [verb for verb, key in world.home.requests if key.kind == "Application" and verb == "patch"]
    assert len(first) >= 1
    live = world.remote.get(JOB, "shop", "migrate")
    assert live["metadata"]["finalizers"] == [HOOK_FINALIZER]
    (line,) = state(world)["operation"]["info"]
    assert line["name"] == sync.OPERATION_ID_INFO
    assert live["metadata"]["annotations"][OPERATION_ID].startswith(line["value"])
    assert state(world)["phase"] == "Running"
    assert world.app()["operation"] == OPERATION


def test_no_hook_is_made_without_the_claim() -> None:
    """Who is overtaken has written nothing to the cluster."""
    world = World()
    world.commit(job("migrate", hook="PreSync"))
    world.add(application(operation=OPERATION))
    world.home.patch(APPLICATION, HOME, "shop", {"spec": {"project": "other"}})
    with pytest.raises(Overtaken):
        world.reconcile()
    assert world.writes() == []


def test_the_next_step_goes_on_where_the_last_ended() -> None:
    """A new process finds all in the status: the same hook, the same id, then what comes after it."""
    world = synced(config_map(), job("migrate", hook="PreSync"))
    uid = world.remote.get(JOB, "shop", "migrate")["metadata"]["uid"]
    world.reconcile()
    assert world.writes() == []
    finish(world)
    world.reconcile()
    assert state(world)["phase"] == "Succeeded"
    assert world.remote.get(CONFIG_MAP, "shop", "settings")
    assert world.remote.get(JOB, "shop", "migrate")["metadata"]["uid"] == uid
    assert "operation" not in world.app()


def test_a_hook_that_has_ended_is_released_once() -> None:
    """Its result is saved first; then it goes where its policy says so, and the waves go on."""
    world = synced(
        job("migrate", hook="PreSync"),
        annotated(deployment("one"), sync_wave="1"),
        annotated(deployment("two"), sync_wave="2"),
    )
    finish(world)
    world.reconcile()
    assert "finalizers" not in world.remote.get(JOB, "shop", "migrate")["metadata"]
    assert world.status_writes() <= 3
    assert world.writes().count("patch Job/migrate") == 1
    assert state(world)["message"].startswith("waiting for healthy state of apps/Deployment/one")


def test_a_hook_that_cannot_be_released_ends_the_step() -> None:
    """Not a loop of writes: the next look tries again."""
    world = synced(
        job("migrate", hook="PreSync"),
        annotated(deployment("one"), sync_wave="1"),
        annotated(deployment("two"), sync_wave="2"),
    )
    finish(world)
    world.remote.fail("patch", Forbidden("not you"), times=500)
    world.reconcile()
    assert world.status_writes() <= 4
    assert state(world)["phase"] == "Running"


def test_a_hook_goes_where_its_policy_says() -> None:
    """HookSucceeded: its result outlives it."""
    world = synced(job("migrate", hook="PreSync", hook_delete_policy="HookSucceeded"))
    finish(world)
    world.reconcile()
    assert [obj for obj in world.remote.objects() if obj["kind"] == "Job"] == []
    (row,) = state(world)["syncResult"]["resources"]
    assert (row["hookPhase"], state(world)["phase"]) == ("Succeeded", "Succeeded")


def test_an_earlier_syncs_hook_makes_room() -> None:
    """BeforeHookCreation, the default: deleted, and made anew."""
    world = synced(job("migrate", hook="PreSync"))
    finish(world)
    world.reconcile()
    uid = world.remote.get(JOB, "shop", "migrate")["metadata"]["uid"]
    world.edit({"operation": OPERATION})
    world.reconcile()
    assert world.remote.get(JOB, "shop", "migrate")["metadata"]["uid"] != uid
    assert state(world)["phase"] == "Running"


def test_one_that_cannot_go_yet_is_waited_for() -> None:
    """Somebody's finalizer holds it: few requests, no loop."""
    world = synced(job("migrate", hook="PreSync"))
    finish(world)
    world.reconcile()
    world.happen(JOB, "migrate", {"metadata": {"finalizers": ["example.org/wait"]}})
    world.edit({"operation": OPERATION})
    world.reconcile()
    assert len(world.remote.requests) < 15
    assert state(world)["message"].startswith("waiting for deletion of batch/Job/migrate")
    world.happen(JOB, "migrate", {"metadata": {"finalizers": None}})
    world.reconcile()
    assert HOOK_FINALIZER in world.remote.get(JOB, "shop", "migrate")["metadata"]["finalizers"]


def test_a_failed_hook_fails_the_sync() -> None:
    """Nothing after it is applied; the SyncFail hook runs first, and the end is said after it."""
    world = synced(config_map(), job("migrate", hook="PreSync"), job("alarm", hook="SyncFail"))
    finish(world, FAILED)
    world.reconcile()
    assert state(world)["phase"] == "Running"
    finish(world, name="alarm")
    world.reconcile()
    assert state(world)["phase"] == "Failed"
    assert [obj["kind"] for obj in world.remote.objects() if obj["kind"] == "ConfigMap"] == []


def test_a_wave_waits_for_the_one_before() -> None:
    """For its health; the last one does not hold the operation."""
    world = synced(annotated(deployment("one"), sync_wave="1"), annotated(deployment("two"), sync_wave="2"))
    assert world.writes() == ["apply Deployment/one"]
    assert state(world)["phase"] == "Running"
    ready(world, "one")
    world.reconcile()
    assert world.writes() == ["apply Deployment/two"]
    assert state(world)["phase"] == "Succeeded"


def test_an_unchanged_object_costs_no_request() -> None:
    """Its result says so."""
    world = synced(config_map("a", colour="blue"), config_map("b", colour="blue"))
    world.commit(config_map("a", colour="blue"), config_map("b", colour="green"))
    world.edit(
        {"operation": OPERATION, "metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
    )
    world.reconcile()
    assert world.writes() == ["apply ConfigMap/b"]
    rows = {row["name"]: row["message"] for row in state(world)["syncResult"]["resources"]}
    assert rows == {"a": "configmap/a unchanged", "b": "configmap/b serverside-applied"}


def test_a_dry_run_changes_nothing() -> None:
    """Its results are kept, no history is."""
    world = synced(config_map(colour="blue"), operation={"sync": {"dryRun": True}})
    assert world.writes() == ["dry-apply ConfigMap/settings"]
    assert state(world)["phase"] == "Succeeded"
    status = world.app()["status"]
    assert (status["sync"]["status"], status.get("history")) == ("OutOfSync", None)


def test_a_cluster_that_goes_away_in_the_middle_repeats_the_step() -> None:
    """What was done is found done; the operation is not lost, and ends."""
    world = World()
    world.commit(config_map("a"), config_map("b"))
    world.add(application(operation=OPERATION))
    world.remote.fail("apply", ClusterUnreachable("gone"), name="b")
    assert world.reconcile() == 10.0
    app = world.app()
    assert (app["operation"], app["status"]["sync"]["status"]) == (OPERATION, "Unknown")
    world.reconcile()
    assert world.writes() == ["apply ConfigMap/b"]
    assert state(world)["phase"] == "Succeeded"


def test_a_termination_ends_it() -> None:
    """Its running hooks are deleted; it is not tried again."""
    world = synced(
        config_map(), job("migrate", hook="PreSync"), operation={"sync": {}, "retry": {"limit": 5}}
    )
    world.edit({"status": {"operationState": {"phase": "Terminating"}}})
    world.reconcile()
    assert (state(world)["phase"], state(world)["message"]) == ("Failed", "Operation terminated")
    assert [obj for obj in world.remote.objects() if obj["kind"] == "Job"] == []
    assert "operation" not in world.app()
    assert state(world).get("finishedAt")


def test_more_rounds_than_any_sync_has_go_on_in_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done is kept, and the rest comes at once."""
    monkeypatch.setattr(sync, "ROUNDS", 1)
    world = World()
    world.commit(annotated(config_map("a"), sync_wave="1"), annotated(config_map("b"), sync_wave="2"))
    world.add(application(operation=OPERATION))
    assert world.reconcile() == 0.0
    assert world.writes() == ["apply ConfigMap/a"]
    assert [row["name"] for row in state(world)["syncResult"]["resources"]] == ["a"]
    monkeypatch.undo()
    world.reconcile()
    assert world.writes() == ["apply ConfigMap/b"]
    assert state(world)["phase"] == "Succeeded"


def test_a_prune_takes_what_is_no_longer_desired() -> None:
    """Where it is asked for; else the result says why not."""
    world = synced(config_map("keep"), config_map("old"))
    world.watch(CONFIG_MAP)
    world.commit(config_map("keep"))
    world.edit({"operation": OPERATION, **REFRESH})
    world.reconcile()
    rows = {row["name"]: row["status"] for row in state(world)["syncResult"]["resources"]}
    assert rows == {"keep": "Synced", "old": "PruneSkipped"}
    world.edit({"operation": {"sync": {"prune": True}}})
    world.reconcile()
    assert world.writes() == ["delete ConfigMap/old"]
    assert [row["name"] for row in world.app()["status"]["resources"]] == ["keep"]


def test_nothing_is_pruned_from_a_snapshot_that_proves_nothing() -> None:
    """What is not ours beyond doubt stays."""
    world = synced(config_map("keep"))
    world.remote.create(config_map("theirs"))
    world.remote.create(tracked(config_map("other"), "blog"))
    world.watch(CONFIG_MAP)
    world.edit({"operation": {"sync": {"prune": True}}})
    world.reconcile()
    assert world.writes() == []


def test_automated_pruning_and_a_namespace() -> None:
    """CreateNamespace makes it first, once."""
    world = World()
    world.commit({**config_map("a"), "metadata": {"name": "a"}})
    policy = {**AUTOMATED, "syncOptions": ["CreateNamespace=true"]}
    destination = {"server": "https://remote.example.org", "namespace": "fresh"}
    world.add(application(policy=policy, destination=destination))
    world.reconcile()
    assert world.writes() == ["apply Namespace/fresh", "apply ConfigMap/a"]
    assert state(world)["phase"] == "Succeeded"
