"""The store: versions, events, history, owners."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.store import Event, Store, TooOld

MAPS = ("", "configmaps")


def obj(name: str, namespace: str = "n", **meta: Any) -> dict[str, Any]:
    """A ConfigMap whose uid is its name."""
    return {"metadata": {"name": name, "namespace": namespace, "uid": name, **meta}}


def names(store: Store, version: int, namespace: str = "") -> list[str]:
    """What there was at a version."""
    return [entry.key[1] for entry in store.collection(MAPS).at(version, namespace)]


def test_every_write_has_a_version_of_its_own() -> None:
    """One counter for all kinds; a deletion counts too, and its event carries its version."""
    store, seen = Store(), list[tuple[int, str]]()
    store.listeners.append(lambda _storage, event: seen.append((event.rv, event.type)))
    store.put(MAPS, obj("a"))
    store.put(("", "secrets"), obj("b"))
    store.put(MAPS, obj("a"))
    gone = store.remove(MAPS, ("n", "a"))
    assert seen == [(2, "ADDED"), (3, "ADDED"), (4, "MODIFIED"), (5, "DELETED")]
    assert gone is not None
    assert gone.load()["metadata"]["resourceVersion"] == "5"
    assert store.remove(MAPS, ("n", "a")) is None


def test_a_copy_never_changes_what_is_stored() -> None:
    """load() parses anew."""
    store = Store()
    entry = store.put(MAPS, obj("a"))
    entry.load()["metadata"]["name"] = "other"
    assert entry.load()["metadata"]["name"] == "a"


def test_a_namespace_is_a_slice() -> None:
    """In order, and not those of a namespace whose name only begins the same."""
    store = Store()
    for namespace in ("n", "n-1", "m"):
        for name in ("b", "a"):
            store.put(MAPS, obj(name, namespace, uid=f"{namespace}{name}"))
    assert [entry.key for entry in store.collection(MAPS).select("n")] == [("n", "a"), ("n", "b")]
    assert len(store.collection(MAPS).select("")) == 6


def test_the_past_can_be_seen_within_the_window() -> None:
    """Changes are undone; what is behind the window is refused."""
    store = Store(window=3)
    store.put(MAPS, obj("a"))
    store.put(MAPS, obj("b"))
    store.remove(MAPS, ("n", "a"))
    assert names(store, 2) == ["a"]
    assert names(store, 3) == ["a", "b"]
    assert names(store, 4) == ["b"]
    store.put(MAPS, obj("c"))
    assert names(store, 2) == ["a"]
    with pytest.raises(TooOld):
        names(store, 1)


def test_dependents_are_known_by_their_owners() -> None:
    """The index follows changes of ownerReferences and deletions."""
    store = Store()
    store.put(MAPS, obj("a", ownerReferences=[{"uid": "x"}, {"uid": "y"}]))
    assert store.dependents("x") == [(MAPS, ("n", "a"))]
    store.put(MAPS, obj("a", ownerReferences=[{"uid": "y"}]))
    assert (store.dependents("x"), len(store.dependents("y"))) == ([], 1)
    store.remove(MAPS, ("n", "a"))
    assert store.by_owner == {}
    assert store.by_uid == {}


def test_what_is_restored_keeps_its_version() -> None:
    """Reading from disk tells nobody."""
    store = Store()
    seen: list[Event] = []
    store.listeners.append(lambda _storage, event: seen.append(event))
    store.restore(MAPS, b'{"metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"7"}}')
    entry = store.get(MAPS, ("n", "a"))
    assert entry is not None
    assert (entry.rv, seen) == (7, [])


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=30))
def test_every_version_of_the_past_is_right(changes: list[tuple[str, bool]]) -> None:
    """Undoing events gives, for each version, what a copy made then holds."""
    store = Store()
    copies = {store.rv: list[str]()}
    for name, add in changes:
        if add:
            store.put(MAPS, obj(name))
        else:
            store.remove(MAPS, ("n", name))
        copies[store.rv] = [key[1] for key in store.collection(MAPS).keys]
    for version, copy in copies.items():
        assert names(store, version, "n") == copy
