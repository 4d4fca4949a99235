"""The Applications port: its fake and its Redis adapter keep the same rules."""

from __future__ import annotations

from typing import Any

import pytest

from common.adapters.memory.applications import MemoryApplications
from common.adapters.redis.applications import RedisApplications
from common.core.keys import AppKey
from common.ports import Applications
from tests.redis_fixtures import valkey, valkey_server  # noqa: F401  # fixtures

A, B, C = AppKey("argocd", "a"), AppKey("argocd", "b"), AppKey("argocd", "c")


def _app(key: AppKey, version: int, *refs: str) -> dict[str, Any]:
    meta = {"namespace": key.namespace, "name": key.name, "resourceVersion": str(version)}
    return {"metadata": meta, "spec": {"refs": list(refs)}}


def _refs_of(obj: dict[str, Any]) -> list[str]:
    return obj["spec"]["refs"]


@pytest.fixture(params=["memory", "redis"])
def apps(request: pytest.FixtureRequest) -> Applications:
    """Each implementation."""
    if request.param == "memory":
        return MemoryApplications(_refs_of)
    return RedisApplications(request.getfixturevalue("valkey"), _refs_of)


def test_put_and_get(apps: Applications) -> None:
    """What was put is there, as JSON gives it."""
    assert apps.get(A) is None
    assert apps.put(_app(A, 5, "r"))
    assert apps.get(A) == _app(A, 5, "r")
    assert apps.many([B, A]) == [None, _app(A, 5, "r")]
    assert apps.many([]) == []


def test_versions_only_go_forward(apps: Applications) -> None:
    """An echo, or an event that comes late, changes nothing. 10 is more than 9."""
    assert apps.put(_app(A, 9, "old"))
    assert apps.put(_app(A, 10, "new"))
    assert not apps.put(_app(A, 10, "echo"))
    assert not apps.put(_app(A, 9, "late"))
    assert apps.get(A) == _app(A, 10, "new")
    assert apps.by_ref("old") == []
    assert apps.by_ref("echo") == []


def test_index_follows_the_objects(apps: Applications) -> None:
    """By ref: sorted, moved when the source changes, gone with the application."""
    apps.put(_app(B, 1, "r", "s"))
    apps.put(_app(A, 2, "r"))
    assert apps.by_ref("r") == [A, B]
    apps.put(_app(B, 3, "s", "t"))
    assert (apps.by_ref("r"), apps.by_ref("s"), apps.by_ref("t")) == ([A], [B], [B])
    apps.remove(B)
    assert (apps.by_ref("s"), apps.keys(), apps.get(B)) == ([], [A], None)
    apps.remove(B)


def test_swap_drops_what_the_list_does_not_have(apps: Applications) -> None:
    """Unless it is newer than the LIST: it was made while the LIST was under way."""
    apps.put(_app(A, 5, "r"))
    apps.put(_app(B, 30, "r"))
    assert not apps.complete()
    assert apps.swap([_app(C, 8, "r")], "20") == [A]
    assert apps.complete()
    assert apps.keys() == [B, C]
    assert apps.by_ref("r") == [B, C]


def test_swap_does_not_take_older_objects(apps: Applications) -> None:
    """A LIST that was answered before our last write does not undo it."""
    apps.put(_app(A, 30, "new"))
    assert apps.swap([_app(A, 10, "old")], "20") == []
    assert apps.by_ref("new") == [A]


def test_complete_marker(apps: Applications) -> None:
    """Absence is proof only between a LIST and the loss of the watch."""
    assert apps.swap([], "1") == []
    assert apps.complete()
    assert apps.confirm()
    apps.incomplete()
    assert not apps.complete()
    assert not apps.confirm()


def test_many_applications(apps: Applications) -> None:
    """More than one slice."""
    listed = [_app(AppKey("argocd", f"a{n:04}"), n + 1, f"r{n % 2}") for n in range(450)]
    assert apps.swap(listed, "1000") == []
    assert len(apps.by_ref("r1")) == 225
    assert len(apps.swap([], "1000")) == 450
    assert apps.keys() == []
