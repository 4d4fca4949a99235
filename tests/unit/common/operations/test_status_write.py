"""Writing an Application: the one fence that there is."""

from __future__ import annotations

import pytest

from common.core.errors import NotFound, VersionConflict
from common.core.keys import Object
from common.operations.status_write import ATTEMPTS, Overtaken, reread, write
from tests.unit.common.operations.fakes import APPLICATION, HOME, KEY, World, application

RUNNING = {"status": {"operationState": {"phase": "Running", "startedAt": "2026-01-01T00:00:00Z"}}}


@pytest.fixture
def world() -> World:
    """With one Application."""
    world = World()
    world.add(application(status={"sync": {"status": "Unknown"}}))
    return world


def by_hand(world: World, body: Object) -> None:
    """Somebody writes, and no watcher has seen it yet."""
    world.home.patch(APPLICATION, HOME, "shop", body)


def test_a_write_is_taken_in_at_once(world: World) -> None:
    """The next step, in whatever process, sees it."""
    answer = write(world.ports, world.app(), {"status": {"sync": {"status": "Synced"}}})
    assert answer["status"]["sync"]["status"] == "Synced"
    assert world.applications.get(KEY) == answer == world.app()


def test_a_change_that_the_decision_was_not_made_from_is_no_matter(world: World) -> None:
    """A label, another's status field: the same decision is written on the newer version."""
    old = world.app()
    by_hand(world, {"metadata": {"labels": {"team": "a"}}, "status": {"observedAt": "2026-01-01T00:00:00Z"}})
    answer = write(world.ports, old, RUNNING)
    assert answer["metadata"]["labels"] == {"team": "a"}
    assert answer["status"]["operationState"]["phase"] == "Running"


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {"project": "other"}},
        {"operation": {"sync": {"revision": "x"}}},
        {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}},
        {"metadata": {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}},
        {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["x"]}},
    ],
    ids=["spec", "operation", "annotation", "finalizers", "deletion"],
)
def test_a_decision_that_was_overtaken_is_not_written(world: World, change: Object) -> None:
    """It is made again from what is there now, and what is there now is known."""
    old = world.app()
    by_hand(world, change)
    with pytest.raises(Overtaken):
        write(world.ports, old, RUNNING)
    assert "operationState" not in world.app()["status"]
    assert world.applications.get(KEY) == world.app()


def test_of_two_claims_only_one_wins(world: World) -> None:
    """Two processes have read the same version and begin the same operation."""
    old = world.app()
    write(world.ports, old, RUNNING)
    with pytest.raises(Overtaken):
        write(world.ports, old, RUNNING)


def test_a_termination_survives(world: World) -> None:
    """A user's `Terminating` is never written over by an operation's progress."""
    write(world.ports, world.app(), RUNNING)
    old = world.app()
    by_hand(world, {"status": {"operationState": {"phase": "Terminating"}}})
    with pytest.raises(Overtaken):
        write(world.ports, old, {"status": {"operationState": {"phase": "Succeeded"}}})
    assert world.app()["status"]["operationState"]["phase"] == "Terminating"


def test_an_application_that_is_gone_is_said_to_be(world: World) -> None:
    """And is forgotten."""
    old = world.app()
    world.home.delete(APPLICATION, HOME, "shop")
    with pytest.raises(Overtaken):
        write(world.ports, old, RUNNING)
    assert world.applications.get(KEY) is None


def test_one_that_goes_between_two_attempts_too(world: World) -> None:
    """The conflict is answered by a read, which finds nothing."""
    old = world.app()
    world.home.fail("patch", VersionConflict("changed"))
    world.home.fail("get", NotFound("gone"))
    with pytest.raises(Overtaken):
        write(world.ports, old, RUNNING)


def test_one_that_never_rests_is_given_up(world: World) -> None:
    """After some attempts the step decides again."""
    world.home.fail("patch", VersionConflict("changed"), times=ATTEMPTS)
    with pytest.raises(Overtaken):
        write(world.ports, world.app(), RUNNING)


def test_a_read_takes_in_what_it_finds(world: World) -> None:
    """Or forgets what it does not find."""
    by_hand(world, {"metadata": {"labels": {"team": "a"}}})
    assert reread(world.ports, KEY)["metadata"]["labels"] == {"team": "a"}
    assert world.applications.get(KEY) == world.app()
    world.home.delete(APPLICATION, HOME, "shop")
    with pytest.raises(Overtaken):
        reread(world.ports, KEY)
    assert world.applications.get(KEY) is None
