"""Strategic merge patch: kubectl's documented examples and its directives."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.errors import InvalidInput
from common.core.typed.strategic import strategic_merge

from .samples import WIDGET, copied

SPEC = WIDGET.children["spec"]
LIVE: dict[str, Any] = {
    "containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}],
    "replicas": 1,
}


def containers(patch: list[Any], live: Any = None) -> Any:
    """The containers after a patch of them."""
    return strategic_merge(live or LIVE, {"containers": patch}, SPEC)["containers"]


def test_lists_merge_by_key() -> None:
    """kubernetes.io: a patch with one new container puts it before those that were there."""
    assert containers([{"name": "c", "image": "3"}]) == [{"name": "c", "image": "3"}, *LIVE["containers"]]
    assert containers([{"name": "b", "image": "9"}]) == [
        {"name": "a", "image": "1"},
        {"name": "b", "image": "9"},
    ]


def test_atomic_lists_are_replaced() -> None:
    """kubernetes.io: tolerations, without a merge strategy, are replaced."""
    assert strategic_merge({"args": ["a", "b"]}, {"args": ["c"]}, SPEC) == {"args": ["c"]}


def test_null_removes() -> None:
    """A null takes a field out, and leaves none where there was none."""
    assert strategic_merge(LIVE, {"replicas": None, "paused": None}, SPEC) == {
        "containers": LIVE["containers"]
    }
    assert strategic_merge({}, {"strategy": {"type": None, "rolling": {}}}, SPEC) == {
        "strategy": {"rolling": {}}
    }


def test_retain_keys() -> None:
    """kubernetes.io: the strategy's type changes and what belongs to the old one goes."""
    live = {"strategy": {"type": "RollingUpdate", "rolling": {"surge": 1}}}
    patch = {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}
    assert strategic_merge(live, patch, SPEC) == {"strategy": {"type": "Recreate"}}
    with pytest.raises(InvalidInput, match=r"\$retainKeys"):
        strategic_merge(live, {"strategy": {"$retainKeys": ["rolling"], "type": "x"}}, SPEC)


@pytest.mark.parametrize(
    ("patch", "result"),
    [
        ({"strategy": {"$patch": "replace", "type": "B"}}, {"strategy": {"type": "B"}}),
        ({"strategy": {"$patch": "delete"}}, {"strategy": {}}),
        ({"strategy": {"$patch": "merge", "rolling": {}}}, {"strategy": {"type": "A", "rolling": {}}}),
        ({"target": {"$patch": "delete"}}, {"strategy": {"type": "A"}}),
        ({"$patch": "replace", "replicas": 1}, {"replicas": 1}),
    ],
)
def test_patch_directives_in_maps(patch: Any, result: Any) -> None:
    """Replace takes the patch as it is, delete leaves an empty map, merge is what happens anyway."""
    assert strategic_merge({"strategy": {"type": "A"}}, patch, SPEC) == result


def test_patch_directives_in_lists() -> None:
    """An item is deleted by its key; a replace marker makes the patch the whole list."""
    assert containers([{"name": "a", "$patch": "delete"}]) == [{"name": "b", "image": "2"}]
    assert containers([{"$patch": "replace"}, {"name": "c"}]) == [{"name": "c"}]


def test_replace_strategy() -> None:
    """A struct whose strategy is replace does not merge."""
    live = {"target": {"type": "A", "rolling": {"surge": 1}}}
    assert strategic_merge(live, {"target": {"type": "B"}}, SPEC) == {"target": {"type": "B"}}


def test_element_order() -> None:
    """The order list decides; what it does not name stays before the named item that it stood before."""
    live = {"containers": [{"name": name} for name in ("a", "x", "b", "c", "y")]}
    patch = {"$setElementOrder/containers": [{"name": "c"}, {"name": "b"}, {"name": "a"}]}
    out = strategic_merge(live, patch, SPEC)["containers"]
    assert [item["name"] for item in out] == ["x", "c", "b", "a", "y"]
    assert strategic_merge({}, patch, SPEC) == {}
    assert strategic_merge({"containers": [{"name": "a"}]}, {"$setElementOrder/containers": "x"}, SPEC) == {
        "containers": [{"name": "a"}]
    }


def test_sets_and_deletion_lists() -> None:
    """Values join once each; $deleteFromPrimitiveList takes some out."""
    metadata = WIDGET.children["metadata"]
    live = {"finalizers": ["a", "b"]}
    assert strategic_merge(live, {"finalizers": ["b", "c"]}, metadata)["finalizers"] == ["a", "b", "c"]
    patch = {
        "$deleteFromPrimitiveList/finalizers": ["a"],
        "$setElementOrder/finalizers": ["d", "b"],
        "finalizers": ["d"],
    }
    assert strategic_merge(live, patch, metadata)["finalizers"] == ["d", "b"]
    assert strategic_merge({}, {"$deleteFromPrimitiveList/finalizers": ["a"]}, metadata) == {}


def test_new_values_lose_their_directives() -> None:
    """Where the target has nothing, the patch is taken without what only told how to merge."""
    patch = {"containers": [{"name": "a", "$setElementOrder/env": []}, {"name": "b", "$patch": "delete"}]}
    assert strategic_merge({}, patch, SPEC) == {"containers": [{"name": "a"}]}
    assert strategic_merge({}, {"strategy": {"$patch": "replace", "type": "x"}}, SPEC) == {}
    assert strategic_merge({"containers": "odd"}, {"containers": [{"name": "a"}]}, SPEC) == {
        "containers": [{"name": "a"}]
    }


@pytest.mark.parametrize(
    "patch",
    [{"$patch": "explode"}, {"containers": [{"image": "x"}]}, {"containers": ["x"]}],
)
def test_bad_patches(patch: Any) -> None:
    """Unknown directives and items without a key are refused."""
    with pytest.raises(InvalidInput):
        strategic_merge(LIVE, patch, SPEC)


def test_nothing_given_is_changed() -> None:
    """Live objects are shared."""
    live = copied(LIVE)
    strategic_merge(live, {"containers": [{"name": "a", "image": "9"}, {"name": "c"}], "replicas": 2}, SPEC)
    assert live == LIVE
