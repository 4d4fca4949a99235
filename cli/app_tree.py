"""Objects below those that own them, as a tree of lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cli.printing import at_path, print_table

Node = dict[str, Any]
Identity = tuple[str, str, str, str]


def identity(value: Node) -> Identity:
    """What tells one object from another: the version does not count."""
    return (
        str(value.get("group") or ""),
        str(value.get("kind") or ""),
        str(value.get("namespace") or ""),
        str(value.get("name") or ""),
    )


def print_tree(nodes: Sequence[Node], app: Node) -> None:
    """A line for each object, indented below its owner, with the status of those that are managed."""
    managed = {
        identity(one): str(one.get("status") or "") for one in at_path(app, "status", "resources", default=[])
    }
    rows = [
        (
            f"{branch}{node['kind']}/{node['name']}",
            node.get("namespace"),
            managed.get(identity(node), ""),
            at_path(node, "health", "status"),
            at_path(node, "health", "message") or _facts(node),
        )
        for branch, node in walk(nodes)
    ]
    print_table(("KIND/NAME", "NAMESPACE", "STATUS", "HEALTH", "MESSAGE"), rows)


def _facts(node: Node) -> str:
    return ", ".join(str(one.get("value")) for one in node.get("info") or [])


def walk(nodes: Sequence[Node]) -> Iterator[tuple[str, Node]]:
    """Each node once with the branch to draw before it: owners before what they own."""
    known = {identity(node) for node in nodes}
    below: dict[Identity | None, list[Node]] = {}
    for node in nodes:
        parents = [identity(ref) for ref in node.get("parentRefs") or []]
        owner = next((parent for parent in parents if parent in known and parent != identity(node)), None)
        below.setdefault(owner, []).append(node)
    seen: set[Identity] = set()
    yield from _below(below, None, "", seen)
    for node in nodes:  # owners in a circle
        if identity(node) not in seen:
            seen.add(identity(node))
            yield "", node


def _below(
    below: dict[Identity | None, list[Node]], owner: Identity | None, indent: str, seen: set[Identity]
) -> Iterator[tuple[str, Node]]:
    children = [node for node in below.get(owner, []) if identity(node) not in seen]
    for node in children:
        seen.add(identity(node))
        last = node is children[-1]
        yield ("" if owner is None else f"{indent}{'└─' if last else '├─'}"), node
        deeper = "" if owner is None else f"{indent}{'  ' if last else '│ '}"
        yield from _below(below, identity(node), deeper, seen)
