"""Sets of field paths, as `metadata.managedFields[].fieldsV1` writes them.

The format is the one that the FieldsV1 type's documentation gives: a tree whose keys are `f:<name>` for a
field, `k:<keys>` for an item of a list with keys, `v:<value>` for an item of a set and `i:<index>`; `.` in
a node says that the node itself is in the set, and so does a node without children.

A path is a tuple of such keys. The tree is never changed after it was made, so sets share their branches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Self

import orjson

from common.core.errors import InvalidInput

Path = tuple[str, ...]
"""Elements in their FieldsV1 spelling, from the root."""

Tree = dict[str, Any]
"""A node of FieldsV1. Empty: the node is a member and has no children."""

SELF = "."
_LEAF: Tree = {}


def field(name: str) -> str:
    """The element for a field of a struct or a key of a map."""
    return "f:" + name


def value_element(value: object) -> str:
    """The element for an item of a set."""
    return "v:" + orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def key_element(keys: Mapping[str, object]) -> str:
    """The element for an item of a list with keys; the keys are written in order of their names."""
    return "k:" + orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode()


@lru_cache(maxsize=8192)
def canonical(element: str) -> str:
    """The one spelling of an element: keys sorted, no spaces.

    Raises:
        InvalidInput: not one of the four forms.
    """
    mark, rest = element[:2], element[2:]
    if mark == "f:":
        return element
    try:
        if mark == "v:":
            return value_element(orjson.loads(rest))
        if mark == "k:":
            keys = orjson.loads(rest)
            if isinstance(keys, dict) and keys:
                return key_element(keys)
        if mark == "i:":
            return f"i:{int(rest)}"
    except ValueError:
        pass
    raise InvalidInput("managedFields", "fieldsV1", found=element, expected="f:, k:, v:, i: or .")


def keys_of(element: str) -> dict[str, Any] | None:
    """The keys that a `k:` element carries; None for another element."""
    if not element.startswith("k:"):
        return None
    keys: dict[str, Any] = orjson.loads(element[2:])
    return keys


def render_path(path: Path) -> str:
    """A path for people: `spec.template.spec.containers[name="app"].image`.

    Names with a dot or a slash are quoted in brackets, as labels and annotations need it.
    """
    parts: list[str] = []
    for element in path:
        mark, rest = element[:2], element[2:]
        if mark == "f:":
            if rest.replace("-", "").replace("_", "").isalnum():
                parts.append(f".{rest}" if parts else rest)
            else:
                parts.append(f"[{orjson.dumps(rest).decode()}]")
        elif mark == "k:":
            keys = orjson.loads(rest)
            inner = ",".join(f"{name}={orjson.dumps(keys[name]).decode()}" for name in sorted(keys))
            parts.append(f"[{inner}]")
        else:
            parts.append(f"[{rest}]")
    return "".join(parts)


def server_path(path: Path) -> str:
    """A path as API servers write it in conflicts: `.spec.containers[name="app"].image`."""
    return "".join(f".{element[2:]}" if element[:2] == "f:" else render_path((element,)) for element in path)


def _member(node: Tree) -> bool:
    return not node or SELF in node


def _tidy(node: Tree) -> Tree:
    """`{".": {}}` is written `{}`."""
    return _LEAF if len(node) == 1 and SELF in node else node


def union_trees(a: Tree, b: Tree) -> Tree:
    """Both of two nodes; neither is changed."""
    if a is b:
        return a
    if not b:
        return a if SELF in a else {SELF: _LEAF, **a}
    if not a:
        return b if SELF in b else {SELF: _LEAF, **b}
    out = dict(a)
    for key, child in b.items():
        mine = out.get(key)
        out[key] = child if mine is None else union_trees(mine, child)
    return out


def _intersect(a: Tree, b: Tree) -> Tree | None:
    if a is b:
        return a
    out: Tree = {}
    if _member(a) and _member(b):
        out[SELF] = _LEAF
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    for key, child in small.items():
        other = large.get(key)
        if other is None or key == SELF:
            continue
        both = _intersect(child, other)
        if both is not None:
            out[key] = both
    return _tidy(out) if out else None


def _subtract(a: Tree, b: Tree, *, deep: bool) -> Tree | None:
    """`a` without the members of `b`; `deep` also takes what is below a member of `b`."""
    if a is b:
        return None
    if deep and _member(b):
        return None
    out: Tree = {}
    if _member(a) and not _member(b):
        out[SELF] = _LEAF
    changed = _member(a) and _member(b)
    for key, child in a.items():
        if key == SELF:
            continue
        other = b.get(key)
        if other is None:
            out[key] = child
            continue
        rest = _subtract(child, other, deep=deep)
        changed = changed or rest is not child
        if rest is not None:
            out[key] = rest
    if not changed:
        return a
    return _tidy(out) if out else None


def _walk(node: Tree, path: Path) -> Iterator[Path]:
    for key in sorted(node):
        if key == SELF:
            continue
        child = node[key]
        here = (*path, key)
        if _member(child):
            yield here
        yield from _walk(child, here)


def _parse(node: object) -> Tree:
    if not isinstance(node, dict):
        raise InvalidInput("managedFields", "fieldsV1", found=node, expected="an object")
    out: Tree = {}
    for key, child in node.items():
        if key == SELF:
            out[SELF] = _LEAF
        else:
            out[canonical(key)] = _parse(child) if child else _LEAF
    return _tidy(out)


def _ordered(node: Tree) -> Tree:
    return {key: _ordered(node[key]) for key in sorted(node)}


class FieldSet:
    """An immutable set of paths. The empty path, the whole object, is never a member."""

    __slots__ = ("tree",)

    def __init__(self, tree: Tree | None = None) -> None:
        self.tree: Tree = {} if tree is None else tree

    @classmethod
    def parse(cls, fields: object) -> Self:
        """Read FieldsV1.

        Raises:
            InvalidInput: a node that is no object, or a key that is no path element.
        """
        tree = _parse(fields)
        if SELF in tree:
            tree = {key: child for key, child in tree.items() if key != SELF}
        return cls(tree)

    @classmethod
    def of(cls, *paths: Iterable[str]) -> Self:
        """The set of some paths."""
        tree: Tree = {}
        for path in paths:
            branch: Tree | None = None
            for element in reversed(tuple(path)):
                branch = {canonical(element): _LEAF if branch is None else branch}
            if branch:
                tree = _join_roots(tree, branch)
        return cls(tree)

    def fields_v1(self) -> Tree:
        """Write FieldsV1, its keys in order."""
        return _ordered(self.tree)

    def __or__(self, other: FieldSet) -> FieldSet:
        """What is in either."""
        return FieldSet(_join_roots(self.tree, other.tree))

    def __and__(self, other: FieldSet) -> FieldSet:
        """What is in both."""
        return FieldSet(_join_children(self.tree, other.tree))

    def __sub__(self, other: FieldSet) -> FieldSet:
        """Without the members of the other; what is below them stays."""
        return self._without(other, deep=False)

    def without_below(self, other: FieldSet) -> FieldSet:
        """Without the members of the other and without all that is below them."""
        return self._without(other, deep=True)

    def _without(self, other: FieldSet, *, deep: bool) -> FieldSet:
        if not other.tree or not self.tree:
            return self
        if self.tree == other.tree:
            return EMPTY
        out: Tree = {}
        for key, child in self.tree.items():
            theirs = other.tree.get(key)
            rest = child if theirs is None else _subtract(child, theirs, deep=deep)
            if rest is not None:
                out[key] = rest
        return FieldSet(out)

    def node(self, path: Iterable[str]) -> Tree | None:
        """The node at a path, a member or not; None when nothing of the set is at or below it."""
        node: Tree | None = self.tree
        for element in path:
            if node is None:
                return None
            node = node.get(element)
        return node

    def has(self, path: Path) -> bool:
        """Whether the path itself is a member."""
        node = self.node(path)
        return bool(path) and node is not None and _member(node)

    def covers(self, path: Path) -> bool:
        """Whether the path or anything above it is a member without members below: a leaf that holds it."""
        node: Tree = self.tree
        for element in path:
            child: Tree | None = node.get(element)
            if child is None:
                return False
            if not child:
                return True
            node = child
        return bool(path) and _member(node)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, tuple) and self.has(path)

    def __iter__(self) -> Iterator[Path]:
        """Members in order, each before those below it."""
        return _walk(self.tree, ())

    def __bool__(self) -> bool:
        return bool(self.tree)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldSet) and self.tree == other.tree

    def __hash__(self) -> int:
        return hash(orjson.dumps(self.tree, option=orjson.OPT_SORT_KEYS))

    def __repr__(self) -> str:
        return f"FieldSet({', '.join(render_path(path) for path in self)})"


def _join_roots(a: Tree, b: Tree) -> Tree:
    if not b or a is b:
        return a
    if not a:
        return b
    out = dict(a)
    for key, child in b.items():
        mine = out.get(key)
        out[key] = child if mine is None else union_trees(mine, child)
    return out


def _join_children(a: Tree, b: Tree) -> Tree:
    out: Tree = {}
    for key, child in a.items():
        other = b.get(key)
        both = None if other is None else _intersect(child, other)
        if both is not None:
            out[key] = both
    return out


EMPTY = FieldSet()
