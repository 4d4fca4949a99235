"""In-sync stamps."""

from __future__ import annotations

from typing import Any

from common.core.compare.ignore import IgnoreRule
from common.core.compare.stamp import desired_digest, digest, governing_digest, live_fingerprint

LIVE: dict[str, Any] = {
    "kind": "X",
    "metadata": {
        "name": "n",
        "resourceVersion": "1",
        "managedFields": [
            {"manager": "moorings", "operation": "Apply", "time": "1", "fieldsV1": {"f:a": {}}},
            {"manager": "other", "operation": "Update", "time": "1", "fieldsV1": {"f:b": {}}},
        ],
    },
    "spec": {"a": 1},
    "status": {"seen": 1},
}


def changed(**changes: Any) -> dict[str, Any]:
    """LIVE with some metadata changed."""
    return {**LIVE, "metadata": {**LIVE["metadata"], **changes}}


def print_of(obj: dict[str, Any]) -> str:
    """Its fingerprint for us."""
    return live_fingerprint(obj, ("moorings",))


def test_digests_do_not_depend_on_order() -> None:
    """The same value, the same digest; a key makes another one."""
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert len(digest({})) == 32
    assert digest({}) != digest({}, key=b"k")


def test_desired_is_folded() -> None:
    """stringData and the data that it becomes are the same."""
    folded = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "eA=="}}
    assert desired_digest({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "x"}}) == desired_digest(
        folded
    )


def test_what_does_not_show_in_the_fingerprint() -> None:
    """Status, versions, times, and what others own."""
    before = print_of(LIVE)
    first, second = LIVE["metadata"]["managedFields"]
    assert print_of(changed(resourceVersion="2")) == before
    assert print_of({**LIVE, "status": {}}) == before
    assert print_of(changed(managedFields=[{**second, "manager": "third"}, {**first, "time": "2"}])) == before


def test_what_shows_in_the_fingerprint() -> None:
    """The spec, labels, and what we own."""
    before = print_of(LIVE)
    first, _ = LIVE["metadata"]["managedFields"]
    assert print_of({**LIVE, "spec": {"a": 2}}) != before
    assert print_of(changed(labels={"a": "b"})) != before
    assert print_of(changed(managedFields=[{**first, "fieldsV1": {"f:c": {}}}])) != before
    assert live_fingerprint({}, ()) != before


def test_governing() -> None:
    """Rules are values; another rule, another digest."""
    rules = [IgnoreRule(kind="A"), IgnoreRule(kind="B")]
    assert governing_digest(["v1", *rules]) == governing_digest(["v1", *rules])
    assert governing_digest(["v1", *rules]) != governing_digest(["v1", rules[0]])
