"""Objects below their owners."""

from __future__ import annotations

from typing import Any

from cli.app_tree import walk


def node(kind: str, name: str, owner: dict[str, Any] | None = None) -> dict[str, Any]:
    """One object."""
    return {"kind": kind, "name": name, "parentRefs": [{**owner, "version": "v9"}] if owner else []}


def lines(*nodes: dict[str, Any]) -> list[str]:
    """As they are printed."""
    return [f"{branch}{one['kind']}/{one['name']}" for branch, one in walk(nodes)]


def test_branches_lead_to_what_is_owned() -> None:
    """In the order given; the owner's version does not count."""
    a, b = node("Deployment", "a"), node("Service", "b")
    old, new = node("ReplicaSet", "old", a), node("ReplicaSet", "new", a)
    assert lines(a, b, node("Pod", "p", old), old, new, node("Pod", "q", new)) == [
        "Deployment/a",
        "├─ReplicaSet/old",
        "│ └─Pod/p",
        "└─ReplicaSet/new",
        "  └─Pod/q",
        "Service/b",
    ]


def test_each_object_is_shown_once() -> None:
    """With an owner that is not there, or owners in a circle."""
    orphan = node("Pod", "p", node("ReplicaSet", "gone"))
    first, second = node("A", "a"), node("B", "b")
    first["parentRefs"], second["parentRefs"] = [dict(second)], [dict(first)]
    assert lines(orphan, first, second) == ["Pod/p", "A/a", "B/b"]
