"""The loop of one kind: what makes it list again, go on, or give up its proof of absence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from common.core.errors import (
    ClusterUnreachable,
    Forbidden,
    LeaseLost,
    StoreUnavailable,
    Throttled,
    WatchExpired,
)
from common.core.keys import GroupKind, GroupVersionKind, Object
from common.ports import ApiResource, WatchEvent
from scheduler.watch.backoff import Backoff
from scheduler.watch.kind_watch import KindWatch

POD = GroupKind("", "Pod")
ROW = ApiResource(gvk=GroupVersionKind("", "v1", "Pod"), plural="pods", namespaced=True)


def _event(kind: str, name: str, version: int) -> WatchEvent:
    return WatchEvent(kind, {"metadata": {"name": name, "resourceVersion": str(version)}})


class _Source:
    """Plays a list of steps: exceptions are raised, lists of events are given, `...` waits for ever."""

    def __init__(self, lists: list[Any], watches: list[Any]) -> None:
        self.lists, self.watches = lists, watches
        self.asked: list[tuple[str, str, str]] = []

    async def pages(
        self, row: ApiResource, namespace: str = "", *, selector: str = ""
    ) -> AsyncIterator[tuple[list[Object], str]]:
        self.asked.append(("list", namespace, selector))
        step = self.lists.pop(0) if self.lists else []
        if isinstance(step, Exception):
            raise step
        yield step, "10"

    async def watch(
        self, row: ApiResource, resource_version: str, namespace: str = "", *, selector: str = ""
    ) -> AsyncIterator[list[WatchEvent]]:
        self.asked.append(("watch", namespace, resource_version))
        for step in self.watches.pop(0) if self.watches else [...]:
            if step is ...:
                await asyncio.Event().wait()
            if isinstance(step, Exception):
                raise step
            yield step


class _Store:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.fail: dict[str, list[Exception]] = {}

    def _tell(self, what: str) -> None:
        self.told.append(what)
        failures = self.fail.get(what.partition(" ")[0])
        if failures:
            raise failures.pop(0)

    def begin(self) -> None:
        self._tell("begin")

    def listed(self, objects: Sequence[Object]) -> None:
        self._tell(f"listed {len(objects)}")

    def swap(self, resource_version: str) -> None:
        self._tell(f"swap {resource_version}")

    def events(self, events: Sequence[WatchEvent]) -> None:
        self._tell("events " + ",".join(f"{e.type}:{e.object['metadata']['name']}" for e in events))

    def lost(self) -> None:
        self._tell("lost")


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    """Where the store is called."""
    with ThreadPoolExecutor(1) as made:
        yield made


async def _run(watch: KindWatch, until: Callable[[], bool]) -> None:
    task = asyncio.create_task(watch.run())
    try:
        async with asyncio.timeout(5):
            while not until() and not task.done():
                await asyncio.sleep(0.001)
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _watch(source: _Source, store: _Store, executor: ThreadPoolExecutor, **more: Any) -> KindWatch:
    async def resolve() -> ApiResource | None:
        return ROW

    quick = {"backoff": lambda: Backoff(first=0.001, cap=0.01), "resolve": resolve}
    return KindWatch(POD, source, store, executor=executor, **(quick | more))


async def test_lists_then_watches_from_there(executor: ThreadPoolExecutor) -> None:
    """The LIST's resourceVersion is where the WATCH begins; bookmarks move it and store nothing."""
    source = _Source([[{}, {}]], [[[_event("ADDED", "a", 11)], [_event("BOOKMARK", "", 40)]]])
    store = _Store()
    await _run(_watch(source, store, executor), lambda: len(source.asked) == 3)
    assert store.told == ["begin", "listed 2", "swap 10", "events ADDED:a"]
    assert source.asked == [("list", "", ""), ("watch", "", "10"), ("watch", "", "40")]


async def test_broken_watch_goes_on_from_the_last_version(executor: ThreadPoolExecutor) -> None:
    """No LIST, and no loss of proof, for a connection that breaks for a moment."""
    source = _Source(
        [[]], [[[_event("ADDED", "a", 11)], ClusterUnreachable("reset")], [ClusterUnreachable("no")]]
    )
    store = _Store()
    await _run(_watch(source, store, executor), lambda: len(source.asked) == 4)
    assert source.asked[1:] == [("watch", "", "10"), ("watch", "", "11"), ("watch", "", "11")]
    assert "lost" not in store.told


async def test_watch_that_stays_broken_loses_its_proof_and_lists_again(executor: ThreadPoolExecutor) -> None:
    """After the grace, absence is no proof until the next LIST."""
    source = _Source([[], []], [[ClusterUnreachable("no")] for _ in range(50)])
    store = _Store()
    watch = _watch(source, store, executor, grace_seconds=0.02)
    await _run(watch, lambda: store.told.count("begin") == 2)
    assert store.told[:4] == ["begin", "listed 0", "swap 10", "lost"]


@pytest.mark.parametrize("where", ["lists", "watches"])
async def test_expired_version_lists_again(executor: ThreadPoolExecutor, where: str) -> None:
    """410: what happened meanwhile is unknown."""
    gone = WatchExpired("too old")
    source = _Source([gone, []], []) if where == "lists" else _Source([[], []], [[gone]])
    store = _Store()
    await _run(
        _watch(source, store, executor), lambda: store.told.count("swap 10") >= 1 and len(source.asked) >= 3
    )
    assert [asked[0] for asked in source.asked].count("list") == 2
    assert "lost" in store.told


async def test_refusal_loses_proof_but_does_not_end_the_watch(executor: ThreadPoolExecutor) -> None:
    """Rights may come back: it is tried again, with time between."""
    store = _Store()
    watch = _watch(_Source([Forbidden("no")], []), store, executor)
    await _run(watch, lambda: "lost" in store.told)
    assert not watch.complete


async def test_failed_store_lists_again(executor: ThreadPoolExecutor) -> None:
    """Events that could not be stored are lost, so what follows them is no snapshot."""
    source = _Source([[], []], [[[_event("ADDED", "a", 11)]]])
    store = _Store()
    store.fail["events"] = [StoreUnavailable("away")]
    await _run(_watch(source, store, executor), lambda: store.told.count("swap 10") == 2)
    assert store.told == ["begin", "listed 0", "swap 10", "events ADDED:a", "begin", "listed 0", "swap 10"]


async def test_lost_lease_ends_the_watch(executor: ThreadPoolExecutor) -> None:
    """Another process has the cluster now."""
    store = _Store()
    store.fail["begin"] = [LeaseLost("other")]
    with pytest.raises(LeaseLost):
        await _run(_watch(_Source([], []), store, executor), lambda: False)


async def test_kind_that_is_not_served_is_complete_and_empty(executor: ThreadPoolExecutor) -> None:
    """Discovery that answers and does not have the kind proves that there is none; it is looked at again."""

    async def resolve() -> None:
        return None

    source, store = _Source([], []), _Store()
    watch = _watch(source, store, executor, resolve=resolve)
    await _run(watch, lambda: watch.complete)
    assert store.told == ["begin", "swap 0"]
    assert source.asked == []


async def test_namespaces_are_listed_together_and_watched_each(executor: ThreadPoolExecutor) -> None:
    """One generation for all of them; a failure of one stops the others."""
    source = _Source([[{}], [{}], [], []], [[...], [WatchExpired("old")]])
    store = _Store()
    watch = _watch(source, store, executor, scopes=("a", "b"))
    await _run(watch, lambda: store.told.count("swap 10") == 2)
    assert source.asked[:4] == [
        ("list", "a", ""),
        ("list", "b", ""),
        ("watch", "a", "10"),
        ("watch", "b", "10"),
    ]
    assert store.told[:5] == ["begin", "listed 1", "listed 1", "swap 10", "lost"]


async def test_relist_interrupts_a_quiet_watch(executor: ThreadPoolExecutor) -> None:
    """After a flush of Redis nobody waits for the next event."""
    source, store = _Source([[], []], [[...], [...]]), _Store()
    watch = _watch(source, store, executor)

    def once() -> bool:
        if len(source.asked) == 2:
            watch.relist()
        return store.told.count("swap 10") == 2

    await _run(watch, once)
    assert "lost" not in store.told


async def test_retry_after_is_obeyed(executor: ThreadPoolExecutor) -> None:
    """A throttling server says how long."""
    throttled = Throttled("slow down")
    throttled.retry_after_seconds = 0.2
    source, store = _Source([throttled, []], []), _Store()
    loop = asyncio.get_running_loop()
    started = loop.time()
    await _run(_watch(source, store, executor), lambda: "swap 10" in store.told)
    assert loop.time() - started >= 0.2


def test_backoff_doubles_to_its_cap() -> None:
    """With up to half taken off, and from the start after a success."""
    full = Backoff(first=1, cap=5, jitter=lambda: 0.0)
    assert [full.next_seconds() for _ in range(4)] == [1, 2, 4, 5]
    full.reset()
    assert full.next_seconds() == 1
    assert Backoff(first=1, jitter=lambda: 1.0).next_seconds() == 0.5
