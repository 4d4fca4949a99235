"""The API server away, overloaded or failing: what is not known is not concluded from."""

from __future__ import annotations

import time

import pytest

from sandbox.faults import Fault
from tests.chaos.harbour import NAMESPACE_KIND, Harbour
from tests.engine_fixtures import CONFIG_MAP


def test_home_away_during_syncs(harbour: Harbour) -> None:
    """The home cluster refuses connections for three seconds in the middle of syncs."""
    harbour.start(workers=1)
    names = harbour.fleet(20)
    time.sleep(0.2)
    harbour.clusters[0].down(3)
    harbour.converge(names, harbour.revision)
    first = harbour.revision
    harbour.push(names, "green")
    harbour.ring(names[0])
    time.sleep(0.15)
    harbour.clusters[0].down(3)
    harbour.converge(names, harbour.revision)
    harbour.check(names, "green", [first, harbour.revision])
    harbour.nothing_unexpected()


def test_destination_away_during_syncs_and_deletions(harbour: Harbour) -> None:
    """Another cluster is away: its applications say Unknown, the home cluster's go on, and a deletion keeps
    its finalizer until the objects are proven gone.
    """
    harbour.start(workers=1)
    harbour.add_cluster()
    (doomed, kept, bystander) = harbour.fleet(3, elsewhere=2)
    harbour.converge([doomed, kept, bystander], harbour.revision)
    harbour.until(lambda: len(harbour.colours(doomed, where=harbour.other)) == 3, seconds=10)
    harbour.with_finalizer(doomed)
    harbour.clusters[1].down(4)
    harbour.delete(doomed)
    revision = harbour.push([kept, bystander], "green")
    harbour.ring(kept)
    began = time.monotonic()
    harbour.converge([bystander], revision)
    while time.monotonic() - began < 3:
        assert doomed in harbour.apps(), "the finalizer went while the cluster could not be asked"
        time.sleep(0.1)
    harbour.until(lambda: doomed not in harbour.apps(), seconds=40)
    assert harbour.colours(doomed, where=harbour.other) == {}
    harbour.converge([kept], revision, seconds=75)
    assert set(harbour.colours(kept, where=harbour.other).values()) == {"green"}
    harbour.nothing_unexpected()


@pytest.mark.parametrize("status", [429, 500])
def test_failing_answers(harbour: Harbour, status: int) -> None:
    """Three of ten requests are refused, of every verb: syncs and a deletion come to their end."""
    harbour.start(workers=1)
    wait = 1 if status == 429 else None
    harbour.clusters[0].inject(Fault(status=status, rate=0.3, retry_after_seconds=wait))
    names = harbour.fleet(5, finalizer=True)
    first = harbour.revision
    harbour.converge(names, first, seconds=75)
    harbour.delete(names[0])
    time.sleep(3)
    harbour.clusters[0].inject()
    harbour.until(lambda: names[0] not in harbour.apps(), seconds=30)
    harbour.check(names[1:], "blue", [first])
    assert harbour.colours(names[0]) == {}
    harbour.nothing_unexpected()


def test_lists_that_fail_prune_nothing(harbour: Harbour) -> None:
    """While every LIST and GET of a kind fails, a removed manifest's object stays; afterwards it goes."""
    harbour.start(workers=1)
    names = harbour.fleet(3)
    harbour.converge(names, harbour.revision)
    harbour.clusters[0].inject(Fault(status=500, verbs=("list", "get", "watch"), resources=("configmaps",)))
    harbour.redis.flushall()
    revision = harbour.remove(names[0], 1)
    harbour.ring(names[0])
    time.sleep(2.0)
    harbour.clusters[0].inject()
    assert [len(harbour.colours(name)) for name in names] == [3, 3, 3]
    harbour.until(lambda: len(harbour.colours(names[0])) == 2, seconds=75)
    harbour.converge([names[0]], revision)
    assert [len(harbour.colours(name)) for name in names] == [2, 3, 3]


def test_lost_answers(harbour: Harbour) -> None:
    """Writes that happened and whose answers were lost are found done: no history twice, nothing doubled."""
    harbour.start(workers=1)
    harbour.clusters[0].inject(Fault(after_commit=True, rate=0.3, verbs=("apply", "patch", "create")))
    names = harbour.fleet(10)
    harbour.converge(names, harbour.revision, seconds=60)
    harbour.clusters[0].inject()
    harbour.check(names, "blue", [harbour.revision])
    namespaces = {one["metadata"]["name"] for one in harbour.home.list(NAMESPACE_KIND).items}
    assert set(names) <= namespaces
    assert len(harbour.home.list(CONFIG_MAP, names[0]).items) >= 3
    harbour.nothing_unexpected()


def test_end_that_could_not_be_written(harbour: Harbour) -> None:
    """All objects are applied and the one status write fails: the next step ends the sync and tells it."""
    harbour.start(workers=1)
    harbour.clusters[0].inject(Fault(status=500, verbs=("patch",), resources=("applications",), times=2))
    names = harbour.fleet(2)
    harbour.converge(names, harbour.revision, seconds=15)
    harbour.check(names, "blue", [harbour.revision])
