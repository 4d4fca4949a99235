"""The journal: what it keeps, when it compacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox import persistence
from sandbox.persistence import Journal
from sandbox.state import ClusterState
from sandbox.tls import Identity

MAPS = ("", "configmaps")


def opened(folder: Path) -> tuple[ClusterState, Journal]:
    """A state that writes to a folder."""
    state, journal = ClusterState("c"), Journal(folder)
    journal.load(state)
    state.store.listeners.append(journal.on_event)
    return state, journal


def obj(name: str, **fields: Any) -> dict[str, Any]:
    """A ConfigMap."""
    return {"metadata": {"name": name, "namespace": "n", "uid": name}, **fields}


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    """Objects with their versions, deletions, and the counter."""
    state, journal = opened(tmp_path)
    state.store.put(MAPS, obj("a"))
    state.store.put(MAPS, obj("b"))
    state.store.remove(MAPS, ("n", "a"))
    raw, version = state.store.collection(MAPS).select("")[0].raw, state.store.rv
    journal.close()
    again, journal = opened(tmp_path)
    journal.close()
    assert [entry.raw for entry in again.store.collection(MAPS).select("")] == [raw]
    assert again.store.rv == version


def test_an_object_made_anew_survives_the_replay_of_its_deletion(tmp_path: Path) -> None:
    """The log over a newer snapshot, as after a crash between the two, changes nothing."""
    state, journal = opened(tmp_path)
    state.store.put(MAPS, obj("a"))
    state.store.remove(MAPS, ("n", "a"))
    state.store.put(MAPS, obj("a", data={"k": "2"}))
    log = (tmp_path / "log").read_bytes()
    journal.compact()
    journal.close()
    (tmp_path / "log").write_bytes(log)
    again, journal = opened(tmp_path)
    journal.close()
    assert [entry.load()["data"] for entry in again.store.collection(MAPS).select("")] == [{"k": "2"}]


def test_the_log_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is several times what lives, a snapshot replaces it."""
    monkeypatch.setattr(persistence, "_COMPACT_AT_LEAST", 1000)
    state, journal = opened(tmp_path)
    for number in range(200):
        state.store.put(MAPS, obj("a", data={"k": str(number)}))
    journal.close()
    assert (tmp_path / "log").stat().st_size < 2500
    again, journal = opened(tmp_path)
    journal.close()
    assert again.store.collection(MAPS).select("")[0].load()["data"] == {"k": "199"}


def test_the_identity_is_for_its_owner_only(tmp_path: Path) -> None:
    """Token and key survive, and nobody else may read them."""
    journal = Journal(tmp_path)
    assert journal.identity() is None
    identity = Identity("ca", "certificate", "key")
    journal.keep_identity(identity, "token")
    kept = journal.identity()
    assert kept is not None
    assert (kept.identity, kept.token) == (identity, "token")
    assert (tmp_path / "identity.json").stat().st_mode & 0o777 == 0o600
