"""Following a repository's refs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common.core.access import RepositoryAccess
from common.core.errors import RepositoryAuthFailed, RepositoryUnreachable
from common.core.follows import Followed
from common.core.keys import AppKey
from common.operations.follow import REFS, RefFact, ask, follow, ref_fact, unreachable_for_seconds
from common.operations.render import INPUTS
from common.ports import Item, Kind
from tests.unit.common.operations.fakes import AUTOMATED, HOME, KEY, REPO, World, application, config_map

MAIN = Followed(url=REPO, ref="main")
ITEM = Item.app(KEY)


@pytest.fixture
def world() -> World:
    """One application on `main`, synced."""
    world = World()
    world.commit(config_map(colour="blue"))
    world.add(application(policy=AUTOMATED))
    world.reconcile()
    poll(world)
    world.queue.rung.clear()
    return world


def poll(world: World, digest: str = MAIN.digest) -> float | None:
    """One poll of a ref."""
    world.git.requests.clear()
    return follow(world.ports, world.fleet.current(), digest)


def rung(world: World) -> list[tuple[str, Kind]]:
    """Whom workers were woken for."""
    return [(item.name, kinds) for item, kinds, _ in world.queue.rung]


def test_a_ref_that_has_not_moved_costs_one_request(world: World) -> None:
    """Whatever the number of applications, nobody is woken."""
    assert poll(world) == world.fleet.current().settings.reconciliation_seconds
    assert world.git.requests == [("ls_remote", REPO)]
    assert rung(world) == []


def test_a_commit_to_its_directory_wakes_an_application(world: World) -> None:
    """At once, to render."""
    revision = world.commit(config_map(colour="green"))
    poll(world)
    assert rung(world) == [("argocd/shop", Kind.RENDER)]
    fact = ref_fact(world.ports, MAIN.digest)
    assert fact is not None
    assert (fact.revision, fact.name, fact.told) == (revision, "refs/heads/main", revision)
    assert fact.previous != ""


def test_a_commit_elsewhere_is_followed_later(world: World) -> None:
    """Nothing is rendered: only the revision in the status follows, in a while."""
    world.commit(files={"other/readme.txt": "words"})
    poll(world)
    assert rung(world) == []
    assert world.leases.claim(ITEM) is None
    world.wait(1)
    claim = world.leases.claim(ITEM)
    assert claim is not None
    assert claim.kinds == Kind.REVISION


def test_untouched_applications_follow_at_a_pace() -> None:
    """20 a second: one status write each is the dearest thing on the path."""
    world = World()
    world.commit(config_map(colour="blue"))
    keys = [world.add(application(f"shop-{n}")) for n in range(40)]
    for key in keys:
        world.reconcile(key)
    poll(world)
    world.commit(files={"other/readme.txt": "words"})
    poll(world)
    world.wait(1.0)
    assert len(world.due.tick()[0]) == 20
    world.wait(1.0)
    assert len({item for item, _ in world.due.tick()[0]}) == 20


def test_an_application_that_nobody_has_rendered_is_touched(world: World) -> None:
    """Without its inputs nothing is known of it."""
    world.facts.drop(INPUTS, [str(KEY)])
    world.commit(files={"other/readme.txt": "words"})
    poll(world)
    assert rung(world) == [("argocd/shop", Kind.RENDER)]


def test_a_source_with_files_of_another_ref_is_looked_at_anew(world: World) -> None:
    """Its paths are of two commits."""
    (inputs,) = world.facts.get(INPUTS, [str(KEY)])
    assert inputs is not None
    inputs["sources"][0]["oids"]["values/prod.yaml"] = "x"
    world.facts.put(INPUTS, {str(KEY): inputs})
    world.commit(files={"other/readme.txt": "words"})
    poll(world)
    assert rung(world) == [("argocd/shop", Kind.RENDER)]


def test_an_application_that_is_there_already_is_not_told(world: World) -> None:
    """Who has asked himself, and rendered, needs no second look; the others do."""
    world.add(application("other"))
    world.reconcile(AppKey(HOME, "other"))
    world.queue.rung.clear()
    world.commit(config_map(colour="green"))
    world.reconcile(kinds=Kind.FETCH)
    poll(world)
    assert rung(world) == [("argocd/other", Kind.RENDER)]


def test_a_poll_that_was_killed_tells_again(world: World) -> None:
    """The revision is kept before everybody was woken: until that is kept too, the next poll does it."""
    world.commit(config_map(colour="green"))
    ask(world.ports, RepositoryAccess(url=REPO), MAIN, "default")
    assert rung(world) == []
    poll(world)
    assert rung(world) == [("argocd/shop", Kind.RENDER)]


def test_another_machines_commit_is_fetched_before_it_is_compared(world: World) -> None:
    """The fact is shared, the mirror is not."""
    world.commit(config_map(colour="green"))
    ask(world.ports, RepositoryAccess(url=REPO), MAIN, "default")
    world.git.forget(REPO)
    poll(world)
    assert ("fetch", REPO) in world.git.requests
    assert rung(world) == [("argocd/shop", Kind.RENDER)]


def test_a_ref_that_nobody_follows_is_forgotten(world: World) -> None:
    """Neither asked nor kept, and not polled again."""
    world.applications.remove(KEY)
    assert poll(world) is None
    assert world.git.requests == []
    assert world.facts.all(REFS) == {}


def test_a_flushed_store_finds_out_what_a_digest_means(world: World) -> None:
    """From an application that follows it; an unknown digest is nobody's."""
    world.facts.drop(REFS, [MAIN.digest])
    assert poll(world) is not None
    assert ref_fact(world.ports, MAIN.digest) is not None
    assert poll(world, "0" * 32) is None


def test_an_index_that_is_behind_is_no_error(world: World) -> None:
    """Of the applications that are said to follow a digest none may do so any more."""
    world.facts.drop(REFS, [MAIN.digest])
    stale = application()
    stale["spec"]["source"]["targetRevision"] = "other"
    world.applications.by_ref = lambda _digest: [KEY, AppKey(HOME, "gone")]  # type: ignore[method-assign]
    world.edit({"spec": stale["spec"]})
    assert poll(world) is None


def test_a_repository_that_fails_keeps_what_was_known(world: World) -> None:
    """With the first time of its failing; who follows it looks once when it begins and once when it ends."""
    world.git.failures[REPO] = RepositoryUnreachable("no answer")
    world.wait(60)
    since = world.clock.now()
    poll(world)
    assert rung(world) == [("argocd/shop", Kind.DIFF)]
    world.wait(60)
    poll(world)
    assert len(rung(world)) == 1
    fact = ref_fact(world.ports, MAIN.digest)
    assert fact is not None
    assert fact.revision != ""
    assert (fact.error, fact.error_type, fact.failing_since) == (
        "no answer",
        "RepositoryUnreachable",
        since,
    )
    assert unreachable_for_seconds(fact, world.clock.now()) == 60.0
    world.git.failures.clear()
    poll(world)
    assert len(rung(world)) == 2
    healed = ref_fact(world.ports, MAIN.digest)
    assert healed is not None
    assert (healed.error, healed.failing_since) == ("", None)


def test_a_refusal_is_no_unreachability(world: World) -> None:
    """Wrong credentials are said at once: no grace period counts for them."""
    world.git.failures[REPO] = RepositoryAuthFailed("wrong password")
    poll(world)
    fact = ref_fact(world.ports, MAIN.digest)
    assert fact is not None
    assert unreachable_for_seconds(fact, world.clock.now()) is None
    assert unreachable_for_seconds(RefFact(url="u", ref="r"), world.clock.now()) is None


def test_a_new_chart_version_wakes_everybody() -> None:
    """Charts have no trees to compare; a version in the range that is newer counts."""
    world = World()
    world.renderer.charts["shop"] = {"1.0.0": [config_map(colour="blue")]}
    source = {"repoURL": "https://charts.example.org", "chart": "shop", "targetRevision": "1.x"}
    world.add(application(source=source))
    world.reconcile()
    digest = Followed(url=source["repoURL"], ref="1.x", chart="shop").digest
    poll(world, digest)
    world.queue.rung.clear()
    world.renderer.charts["shop"]["1.1.0"] = [config_map(colour="green")]
    poll(world, digest)
    assert rung(world) == [("argocd/shop", Kind.RENDER)]
    world.renderer.charts["shop"] = {"2.0.0": []}
    poll(world, digest)
    fact = ref_fact(world.ports, digest)
    assert fact is not None
    assert (fact.revision, fact.error_type) == ("1.1.0", "RenderError")


def test_the_grace_period_forgives_a_repository_that_is_away(world: World) -> None:
    """What was known counts on for `controller.repo.error.grace.period.seconds`; then it is said."""
    world.git.failures[REPO] = RepositoryUnreachable("no answer")
    poll(world)
    grace = world.fleet.current().settings.repo_error_grace_seconds
    world.reconcile()
    assert world.app()["status"]["sync"]["status"] == "Synced"
    world.clock.set(world.clock.now() + timedelta(seconds=grace))
    world.reconcile()
    status = world.app()["status"]
    assert status["sync"]["status"] == "Unknown"
    assert [one["type"] for one in status["conditions"]] == ["ComparisonError"]
