"""How a step ends: one status write if anything changed, and the time of the next look."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.errors import ClusterUnreachable, Forbidden, RenderFailed, RepositoryAuthFailed
from common.ports import Kind
from tests.unit.common.operations.fakes import (
    AUTOMATED,
    CONFIG_MAP,
    DEPLOYMENT,
    HOME,
    KEY,
    REPO,
    World,
    application,
    config_map,
    labelled_secret,
)

REFRESH = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}


@pytest.fixture
def world() -> World:
    """One application, synced."""
    world = World()
    world.commit(config_map(colour="blue"))
    world.add(application(policy=AUTOMATED))
    world.reconcile()
    return world


def status(world: World) -> dict[str, Any]:
    """The Application's."""
    found: dict[str, Any] = world.app()["status"]
    return found


def conditions(world: World) -> list[tuple[str, str]]:
    """Type and message of each."""
    return [(one["type"], one["message"]) for one in status(world).get("conditions", [])]


def test_a_look_that_finds_nothing_new_writes_nothing(world: World) -> None:
    """The time of the look alone is no change."""
    before = world.app()
    world.wait(100)
    world.reconcile()
    assert (world.status_writes(), world.writes()) == (0, [])
    assert world.app() == before


def test_the_status_says_what_was_compared(world: World) -> None:
    """In Argo CD's schema."""
    found = status(world)
    assert found["sync"]["comparedTo"]["source"]["repoURL"] == REPO
    assert found["sync"]["comparedTo"]["destination"]["namespace"] == "shop"
    assert found["sourceType"] == "Directory"
    assert found["controllerNamespace"] == HOME
    assert found["reconciledAt"] == "2026-01-01T00:00:00Z"
    assert found["resources"] == [
        {
            "version": "v1",
            "kind": "ConfigMap",
            "namespace": "shop",
            "name": "settings",
            "status": "Synced",
        }
    ]


def test_a_refresh_is_answered(world: World) -> None:
    """The annotation goes in the same write, with a new time, even where nothing else changed."""
    world.wait(60)
    world.git.requests.clear()
    world.edit(REFRESH)
    world.reconcile()
    assert world.status_writes() == 1
    app = world.app()
    assert "argocd.argoproj.io/refresh" not in app["metadata"].get("annotations", {})
    assert app["status"]["reconciledAt"] == "2026-01-01T00:01:00Z"
    assert world.git.requests == [("ls_remote", REPO)]


def test_a_hard_refresh_renders_again(world: World) -> None:
    """By annotation, or by the due set."""
    for asked in range(2):
        renders = len(world.renderer.rendered)
        if asked:
            world.edit({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}})
        world.reconcile(kinds=Kind.DIFF if asked else Kind.HARD)
        assert len(world.renderer.rendered) == renders + 1


def test_the_next_look_is_a_safety_net(world: World) -> None:
    """Soon while a kind is not watched, half an hour when all are."""
    assert world.reconcile() == 10.0
    world.watch(CONFIG_MAP)
    assert world.reconcile() == 1800.0


def test_what_waits_for_an_event_is_looked_at_all_the_same() -> None:
    """An operation that waits comes back within half a minute."""
    world = World()
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 1},
    }
    late = config_map()
    late["metadata"]["annotations"] = {"argocd.argoproj.io/sync-wave": "1"}
    world.commit(deployment, late)
    world.add(application(operation={"sync": {}}))
    world.watch(CONFIG_MAP, DEPLOYMENT)
    assert world.reconcile() == 30.0


def test_a_failed_render_keeps_the_last_good_state(world: World) -> None:
    """Unknown, with the error as a condition; resources, health and history stay, and nothing is pruned."""
    before = status(world)
    world.commit(files={"app/all.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: [1"})
    assert world.reconcile(kinds=Kind.FETCH) == 60.0
    after = status(world)
    assert after["sync"]["status"] == "Unknown"
    for field in ("resources", "health", "history"):
        assert after[field] == before[field]
    ((kind, message),) = conditions(world)
    assert kind == "ComparisonError"
    assert "all.yaml" in message
    assert world.writes() == []


def test_a_condition_keeps_its_time_while_it_stays(world: World) -> None:
    """The same type and message: the same time, and no write; another message is another condition."""
    world.git.failures[REPO] = RepositoryAuthFailed("wrong password")
    world.reconcile(kinds=Kind.FETCH)
    since = status(world)["conditions"][0]["lastTransitionTime"]
    world.wait(100)
    world.reconcile(kinds=Kind.FETCH)
    assert world.status_writes() == 0
    assert status(world)["conditions"][0]["lastTransitionTime"] == since
    world.git.failures[REPO] = RepositoryAuthFailed("user is locked")
    world.reconcile(kinds=Kind.FETCH)
    assert conditions(world) == [("ComparisonError", "user is locked")]
    assert status(world)["conditions"][0]["lastTransitionTime"] != since
    world.git.failures.clear()
    world.reconcile(kinds=Kind.FETCH)
    assert conditions(world) == []


def test_others_conditions_stay(world: World) -> None:
    """Types that no step decides are somebody else's."""
    theirs = {"type": "OrphanedResourceWarning", "message": "1 orphan"}
    world.edit({"status": {"conditions": [theirs]}})
    world.reconcile()
    assert conditions(world) == [("OrphanedResourceWarning", "1 orphan")]


def test_a_spec_that_cannot_be_reconciled_says_every_error(world: World) -> None:
    """One condition each, without the object's name, which carries it; only a change brings another look."""
    world.edit({"spec": {"project": "nobody"}})
    assert world.reconcile() is None
    ((kind, message),) = conditions(world)
    assert kind == "InvalidSpecError"
    assert message == "spec.project: found 'nobody', expected the name of an AppProject"
    assert world.writes() == []


def test_an_operation_that_cannot_begin_ends_in_error(world: World) -> None:
    """With the reason; one that runs already goes on when it can."""
    world.renderer.failures = [RenderFailed("no")]
    world.edit({"operation": {"sync": {}}})
    world.reconcile(kinds=Kind.HARD)
    state = status(world)["operationState"]
    assert (state["phase"], state["message"]) == ("Error", "no")
    assert "operation" not in world.app()


def test_a_cluster_that_does_not_answer_is_said(world: World) -> None:
    """On the Application, whose own cluster is another; soon at first, then seldom, it is tried again."""
    world.happen(CONFIG_MAP, "settings", {"data": {"colour": "red"}})
    world.remote.fail("apply", ClusterUnreachable("no route"), times=4)
    waits = []
    for _ in range(4):
        waits.append(world.reconcile())
        world.wait(waits[-1] * 5)
    assert waits == [3.0, 15.0, 60.0, 60.0]
    assert conditions(world) == [("ComparisonError", "no route")]
    world.reconcile()
    assert conditions(world) == []
    assert status(world)["sync"]["status"] == "Synced"


def test_a_home_cluster_that_does_not_answer_is_raised() -> None:
    """There is nowhere to write it: the step is tried again."""
    world = World()
    world.commit(config_map(namespace="default"))
    home = {"server": "https://kubernetes.default.svc", "namespace": "default"}
    world.add(application(destination=home, policy=AUTOMATED))
    world.home.fail("apply", ClusterUnreachable("no route"))
    with pytest.raises(ClusterUnreachable):
        world.reconcile()
    assert "status" not in world.app()


def test_a_refusal_of_the_cluster_is_said(world: World) -> None:
    """Nothing is concluded from what may not be read."""
    world.facts.drop("stamps", [str(KEY)])
    world.live.forget(world.remote.access.id)
    world.remote.fail("get", Forbidden("not you"))
    world.reconcile()
    assert conditions(world) == [("ComparisonError", "not you")]
    assert status(world)["sync"]["status"] == "Unknown"


def test_the_history_is_bounded() -> None:
    """`revisionHistoryLimit`; ids are never used again, and 0 keeps nothing."""
    for limit, ids in ((2, [1, 2]), (0, [])):
        world = World()
        world.commit(config_map(colour="blue"))
        world.add(application(revisionHistoryLimit=limit))
        for _ in range(3):
            world.edit({"operation": {"sync": {}}})
            world.reconcile()
        assert [one["id"] for one in status(world).get("history", [])] == ids


def test_several_sources_have_several_revisions() -> None:
    """`revisions` and `sourceTypes` in place of `revision` and `sourceType`."""
    world = World()
    world.commit(config_map("a"), path="a")
    revision = world.commit(config_map("b"), path="b")
    one = {"repoURL": REPO, "targetRevision": "main"}
    sources = [{**one, "path": "a"}, {**one, "path": "b"}]
    world.add(application(source=None, sources=sources, policy=AUTOMATED))
    world.reconcile()
    found = status(world)
    assert found["sync"]["revisions"] == [revision, revision]
    assert "revision" not in found["sync"]
    assert found["sourceTypes"] == ["Directory", "Directory"]
    assert found["history"][0]["revisions"] == [revision, revision]
    assert world.writes() == ["apply ConfigMap/a", "apply ConfigMap/b"]


def test_a_skipped_application_is_left_alone(world: World) -> None:
    """`argocd.argoproj.io/skip-reconcile: "true"`."""
    world.commit(config_map(colour="green"))
    world.edit({"metadata": {"annotations": {"argocd.argoproj.io/skip-reconcile": "true"}}})
    assert world.reconcile(kinds=Kind.FETCH) is None
    assert (world.status_writes(), world.writes()) == (0, [])


def test_an_application_that_nobody_has_seen_yet_is_read() -> None:
    """Absence from the store is no proof while it is not complete."""
    world = World()
    world.commit(config_map())
    world.home.create(application(policy=AUTOMATED))
    world.reconcile()
    assert status(world)["sync"]["status"] == "Synced"


def test_a_private_repository_is_read_with_its_credentials() -> None:
    """What the Secret says reaches Git and the renderer."""
    world = World()
    world.home.create(labelled_secret("repo", "repository", url=REPO, username="u", password="p"))
    world.change_home()
    world.commit(config_map())
    world.add(application(policy=AUTOMATED))
    world.reconcile()
    assert world.renderer.rendered[0].repo.username == "u"


def test_an_object_of_a_kind_that_is_not_served_stops_the_sync() -> None:
    """Nothing is applied; the row names it. Discovery is asked again, and not at every look."""
    world = World()
    widget = {
        "apiVersion": "example.org/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": "shop"},
    }
    world.commit(config_map(), widget)
    world.add(application(operation={"sync": {}}))
    world.reconcile()
    assert world.writes() == []
    state = status(world)["operationState"]
    assert state["phase"] == "Failed"
    (row,) = state["syncResult"]["resources"]
    assert "could not find example.org/Widget" in row["message"]
