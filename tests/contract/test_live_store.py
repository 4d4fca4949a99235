"""`ports.LiveStore`: versions only go forward, absence is proven, on the fake and on Redis."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import redis

from common.adapters.memory.live import MemoryLiveStore
from common.adapters.redis.live import RedisLiveStore
from common.core.errors import LeaseLost
from common.core.keys import ClusterId, GroupKind, Object, ObjectKey, key_of
from common.ports import Taken
from tests.redis_fixtures import valkey, valkey_server  # noqa: F401

Live = MemoryLiveStore | RedisLiveStore
EAST, WEST = ClusterId("https://east:6443"), ClusterId("https://west:6443")
CONFIG = GroupKind("", "ConfigMap")


@pytest.fixture(params=["memory", "redis"])
def live(request: pytest.FixtureRequest) -> Iterator[Live]:
    """Each implementation, empty."""
    if request.param == "memory":
        yield MemoryLiveStore(secrets_key=b"key")
    else:
        client: redis.Redis = request.getfixturevalue("valkey")
        yield RedisLiveStore(client, secrets_key=b"key")


def config(name: str, version: int, value: str = "x", kind: str = "ConfigMap") -> Object:
    """A small object at a resourceVersion."""
    meta = {"namespace": "shop", "name": name, "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, "data": {"value": value}}


def names(live: Live, owner: str = "shop", cluster: ClusterId = EAST) -> dict[str, str]:
    """What an owner has: names and versions."""
    found = live.read(cluster, owner).objects
    return {key.name: obj["metadata"]["resourceVersion"] for key, obj in found.items()}


def listed(live: Live, objects: list[Object], version: str, watcher: str = "") -> list[str]:
    """A whole LIST, taken in."""
    generation = live.begin(EAST, CONFIG, watcher=watcher)
    live.put_many(EAST, [(obj, "shop") for obj in objects], generation=generation)
    return live.swap(EAST, CONFIG, generation, version, watcher=watcher)


def test_read_what_was_put(live: Live) -> None:
    """An object comes back whole, under its key, for its owner and cluster only."""
    obj = config("a", 5)
    assert live.put(EAST, obj, "shop")
    assert live.read(EAST, "shop").objects == {ObjectKey("", "ConfigMap", "shop", "a"): obj}
    assert live.read(EAST, "bank").objects == {}
    assert live.read(WEST, "shop").objects == {}


@pytest.mark.parametrize(("old", "new"), [(5, 6), (9, 10), (99, 100), (2**53, 2**53 + 1), (2**63, 2**63 + 1)])
def test_newer_replaces_and_older_does_not(live: Live, old: int, new: int) -> None:
    """resourceVersions compare as integers of any size."""
    assert live.put(EAST, config("a", new), "shop")
    assert not live.put(EAST, config("a", old), "shop")
    assert not live.put(EAST, config("a", new), "shop")
    assert names(live) == {"a": str(new)}
    assert live.put(EAST, config("a", new + 1), "shop")


def test_secrets_are_never_stored(live: Live) -> None:
    """A Secret's values come back as digests."""
    live.put(EAST, config("s", 5, value="aHVudGVyMg==", kind="Secret"), "shop")
    (secret,) = live.read(EAST, "shop").objects.values()
    assert secret["data"]["value"].startswith("hmac-sha256:")


def test_redis_holds_no_secret(valkey: redis.Redis) -> None:  # noqa: F811
    """Not in any key or value, compressed or not."""
    live = RedisLiveStore(valkey, secrets_key=b"key")
    live.put(EAST, config("s", 5, value="aHVudGVyMg==", kind="Secret"), "shop")
    everything = b"".join(valkey.dump(key) for key in valkey.keys("*"))
    assert b"aHVudGVyMg" not in everything
    assert b"hunter2" not in everything


def test_remove_leaves_a_tombstone(live: Live) -> None:
    """An answer that is older than the deletion does not bring the object back; a new object comes."""
    live.put(EAST, config("a", 5), "shop")
    assert live.remove(EAST, key_of(config("a", 5)), "8") == "shop"
    assert not live.put(EAST, config("a", 7), "shop")
    assert names(live) == {}
    assert live.put(EAST, config("a", 9), "shop")


def test_late_deletion_does_not_remove_the_next_object(live: Live) -> None:
    """The event of a deletion that is older than what we have is no news."""
    live.put(EAST, config("a", 9), "shop")
    assert live.remove(EAST, key_of(config("a", 5)), "8") == ""
    assert names(live) == {"a": "9"}


def test_remove_without_version(live: Live) -> None:
    """A deletion of ours that the server answered without a version removes what we knew."""
    live.put(EAST, config("a", 9), "shop")
    assert live.remove(EAST, key_of(config("a", 9)), "") == "shop"
    assert live.remove(EAST, key_of(config("a", 9)), "") == ""
    assert not live.put(EAST, config("a", 9), "shop")


def test_object_changes_its_owner(live: Live) -> None:
    """It leaves the first; who had it is told."""
    live.put(EAST, config("a", 5), "shop")
    assert live.put_many(EAST, [(config("a", 6), "bank")]) == [Taken(True, "shop")]
    assert names(live) == {}
    assert names(live, "bank") == {"a": "6"}


def test_untracked_object_leaves(live: Live) -> None:
    """Without its tracking-id the object is nobody's, and an older answer does not bring it back."""
    live.put(EAST, config("a", 5), "shop")
    assert live.put_many(EAST, [(config("a", 7), "")]) == [Taken(True, "shop")]
    assert not live.put(EAST, config("a", 6), "shop")
    assert names(live) == {}
    assert not live.put(EAST, config("b", 5), "")
    assert not live.put(EAST, config("b", 4), "shop")


def test_nothing_is_complete_at_first(live: Live) -> None:
    """Objects alone prove nothing."""
    live.put(EAST, config("a", 5), "shop")
    assert live.read(EAST, "shop").complete == frozenset()


def test_list_completes_its_kind(live: Live) -> None:
    """After the swap absence is proof, for that kind of that cluster."""
    assert listed(live, [config("a", 5)], "10") == []
    assert live.read(EAST, "shop").complete == {CONFIG}
    assert live.read(WEST, "shop").complete == frozenset()


def test_begin_makes_incomplete(live: Live) -> None:
    """While a kind is listed anew, its absence proves nothing."""
    listed(live, [], "10")
    live.begin(EAST, CONFIG)
    assert live.complete(EAST) == frozenset()


def test_swap_drops_what_the_list_did_not_have(live: Live) -> None:
    """Its owners are told. Other kinds stay; what is newer than the LIST stays."""
    live.put(EAST, config("gone", 5), "shop")
    live.put(EAST, config("other", 5, kind="Service"), "shop")
    generation = live.begin(EAST, CONFIG)
    live.put(EAST, config("answer", 12), "bank")
    live.put(EAST, config("ghost", 9), "ghosts")
    live.put_many(EAST, [(config("kept", 3), "shop")], generation=generation)
    assert live.swap(EAST, CONFIG, generation, "10") == ["ghosts", "shop"]
    assert names(live) == {"kept": "3", "other": "5"}
    assert names(live, "bank") == {"answer": "12"}


def test_listed_object_that_we_know_is_kept(live: Live) -> None:
    """A LIST that has nothing newer still proves that the object is there."""
    live.put(EAST, config("a", 5), "shop")
    generation = live.begin(EAST, CONFIG)
    assert live.put_many(EAST, [(config("a", 5), "shop")], generation=generation) == [Taken(False, "shop")]
    assert live.swap(EAST, CONFIG, generation, "10") == []
    assert names(live) == {"a": "5"}


def test_late_answer_after_a_list(live: Live) -> None:
    """An answer older than a complete LIST that lacked the object is about an object that is gone."""
    listed(live, [], "10")
    assert not live.put(EAST, config("a", 9), "shop")
    assert live.put(EAST, config("a", 11), "shop")


def test_swap_of_an_older_generation_is_refused(live: Live) -> None:
    """Two watchers list the same kind: only the later one's LIST counts."""
    first = live.begin(EAST, CONFIG)
    second = live.begin(EAST, CONFIG)
    assert second > first
    with pytest.raises(LeaseLost):
        live.swap(EAST, CONFIG, first, "10")
    assert live.swap(EAST, CONFIG, second, "10") == []


def test_one_watcher_leads(live: Live) -> None:
    """The lease is one watcher's, until it leaves."""
    assert live.lead(EAST, "w1", lease_seconds=30)
    assert live.lead(EAST, "w1", lease_seconds=30)
    assert not live.lead(EAST, "w2", lease_seconds=30)
    live.leave(EAST, "w1")
    assert live.lead(EAST, "w2", lease_seconds=30)


def test_only_the_leader_lists(live: Live) -> None:
    """A watcher that lost its lease can neither begin nor swap nor unmark."""
    live.lead(EAST, "w1", lease_seconds=30)
    generation = live.begin(EAST, CONFIG, watcher="w1")
    live.leave(EAST, "w1")
    live.lead(EAST, "w2", lease_seconds=30)
    with pytest.raises(LeaseLost):
        live.begin(EAST, CONFIG, watcher="w1")
    with pytest.raises(LeaseLost):
        live.swap(EAST, CONFIG, generation, "10", watcher="w1")
    listed(live, [], "10", watcher="w2")
    live.incomplete(EAST, watcher="w1")
    assert live.complete(EAST) == {CONFIG}


def test_marks_end_with_their_watcher(live: Live) -> None:
    """Nobody watches: absence is no proof, although nobody said so."""
    live.lead(EAST, "w1", lease_seconds=30)
    listed(live, [config("a", 5)], "10", watcher="w1")
    assert live.complete(EAST) == {CONFIG}
    live.leave(EAST, "w1")
    assert live.read(EAST, "shop").complete == frozenset()
    assert names(live) == {"a": "5"}
    live.lead(EAST, "w2", lease_seconds=30)
    assert live.complete(EAST) == frozenset()


def test_lease_ends_by_itself(live: Live) -> None:
    """A killed watcher is followed by another."""
    live.lead(EAST, "w1", lease_seconds=0.02)
    threading.Event().wait(0.06)
    assert live.lead(EAST, "w2", lease_seconds=30)


def test_incomplete_one_or_all(live: Live) -> None:
    """A kind, or the cluster."""
    listed(live, [], "10")
    live.incomplete(EAST, GroupKind("apps", "Deployment"))
    assert live.complete(EAST) == {CONFIG}
    live.incomplete(EAST, CONFIG)
    assert live.complete(EAST) == frozenset()
    listed(live, [], "10")
    live.incomplete(EAST)
    assert live.complete(EAST) == frozenset()


def test_forget(live: Live) -> None:
    """Of a cluster that is gone nothing stays, not even what is newer."""
    listed(live, [config("a", 50)], "60")
    live.put(WEST, config("a", 5), "shop")
    live.forget(EAST)
    assert live.read(EAST, "shop").objects == {}
    assert live.complete(EAST) == frozenset()
    assert live.put(EAST, config("a", 3), "shop")
    assert names(live, cluster=WEST) == {"a": "5"}


def test_wanted_kinds_wake_the_watcher(live: Live) -> None:
    """A new kind does, a known one does not."""
    live.wait_wanted(0.01)
    live.want(EAST, [CONFIG])
    assert live.wait_wanted(2.0) == {EAST}
    live.want(EAST, [CONFIG])
    live.want(EAST, [])
    assert live.wait_wanted(0.02) == frozenset()
    assert live.wanted(EAST) == {CONFIG}
    assert live.wanted(WEST) == frozenset()


def test_many_objects(live: Live) -> None:
    """More than one round trip's worth, in order."""
    objects = [(config(f"c{n:04}", n + 1), "shop") for n in range(1200)]
    assert live.put_many(EAST, objects) == [Taken(True, "")] * 1200
    assert len(names(live)) == 1200
    assert live.put_many(EAST, []) == []


def test_redis_flush_leaves_no_proof(valkey: redis.Redis) -> None:  # noqa: F811
    """After FLUSHALL in the middle of a LIST, its swap is refused; nothing is complete."""
    live = RedisLiveStore(valkey, secrets_key=b"key")
    before = live.begin(EAST, CONFIG)
    valkey.flushall()
    after = live.begin(EAST, CONFIG)
    assert after > before
    with pytest.raises(LeaseLost):
        live.swap(EAST, CONFIG, before, "10")
    assert live.complete(EAST) == frozenset()
