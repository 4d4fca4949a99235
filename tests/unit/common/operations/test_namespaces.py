"""Whether a destination namespace is there."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.errors import ClusterUnreachable
from common.core.keys import GroupVersionKind
from common.operations import namespaces
from tests.unit.common.operations.fakes import World


@pytest.fixture
def world() -> World:
    """With a namespace `shop`."""
    return World()


def test_namespaces_are_asked_for_once_in_a_while(world: World) -> None:
    """For a minute, unless their labels matter, somebody found them missing, or they are going."""

    def found(**how: Any) -> tuple[bool, int]:
        world.remote.requests.clear()
        fresh = how.get("fresh", False)
        obj = namespaces.find(world.remote, "shop", world.clock.now(), fresh=fresh)
        return obj is not None, len(world.remote.requests)

    assert found() == (True, 1)
    assert found() == (True, 0)
    assert found(fresh=True) == (True, 1)
    world.wait(61)
    assert found() == (True, 1)
    namespaces.forget(world.remote, "shop")
    assert found() == (True, 1)
    gvk = GroupVersionKind("", "v1", "Namespace")
    world.remote.patch(gvk, "", "shop", {"metadata": {"finalizers": ["example.org/wait"]}})
    world.remote.delete(gvk, "", "shop")
    assert found(fresh=True) == (True, 1)
    assert found() == (True, 1)
    world.remote.patch(gvk, "", "shop", {"metadata": {"finalizers": None}})
    assert found() == (False, 1)
    assert found() == (False, 1)


def test_a_namespace_that_cannot_be_read_is_not_missing(world: World) -> None:
    """It raises."""
    world.remote.fail("get", ClusterUnreachable("gone"))
    with pytest.raises(ClusterUnreachable):
        namespaces.find(world.remote, "shop", world.clock.now(), fresh=False)


def test_only_so_many_namespaces_are_remembered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster may have any number of them."""
    monkeypatch.setattr(namespaces, "_LIMIT", 1)
    namespaces.find(world.remote, "shop", world.clock.now(), fresh=False)
    namespaces.find(world.remote, "default", world.clock.now(), fresh=False)
    world.remote.requests.clear()
    namespaces.find(world.remote, "shop", world.clock.now(), fresh=False)
    assert len(world.remote.requests) == 1
