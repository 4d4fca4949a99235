"""What watchers do with what they see, on memory ports."""

from __future__ import annotations

from typing import Any

import pytest

from common.adapters.memory.applications import MemoryApplications
from common.adapters.memory.cluster import MemoryCluster, MemoryClusters
from common.adapters.memory.due import MemoryDueSet
from common.adapters.memory.facts import MemoryFacts
from common.adapters.memory.live import MemoryLiveStore
from common.adapters.memory.queue import MemoryTaskQueue
from common.core.access import ClusterAccess
from common.core.annotations import TRACKING_ID
from common.core.errors import LeaseLost
from common.core.keys import AppKey, ClusterId, GroupKind, Object, ObjectKey
from common.core.tracking import app_of_instance, owner_of
from common.ports import Item, Kind, WatchEvent
from scheduler.watch.cluster_watch import find_row, is_unknown_on
from scheduler.watch.home_stores import HOME, ApplicationsStore, ReloadStore
from scheduler.watch.parts import Parts
from scheduler.watch.tracked_store import TrackedStore

CLUSTER = ClusterId("https://c")
CONFIG_MAPS = GroupKind("", "ConfigMap")
SHOP, IDLE = Item("app", "argocd/shop"), Item("app", "argocd/idle")


def _config(name: str, version: int, owner: str = "shop") -> Object:
    annotations = {TRACKING_ID: f"{owner}:/ConfigMap:d/{name}"} if owner else {}
    meta = {"name": name, "namespace": "d", "resourceVersion": str(version), "annotations": annotations}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def _app(name: str, version: int, **more: Any) -> Object:
    meta = {"name": name, "namespace": "argocd", "resourceVersion": str(version)}
    return {"metadata": meta, "spec": {"ref": "main"}} | more


class _Counting(MemoryLiveStore):
    """Counts round trips."""

    calls = 0

    def put_many(self, *args: Any, **more: Any) -> Any:
        self.calls += 1
        return super().put_many(*args, **more)

    def remove(self, *args: Any) -> str:
        self.calls += 1
        return super().remove(*args)


@pytest.fixture
def parts() -> Parts:
    """All in memory."""
    return Parts(
        clusters=MemoryClusters(MemoryCluster()),
        live=_Counting(),
        due=MemoryDueSet(),
        facts=MemoryFacts(),
        queue=MemoryTaskQueue(),
        applications=MemoryApplications(lambda app: [app["spec"]["ref"]]),
        accesses=list,
        owner_of=owner_of,
        app_of=lambda instance: app_of_instance(instance, "argocd"),
        refs_of=lambda app: [app["spec"]["ref"]],
    )


def _rung(parts: Parts) -> list[tuple[Item, Kind]]:
    queue = parts.queue
    assert isinstance(queue, MemoryTaskQueue)
    rung = sorted({message[:2] for message in queue.rung})
    queue.rung.clear()
    for item, _ in rung:
        claim = parts.due.claim(item, lease_seconds=5)
        if claim:
            parts.due.release(claim, due_in_seconds=None)
    return rung


class _Tracked:
    """A TrackedStore and whom it woke."""

    def __init__(self, parts: Parts, watcher: str = "w") -> None:
        self.woken: list[list[str]] = []
        parts.live.lead(CLUSTER, watcher, lease_seconds=60)
        self.store = TrackedStore(
            parts.live,
            CLUSTER,
            CONFIG_MAPS,
            watcher,
            owner_of,
            self._woke,
        )

    def _woke(self, names: Any) -> None:
        self.woken.append(sorted(names))

    def list(self, *objects: Object, version: str = "10") -> None:
        """A whole LIST."""
        self.store.begin()
        self.store.listed(objects)
        self.store.swap(version)


def test_list_marks_complete_and_wakes_owners_once(parts: Parts) -> None:
    """What is known already wakes nobody; what has gone wakes whose it was."""
    tracked = _Tracked(parts)
    tracked.list(_config("a", 1), _config("b", 2, "idle"), _config("c", 3, ""))
    assert CONFIG_MAPS in parts.live.read(CLUSTER, "shop").complete
    assert list(parts.live.read(CLUSTER, "shop").objects) == [ObjectKey("", "ConfigMap", "d", "a")]
    assert tracked.woken == [["idle", "shop"]]
    tracked.list(_config("a", 1), version="20")
    assert tracked.woken[1:] == [["idle"]]


def test_events_of_what_nobody_tracks_cost_no_request(parts: Parts) -> None:
    """A cluster's own churn is most of what a watch says."""
    tracked = _Tracked(parts)
    tracked.list()
    live = parts.live
    assert isinstance(live, _Counting)
    live.calls = 0
    tracked.store.events(
        [WatchEvent("ADDED", _config("x", 11, "")), WatchEvent("DELETED", _config("x", 12, ""))]
    )
    assert live.calls == 0
    tracked.store.events([WatchEvent("ADDED", _config(f"n{n}", 20 + n)) for n in range(50)])
    assert live.calls == 1
    assert tracked.woken == [["shop"]]


def test_change_deletion_and_change_within_one_batch(parts: Parts) -> None:
    """Order is kept: an object made again after its deletion is there."""
    tracked = _Tracked(parts)
    tracked.list()
    tracked.store.events(
        [
            WatchEvent("ADDED", _config("a", 11)),
            WatchEvent("DELETED", _config("a", 12)),
            WatchEvent("ADDED", _config("a", 13)),
            WatchEvent("ADDED", _config("b", 14)),
            WatchEvent("DELETED", _config("b", 15)),
        ]
    )
    assert list(parts.live.read(CLUSTER, "shop").objects) == [ObjectKey("", "ConfigMap", "d", "a")]


def test_object_that_is_let_go_leaves_the_snapshot(parts: Parts) -> None:
    """Its tracking-id is taken away: the one that lost it is told."""
    tracked = _Tracked(parts)
    tracked.list(_config("a", 1))
    tracked.woken.clear()
    tracked.store.events([WatchEvent("MODIFIED", _config("a", 11, ""))])
    assert tracked.woken == [["shop"]]
    assert parts.live.read(CLUSTER, "shop").objects == {}


def test_lost_watch_is_no_proof(parts: Parts) -> None:
    """The marker goes, the objects stay."""
    tracked = _Tracked(parts)
    tracked.list(_config("a", 1))
    tracked.store.lost()
    snapshot = parts.live.read(CLUSTER, "shop")
    assert (snapshot.complete, len(snapshot.objects)) == (frozenset(), 1)


def test_watcher_without_the_lease_may_not_list(parts: Parts) -> None:
    """Another incarnation holds the cluster."""
    _Tracked(parts, "other")
    with pytest.raises(LeaseLost):
        _Tracked(parts, "late").store.begin()


def test_new_application_is_compared_and_its_ref_polled(parts: Parts) -> None:
    """A LIST wakes what it has not woken before, and only that."""
    store = ApplicationsStore(parts)
    store.begin()
    store.listed([_app("shop", 1), _app("idle", 2)])
    store.swap("5")
    assert _rung(parts) == [(IDLE, Kind.DIFF), (SHOP, Kind.DIFF), (Item("ref", "main"), Kind.FETCH)]
    again = ApplicationsStore(parts)
    again.begin()
    again.listed([_app("shop", 9, spec={"ref": "next"}), _app("idle", 8, status={"a": "b"})])
    again.swap("9")
    assert _rung(parts) == [(SHOP, Kind.DIFF), (Item("ref", "next"), Kind.FETCH)]


def test_wish_that_our_own_write_brought_back_wakes_all_the_same(parts: Parts) -> None:
    """The answer to a status write carried a user's new spec: its event is an echo, and still news."""
    store = ApplicationsStore(parts)
    store.begin()
    store.swap("1")
    store.events([WatchEvent("ADDED", _app("shop", 2))])
    _rung(parts)
    changed = _app("shop", 3, spec={"ref": "next"})
    assert parts.applications.put(changed)
    store.events([WatchEvent("MODIFIED", changed)])
    assert (SHOP, Kind.DIFF) in _rung(parts)
    store.events([WatchEvent("MODIFIED", _app("shop", 4, spec={"ref": "next"}, status={"a": "b"}))])
    assert _rung(parts) == []


def test_deleted_application_is_forgotten(parts: Parts) -> None:
    """By event, or by a LIST that does not have it: due set, facts and index."""
    store = ApplicationsStore(parts)
    store.begin()
    store.listed([_app("shop", 1), _app("idle", 2)])
    store.swap("5")
    store.events([WatchEvent("DELETED", _app("shop", 6))])
    assert parts.applications.keys() == [AppKey("argocd", "idle")]
    assert parts.facts.get("woken", ["argocd/shop"]) == [None]
    late = ApplicationsStore(parts)
    late.begin()
    late.swap("9")
    assert parts.applications.keys() == []
    assert parts.due.claim(IDLE, lease_seconds=1) is None


def test_flush_is_noticed(parts: Parts) -> None:
    """By the marker, or by the facts, whichever is gone."""
    store = ApplicationsStore(parts)
    store.begin()
    store.swap("1")
    assert not store.flushed()
    parts.facts.drop("woken", ["@alive"])
    assert store.flushed()


def test_settings_bump_once_for_each_change(parts: Parts) -> None:
    """A LIST with the same versions is no news, nor is an object that does not count."""
    store = ReloadStore(parts, lambda name: name.startswith("argocd-"))

    def listed(version: int) -> int:
        store.begin()
        store.listed([_app("argocd-cm", version), _app("other", version)])
        store.swap("9")
        return parts.facts.version(HOME)

    first = listed(1)
    assert listed(1) == first
    second = listed(2)
    assert second > first
    store.events([WatchEvent("MODIFIED", _app("other", 7)), WatchEvent("MODIFIED", _app("argocd-cm", 2))])
    assert parts.facts.version(HOME) == second
    store.events([WatchEvent("DELETED", _app("argocd-cm", 8))])
    assert parts.facts.version(HOME) > second


@pytest.mark.parametrize(
    ("destination", "status", "unknown"),
    [
        ({"server": "https://c/"}, {}, True),
        ({"name": "prod"}, {"sync": {"status": "Unknown"}}, True),
        ({"name": "prod"}, {"sync": {"status": "Synced"}}, False),
        ({"server": "https://other"}, {}, False),
        ({}, {}, False),
    ],
)
def test_applications_that_waited_for_a_complete_snapshot(
    destination: dict[str, str], status: dict[str, Any], unknown: bool
) -> None:
    """On this cluster, and without a comparison yet."""
    access = ClusterAccess(id=CLUSTER, server=CLUSTER, name="prod")
    assert is_unknown_on({"spec": {"destination": destination}, "status": status}, access) is unknown


def test_row_of_a_kind_that_can_be_watched() -> None:
    """Preferred version first; None for what is not served."""
    catalog = MemoryCluster().catalog()
    row = find_row(catalog, GroupKind("apps", "Deployment"))
    assert row is not None
    assert row.plural == "deployments"
    assert find_row(catalog, GroupKind("apps", "Nothing")) is None
