"""Which operation an application has, and what it syncs to."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.errors import ObjectRejected
from common.core.keys import Object, Revision
from common.ports import Kind
from tests.unit.common.operations.fakes import (
    AUTOMATED,
    CONFIG_MAP,
    DEPLOYMENT,
    KEY,
    World,
    annotated,
    application,
    config_map,
)

RETRY = {"limit": 2, "backoff": {"duration": "10s", "factor": 2}}


def colour(world: World) -> str:
    """What is live."""
    found: str = world.remote.get(CONFIG_MAP, "shop", "settings")["data"]["colour"]
    return found


def state(world: World) -> dict[str, Any]:
    """`status.operationState`."""
    found: dict[str, Any] = world.app()["status"]["operationState"]
    return found


def twice(**app: Any) -> tuple[World, Revision, Revision]:
    """Synced to blue, and then to green."""
    world = World()
    blue = world.commit(config_map(colour="blue"))
    world.add(application(operation={"sync": {}}, **app))
    world.reconcile()
    green = world.commit(config_map(colour="green"))
    refresh = {"annotations": {"argocd.argoproj.io/refresh": "normal"}}
    world.edit({"operation": {"sync": {}}, "metadata": refresh})
    world.reconcile()
    return world, blue, green


def test_without_a_policy_nothing_is_synced() -> None:
    """It is compared, and says OutOfSync."""
    world = World()
    world.commit(config_map(colour="blue"))
    world.add(application())
    world.reconcile()
    assert world.writes() == []
    assert world.app()["status"]["sync"]["status"] == "OutOfSync"
    assert "operationState" not in world.app()["status"]


def test_an_automated_sync_says_that_it_is_one() -> None:
    """With its revision, its options and its policy's pruning, and Argo CD's default of five retries."""
    world = World()
    revision = world.commit(config_map(colour="blue"))
    world.add(application(policy={**AUTOMATED, "syncOptions": ["ApplyOutOfSyncOnly=true"]}))
    world.reconcile()
    operation = state(world)["operation"]
    assert operation["initiatedBy"] == {"automated": True}
    assert operation["sync"]["revision"] == revision
    assert operation["sync"]["prune"] is True
    assert operation["sync"]["syncOptions"] == ["ApplyOutOfSyncOnly=true"]
    assert operation["retry"]["limit"] == 5


def test_a_rollback_goes_to_its_revision() -> None:
    """Live is as it was then; the status compares with what the spec asks for."""
    world, blue, green = twice()
    world.edit({"operation": {"sync": {"revision": blue}}})
    world.reconcile()
    assert colour(world) == "blue"
    status = world.app()["status"]
    assert state(world)["syncResult"]["revision"] == blue
    assert (status["sync"]["revision"], status["sync"]["status"]) == (green, "OutOfSync")
    assert [one["revision"] for one in status["history"]] == [blue, green, blue]
    assert [one["id"] for one in status["history"]] == [0, 1, 2]


def test_what_a_rollback_read_is_not_what_the_next_look_knows() -> None:
    """The inputs of what the spec asks for stay kept."""
    world, blue, green = twice()
    world.edit({"operation": {"sync": {"revision": blue}}})
    world.reconcile()
    (kept,) = world.facts.get("inputs", [str(KEY)])
    assert kept is not None
    assert kept["revisions"] == [green]


def test_an_operation_keeps_the_revision_that_it_began_with() -> None:
    """A commit meanwhile is for the next one."""
    world = World()
    blue = world.commit(
        annotated(config_map(colour="blue"), sync_wave="2"),
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"replicas": 1},
        },
    )
    world.add(application(operation={"sync": {}}))
    world.reconcile()
    assert state(world)["phase"] == "Running"
    world.commit(config_map(colour="green"))
    world.edit({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}})
    counts = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    world.happen(DEPLOYMENT, "web", {"status": {**counts, "observedGeneration": 1}})
    world.reconcile()
    assert colour(world) == "blue"
    assert (state(world)["phase"], state(world)["syncResult"]["revision"]) == ("Succeeded", blue)


def test_other_sources_may_be_synced_once() -> None:
    """`operation.sync.source` counts in place of the spec's."""
    world = World()
    world.commit(config_map(colour="blue"))
    world.commit(config_map(colour="red"), path="other")
    source = {**application()["spec"]["source"], "path": "other"}
    world.add(application(operation={"sync": {"source": source}}))
    world.reconcile()
    assert colour(world) == "red"
    assert state(world)["syncResult"]["source"]["path"] == "other"


def test_a_failed_sync_is_tried_again_when_its_time_has_come() -> None:
    """10 s, then 20 s, then it is over; between them it says Running, and nothing is written."""
    world = World()
    world.commit(config_map(colour="blue"))
    world.add(application(operation={"sync": {}, "retry": RETRY}))
    world.watch(CONFIG_MAP)
    world.remote.fail("apply", ObjectRejected("no"), times=3)
    assert world.reconcile() == 10.0
    assert (state(world)["phase"], state(world)["retryCount"]) == ("Running", 1)
    assert "Retrying attempt #1" in state(world)["message"]
    world.wait(4)
    assert world.reconcile() == 6.0
    assert (world.writes(), world.status_writes()) == ([], 0)
    world.wait(6)
    assert world.reconcile() == 20.0
    assert state(world)["retryCount"] == 2
    world.wait(20)
    world.reconcile()
    assert (state(world)["phase"], state(world)["retryCount"]) == ("Failed", 2)
    assert state(world)["finishedAt"] == "2026-01-01T00:00:30Z"
    assert "operation" not in world.app()
    assert "history" not in world.app()["status"]


def test_a_retry_may_go_well() -> None:
    """Then it is an ordinary success."""
    world = World()
    world.commit(config_map(colour="blue"))
    world.add(application(operation={"sync": {}, "retry": RETRY}))
    world.remote.fail("apply", ObjectRejected("no"))
    world.reconcile()
    world.wait(10)
    world.reconcile()
    assert (state(world)["phase"], colour(world)) == ("Succeeded", "blue")


def test_a_wait_for_a_retry_can_be_terminated() -> None:
    """At once."""
    world = World()
    world.commit(config_map(colour="blue"))
    world.add(application(operation={"sync": {}, "retry": RETRY}))
    world.remote.fail("apply", ObjectRejected("no"))
    world.reconcile()
    world.edit({"status": {"operationState": {"phase": "Terminating"}}})
    world.reconcile()
    assert (state(world)["phase"], world.writes()) == ("Failed", [])


def test_an_automated_sync_is_attempted_once_for_a_revision() -> None:
    """A failed one leaves a condition; the next commit is tried."""
    world = World()
    first = world.commit(config_map(colour="blue"))
    world.add(application(policy={**AUTOMATED, "retry": {"limit": 0}}))
    world.remote.fail("apply", ObjectRejected("no"))
    world.reconcile()
    world.reconcile()
    assert world.writes() == []
    (condition,) = world.app()["status"]["conditions"]
    assert condition["type"] == "SyncError"
    assert f"Failed last sync attempt to {first}" in condition["message"]
    world.commit(config_map(colour="green"))
    world.reconcile(kinds=Kind.FETCH)
    assert colour(world) == "green"
    assert "conditions" not in world.app()["status"]


def test_drift_is_healed_by_a_partial_sync() -> None:
    """Only what drifted, no hooks, no history entry."""
    world = World()
    world.commit(config_map(colour="blue"), config_map("other", colour="blue"))
    world.add(application(policy=AUTOMATED))
    world.reconcile()
    world.happen(CONFIG_MAP, "settings", {"data": {"colour": "red"}})
    world.reconcile()
    assert world.writes() == ["apply ConfigMap/settings"]
    sync = state(world)["operation"]["sync"]
    assert [one["name"] for one in sync["resources"]] == ["settings"]
    assert sync["autoHealAttemptsCount"] == 1
    assert len(world.app()["status"]["history"]) == 1


def test_without_self_heal_drift_is_reported() -> None:
    """And nothing is written."""
    world = World()
    world.commit(config_map(colour="blue"))
    world.add(application(policy={"automated": {}}))
    world.reconcile()
    world.happen(CONFIG_MAP, "settings", {"data": {"colour": "red"}})
    world.reconcile()
    assert world.writes() == []
    assert world.app()["status"]["sync"]["status"] == "OutOfSync"


def test_a_repair_waits_after_a_repair() -> None:
    """The time of the next one is when it is looked at again."""
    world = World()
    world.commit(config_map(colour="blue"))
    world.add(application(policy=AUTOMATED))
    world.reconcile()
    for _ in range(2):
        world.happen(CONFIG_MAP, "settings", {"data": {"colour": "red"}})
        again = world.reconcile()
    assert (again, world.writes()) == (2.0, [])


def test_automated_pruning_needs_a_complete_snapshot() -> None:
    """What is no longer desired goes when the snapshot proves whose it is."""
    world = World()
    world.commit(config_map(colour="blue"), config_map("old"))
    world.add(application(policy=AUTOMATED))
    world.reconcile()
    world.watch(CONFIG_MAP)
    world.commit(config_map(colour="blue"))
    world.reconcile(kinds=Kind.FETCH)
    assert world.writes() == ["delete ConfigMap/old"]


def test_the_empty_set_is_guarded() -> None:
    """`allowEmpty`: a commit that takes everything away deletes nothing by itself."""
    world = World()
    world.commit(config_map(colour="blue"))
    world.add(application(policy=AUTOMATED))
    world.reconcile()
    world.watch(CONFIG_MAP)
    world.commit(files={"app/all.yaml": None, "app/readme.md": "empty"})
    world.reconcile(kinds=Kind.FETCH)
    assert world.writes() == []
    (condition,) = world.app()["status"]["conditions"]
    assert "auto-sync will wipe out all resources" in condition["message"]


def test_selected_resources_only() -> None:
    """A partial sync by hand: no hooks, no history."""
    world = World()
    world.commit(config_map("a"), config_map("b"))
    one = {"group": "", "kind": "ConfigMap", "name": "b"}
    world.add(application(operation={"sync": {"resources": [one]}}))
    world.reconcile()
    assert world.writes() == ["apply ConfigMap/b"]
    assert "history" not in world.app()["status"]


def test_an_operation_that_says_nothing_is_refused() -> None:
    """It ends in Error with what was expected; it does not stay for ever."""
    world = World()
    world.commit(config_map())
    world.add(application(operation={"info": [{"name": "why", "value": "no"}]}))
    world.reconcile()
    app = world.app()
    assert "operation" not in app
    assert state(world)["phase"] == "Error"


@pytest.mark.parametrize("managed", [False, True])
def test_the_namespace_is_made_where_it_is_asked_for(*, managed: bool) -> None:
    """With its labels, which are kept up where they are managed."""
    world = World()
    moved: Object = {**config_map(colour="blue"), "metadata": {"name": "settings"}}
    world.commit(moved)
    policy: dict[str, Any] = {"syncOptions": ["CreateNamespace=true"]}
    if managed:
        policy["managedNamespaceMetadata"] = {"labels": {"team": "a"}}
    destination = {"server": "https://remote.example.org", "namespace": "fresh"}
    world.add(application(policy=policy, destination=destination, operation={"sync": {}}))
    world.reconcile()
    assert world.writes() == ["apply Namespace/fresh", "apply ConfigMap/settings"]
    world.edit({"operation": {"sync": {}}})
    world.reconcile()
    assert world.writes() == []
