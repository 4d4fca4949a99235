"""Watchers against a sandbox and a real Redis: what wakes an application, and what they survive."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from common.adapters.cluster.pool import Breaker, HttpClusters
from common.adapters.memory.queue import MemoryTaskQueue
from common.adapters.redis.applications import RedisApplications
from common.adapters.redis.due import RedisDueSet
from common.adapters.redis.facts import RedisFacts
from common.adapters.redis.live import RedisLiveStore
from common.core.annotations import TRACKING_ID
from common.core.errors import KindNotServed
from common.core.keys import IN_CLUSTER, AppKey, GroupKind, GroupVersionKind, Object, ObjectKey
from common.core.tracking import app_of_instance, owner_of
from common.ports import Item, Kind
from common.settings import Settings
from common.wiring import Engine
from sandbox.faults import Fault
from sandbox.run import SandboxCluster, running_sandbox, write_kubeconfig
from scheduler.watch.engine_parts import engine_parts
from scheduler.watch.home_stores import HOME
from scheduler.watch.parts import Parts
from scheduler.watch.relist import HomeRelister
from scheduler.watch.supervisor import HOME_LEASE, LeaseTimes, Supervisor
from tests.redis_fixtures import valkey, valkey_server, valkey_url  # noqa: F401  # fixtures

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
CONFIG_MAPS = GroupKind("", "ConfigMap")
WIDGET = GroupVersionKind("example.org", "v1", "Widget")
APPLICATION = GroupVersionKind("argoproj.io", "v1alpha1", "Application")
SHOP = Item("app", "argocd/shop")
QUICK = LeaseTimes(lease=1.5, round=0.2)


@dataclass
class _Place:
    """A sandbox that is both the home cluster and the one deployed to, and what watches it."""

    sandbox: SandboxCluster
    redis: redis.Redis
    parts: Parts

    @property
    def home(self) -> Any:
        return self.parts.clusters.home()

    def rung(self) -> list[tuple[Item, Kind]]:
        """Doorbells since the last call."""
        queue = self.parts.queue
        assert isinstance(queue, MemoryTaskQueue)
        found = []
        while (message := queue.pop()) is not None:
            found.append(message[:2])
            # As a worker does: claim it, so that the next request rings again.
            claim = self.parts.due.claim(message[0], lease_seconds=5)
            if claim is not None:
                self.parts.due.release(claim, due_in_seconds=None)
        return found

    async def until_rung(self, item: Item, *, seconds: float = 5.0) -> float:
        """Wait until an item is rung; how long that took."""
        started = time.monotonic()
        while item not in [rung for rung, _ in self.rung()]:
            assert time.monotonic() - started < seconds, f"{item} was not rung"
            await asyncio.sleep(0.002)
        return time.monotonic() - started

    async def quiet(self) -> list[tuple[Item, Kind]]:
        """What is rung within a moment."""
        await asyncio.sleep(0.3)
        return self.rung()

    async def on_thread(self, call: Callable[[], Any]) -> Any:
        return await asyncio.to_thread(call)

    def complete(self, kind: GroupKind = CONFIG_MAPS) -> bool:
        return kind in self.parts.live.read(self.sandbox.access().id, "").complete

    def stored(self, name: str = "web") -> Object | None:
        snapshot = self.parts.live.read(self.sandbox.access().id, "shop")
        return snapshot.objects.get(ObjectKey("", "ConfigMap", "default", name))


async def until(condition: Callable[[], bool], *, seconds: float = 8.0) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


def _config(name: str = "web", **data: str) -> Object:
    tracking = f"shop:/ConfigMap:default/{name}"
    meta = {"name": name, "namespace": "default", "annotations": {TRACKING_ID: tracking}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def _app(name: str = "shop", **spec: Any) -> Object:
    source = {"repoURL": "https://example.org/repo.git", "targetRevision": "main", "path": "."}
    destination = {"server": "https://example.org", "namespace": "default"}
    full = {"project": "default", "source": source, "destination": destination} | spec
    meta = {"name": name, "namespace": "argocd"}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": meta, "spec": full}


def _definition(group: str, version: str, kind: str, plural: str) -> Object:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    served = {"name": version, "served": True, "storage": True, "schema": schema}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [served],
        },
    }


def _wait_for_kind(cluster: Any, gvk: GroupVersionKind) -> None:
    """A definition is established a moment after it was applied."""
    deadline = time.monotonic() + 5
    while True:
        try:
            cluster.list(gvk)
        except KindNotServed:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return


@pytest.fixture
def place(valkey: redis.Redis) -> Iterator[_Place]:  # noqa: F811  # the fixture
    """A sandbox with the definitions and the home namespace."""
    with running_sandbox(controllers=False, event_window=200, bookmark_seconds=1.0) as fleet:
        sandbox = fleet[0]
        clusters = HttpClusters(sandbox.access(), breaker=lambda: Breaker(failures=10**6))
        home = clusters.home()
        for kind, plural in (("Application", "applications"), ("AppProject", "appprojects")):
            home.apply(_definition("argoproj.io", "v1alpha1", kind, plural))
            _wait_for_kind(home, GroupVersionKind("argoproj.io", "v1alpha1", kind))
        home.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}})
        parts = Parts(
            clusters=clusters,
            live=RedisLiveStore(valkey, secrets_key=b"k" * 32),
            due=RedisDueSet(valkey),
            facts=RedisFacts(valkey),
            queue=MemoryTaskQueue(),
            applications=RedisApplications(valkey, _refs_of),
            accesses=lambda: [sandbox.access()],
            owner_of=owner_of,
            app_of=lambda instance: app_of_instance(instance, "argocd"),
            refs_of=_refs_of,
        )
        yield _Place(sandbox, valkey, parts)
        clusters.close()


def _refs_of(app: Object) -> list[str]:
    return [app["spec"]["source"]["targetRevision"]]


@contextlib.asynccontextmanager
async def watching(place: _Place, times: LeaseTimes = QUICK) -> AsyncIterator[Supervisor]:
    """A watch process's supervisor, running."""
    stop = asyncio.Event()
    supervisor = Supervisor(place.parts, times=times)
    task = asyncio.create_task(supervisor.run(stop))
    try:
        await until(
            lambda: place.sandbox.access().id in supervisor.held and place.parts.applications.complete()
        )
        yield supervisor
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def _want(place: _Place, *kinds: GroupKind) -> None:
    place.parts.live.want(place.sandbox.access().id, kinds or (CONFIG_MAPS,))
    await until(lambda: all(place.complete(kind) for kind in kinds or (CONFIG_MAPS,)))
    place.rung()


async def test_change_by_hand_makes_its_application_due_in_milliseconds(place: _Place) -> None:
    """Edit and deletion of a tracked object; the snapshot has both."""
    await place.on_thread(lambda: place.home.apply(_config(a="1")))
    async with watching(place):
        await _want(place)
        assert place.stored()["data"] == {"a": "1"}
        patch = {"data": {"a": "2"}}
        await place.on_thread(lambda: place.home.patch(CONFIG_MAP, "default", "web", patch))
        assert await place.until_rung(SHOP) < 0.5
        assert place.stored()["data"] == {"a": "2"}
        await place.on_thread(lambda: place.home.delete(CONFIG_MAP, "default", "web"))
        assert await place.until_rung(SHOP) < 0.5
        assert place.stored() is None


async def test_echo_of_our_own_write_and_foreign_objects_wake_nobody(place: _Place) -> None:
    """What a worker has put already is no news; what nobody tracks, or has an owner, is not ours."""
    async with watching(place):
        await _want(place)

        def hold_back_and_write() -> None:
            # The worker's answer reaches the snapshot before the event: the sandbox's events are held back.
            answer = place.home.apply(_config(a="1"), dry_run=True)
            version = int(place.home.list(CONFIG_MAP).resource_version) + 1
            answer["metadata"]["resourceVersion"] = str(version)
            place.parts.live.put(place.sandbox.access().id, answer, "shop")
            made = place.home.apply(_config(a="1"))
            assert int(made["metadata"]["resourceVersion"]) == version

        await place.on_thread(hold_back_and_write)
        foreign = _config("foreign")
        del foreign["metadata"]["annotations"]
        child = _config("child")
        child["metadata"]["ownerReferences"] = [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "web", "uid": "u", "controller": True}
        ]
        inherited = _config("copy")
        inherited["metadata"]["annotations"][TRACKING_ID] = "shop:/ConfigMap:default/web"
        for obj in (foreign, child, inherited):
            await place.on_thread(lambda obj=obj: place.home.create(obj))
        assert await place.quiet() == []
        assert place.stored("child") is None


async def test_object_that_changes_hands_wakes_both(place: _Place) -> None:
    """The one that lost it, and the one that has it now."""
    await place.on_thread(lambda: place.home.apply(_config(a="1")))
    async with watching(place):
        await _want(place)
        patch = {"metadata": {"annotations": {TRACKING_ID: "other:/ConfigMap:default/web"}}}
        await place.on_thread(lambda: place.home.patch(CONFIG_MAP, "default", "web", patch))
        await asyncio.sleep(0.3)
        assert {item for item, _ in place.rung()} == {SHOP, Item("app", "argocd/other")}
        assert place.stored() is None


async def test_kind_wanted_later_is_watched_at_once(place: _Place) -> None:
    """Also one that is not served until its definition comes: until then there are provably none."""
    async with watching(place):
        started = time.monotonic()
        await _want(place)
        assert time.monotonic() - started < 1.0
        await _want(place, WIDGET.group_kind)
        await place.on_thread(lambda: place.home.apply(_definition("example.org", "v1", "Widget", "widgets")))
        meta = {
            "name": "w",
            "namespace": "default",
            "annotations": {TRACKING_ID: "shop:example.org/Widget:default/w"},
        }
        widget = {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": meta}
        await asyncio.sleep(0.2)
        await place.on_thread(lambda: place.home.catalog(refresh=True))
        await place.on_thread(lambda: place.home.apply(widget))
        await place.until_rung(SHOP)


async def test_expired_version_is_listed_again(place: _Place) -> None:
    """The API server away while more events pass than it keeps: nothing of it is missed."""
    await place.on_thread(lambda: [place.home.apply(_config(f"c{n}")) for n in range(5)])
    async with watching(place):
        await _want(place)
        place.sandbox.inject(Fault(status=503, verbs=("watch",)))
        place.sandbox.call(place.sandbox.app.close_watches)

        def churn() -> None:
            for n in range(250):
                place.home.apply(_config("c0", n=str(n)))
            place.home.delete(CONFIG_MAP, "default", "c1")

        await place.on_thread(churn)
        place.rung()
        place.sandbox.inject()
        await until(
            lambda: (place.stored("c0") or {}).get("data") == {"n": "249"} and place.stored("c1") is None
        )
        await until(lambda: place.complete())
        assert SHOP in [item for item, _ in place.rung()]


async def test_api_server_away_for_longer_than_the_grace(
    place: _Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Absence is no proof meanwhile; afterwards everything is as it is, without anybody's help."""
    from scheduler.watch import cluster_watch
    from scheduler.watch.kind_watch import KindWatch

    def hasty(*args: Any, **more: Any) -> KindWatch:
        return KindWatch(*args, **more, grace_seconds=0.3)

    monkeypatch.setattr(cluster_watch, "KindWatch", hasty)
    await place.on_thread(lambda: place.home.apply(_config(a="1")))
    async with watching(place):
        await _want(place)
        place.sandbox.down(2.0)
        await until(lambda: not place.complete())
        await until(lambda: place.complete())
        await place.on_thread(lambda: place.home.patch(CONFIG_MAP, "default", "web", {"data": {"a": "2"}}))
        await place.until_rung(SHOP)


async def test_dead_watcher_is_replaced_within_its_lease(place: _Place) -> None:
    """Two processes: one holds each lease; when it dies without a word the other takes over."""
    first, second = Supervisor(place.parts, times=QUICK), Supervisor(place.parts, times=QUICK)
    stop = asyncio.Event()
    one = asyncio.create_task(first.run(asyncio.Event()))
    await until(lambda: len(first.held) == 2)
    two = asyncio.create_task(second.run(stop))
    await _want(place)
    await asyncio.sleep(0.5)
    assert second.held == frozenset()
    # Killed: nothing is given back.
    silent = place.parts.live.leave
    place.parts.live.leave = lambda *_: None  # type: ignore[method-assign]
    one.cancel()
    await asyncio.gather(one, return_exceptions=True)
    place.parts.live.leave = silent  # type: ignore[method-assign]
    started = time.monotonic()
    await until(lambda: second.held == {HOME_LEASE, place.sandbox.access().id})
    assert time.monotonic() - started < QUICK.lease + 3 * QUICK.round + 1
    await until(lambda: place.complete())
    await place.on_thread(lambda: place.home.apply(_config(a="1")))
    await place.until_rung(SHOP)
    stop.set()
    await two


async def test_flush_of_redis_lists_everything_and_makes_it_due(place: _Place) -> None:
    """Snapshot, Applications and what was woken are made again."""
    await place.on_thread(lambda: place.home.apply(_config(a="1")))
    await place.on_thread(lambda: place.home.apply(_app()))
    async with watching(place):
        await _want(place)
        await asyncio.sleep(0.3)
        place.rung()
        place.redis.flushall()
        await place.until_rung(SHOP, seconds=8)
        await until(lambda: place.complete() and place.stored() is not None)
        await until(lambda: place.parts.applications.keys() == [AppKey("argocd", "shop")])
        assert place.parts.applications.by_ref("main") == [AppKey("argocd", "shop")]


async def test_application_wakes_when_it_asks_for_something(place: _Place) -> None:
    """New, its spec, an operation, the refresh annotation; not its status. Deleted, it is forgotten."""
    async with watching(place):
        await place.on_thread(lambda: place.home.apply(_app()))
        await asyncio.sleep(0.3)
        assert sorted(place.rung()) == [(SHOP, Kind.DIFF), (Item("ref", "main"), Kind.FETCH)]

        def patch(body: object) -> None:
            place.home.patch(APPLICATION, "argocd", "shop", body)

        await place.on_thread(lambda: patch({"status": {"sync": {"status": "Synced"}}}))
        assert await place.quiet() == []
        assert place.parts.applications.get(AppKey("argocd", "shop"))["status"] == {
            "sync": {"status": "Synced"}
        }
        await place.on_thread(lambda: patch({"operation": {"sync": {}}}))
        assert (SHOP, Kind.DIFF | Kind.APPLY) in await place.quiet()
        refresh = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}, "operation": None}
        await place.on_thread(lambda: patch(refresh))
        assert (SHOP, Kind.DIFF | Kind.FETCH | Kind.HARD) in await place.quiet()
        await place.on_thread(lambda: place.home.delete(APPLICATION, "argocd", "shop"))
        await until(lambda: place.parts.applications.keys() == [])
        assert place.parts.facts.get("woken", ["argocd/shop"]) == [None]


async def test_restarted_watcher_wakes_only_what_changed_meanwhile(place: _Place) -> None:
    """A thousand quiet applications cost nothing at a restart."""
    for name in ("shop", "idle"):
        await place.on_thread(lambda name=name: place.home.apply(_app(name)))
    async with watching(place):
        await place.quiet()
    change = {"spec": {"project": "other"}}
    await place.on_thread(lambda: place.home.patch(APPLICATION, "argocd", "shop", change))
    await place.on_thread(lambda: place.home.patch(APPLICATION, "argocd", "idle", {"status": {"a": "b"}}))
    async with watching(place):
        woken = [item for item, _ in await place.quiet() if item.sort == "app"]
    assert woken == [SHOP]


async def test_settings_are_announced_and_never_stored(place: _Place) -> None:
    """Secrets, projects and ConfigMaps of the home namespace bump a version; no content in Redis."""
    async with watching(place):
        await asyncio.sleep(0.5)
        before = place.parts.facts.version(HOME)
        label = {"argocd.argoproj.io/secret-type": "repository"}
        meta = {"name": "repo", "namespace": "argocd", "labels": label}
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": meta,
            "stringData": {"password": "hunter2"},
        }
        await place.on_thread(lambda: place.home.apply(secret))
        await until(lambda: place.parts.facts.version(HOME) > before)
        settings = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "argocd-cm", "namespace": "argocd"},
        }
        before = place.parts.facts.version(HOME)
        await place.on_thread(lambda: place.home.apply(settings))
        await until(lambda: place.parts.facts.version(HOME) > before)
        before = place.parts.facts.version(HOME)
        other = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "other", "namespace": "argocd"},
        }
        await place.on_thread(lambda: place.home.apply(other))
        await asyncio.sleep(0.3)
        assert place.parts.facts.version(HOME) == before
        assert all(b"hunter2" not in (place.redis.dump(key) or b"") for key in place.redis.scan_iter())


async def test_beat_can_list_everything_itself(place: _Place) -> None:
    """The relister of whoever finds Redis empty."""
    await place.on_thread(lambda: place.home.apply(_app()))
    await place.on_thread(HomeRelister(place.parts).relist)
    assert (SHOP, Kind.DIFF) in place.rung()
    assert place.parts.applications.complete()


async def test_parts_come_from_the_engine(
    place: _Place,
    valkey_url: str,  # noqa: F811  # the fixture
    tmp_path: Path,
) -> None:
    """The composition root gives what watchers need: a cluster's Secret is a cluster to watch."""
    file = place.sandbox.call(lambda: write_kubeconfig(tmp_path / "config", [place.sandbox]))
    environ = {"KUBECONFIG": str(file), "REDIS_URL": valkey_url, "DATA_DIR": str(tmp_path)}
    engine = Engine(Settings.from_environment({f"MOORINGS_{name}": value for name, value in environ.items()}))
    try:
        parts = await asyncio.to_thread(engine_parts, engine)
        assert [access.id for access in parts.accesses()] == [IN_CLUSTER]
        assert parts.owner_of(_config()) == "shop"
        assert parts.app_of("team_shop") == AppKey("team", "shop")
        assert parts.admits(AppKey("argocd", "shop"))
        assert not parts.admits(AppKey("team", "shop"))
    finally:
        engine.close()
        engine.clusters.close()  # type: ignore[attr-defined]
        engine.redis.close()
