"""Which fields two versions of an object differ in, as ownership counts them."""

from __future__ import annotations

from typing import Any

import msgspec

from common.core.typed.fields import SELF, FieldSet, Tree
from common.core.typed.items import ASSOCIATIVE, GRANULAR_MAPS, index_items, same
from common.core.typed.schema import Schema, Shape

_LEAF: Tree = {}


class Comparison(msgspec.Struct, frozen=True):
    """What changed from one object to another. Containers count as fields where they come or go."""

    added: FieldSet
    modified: FieldSet
    removed: FieldSet

    def __bool__(self) -> bool:
        return bool(self.added or self.modified or self.removed)

    def without_below(self, fields: FieldSet) -> Comparison:
        """The same, but for these fields and all that is below them."""
        if not fields:
            return self
        return Comparison(
            self.added.without_below(fields),
            self.modified.without_below(fields),
            self.removed.without_below(fields),
        )


class _Trees:
    """The three trees under one node, while they are made."""

    __slots__ = ("added", "modified", "removed")

    def __init__(self) -> None:
        self.added: Tree = {}
        self.modified: Tree = {}
        self.removed: Tree = {}

    def take(self, key: str, below: _Trees) -> None:
        """Hang what was found below a child."""
        if below.added:
            self.added[key] = below.added
        if below.modified:
            self.modified[key] = below.modified
        if below.removed:
            self.removed[key] = below.removed


def compare(old: Any, new: Any, schema: Schema) -> Comparison:
    """The fields by which `new` differs from `old`.

    Raises:
        InvalidInput: an item of an associative list without its keys.
    """
    found = _Trees()
    if old is not new:
        _maps(old or {}, new or {}, schema, found)
    return Comparison(FieldSet(found.added), FieldSet(found.modified), FieldSet(found.removed))


def _child(key: str, old: Any, new: Any, schema: Schema, into: _Trees) -> None:
    """Two values under one key that both are there."""
    if old is new:
        return
    shape = schema.shape
    if shape in GRANULAR_MAPS and _either(old, new, dict):
        below = _Trees()
        _maps(old or {}, new or {}, schema, below)
        into.take(key, below)
    elif shape in ASSOCIATIVE and _either(old, new, list):
        below = _Trees()
        _lists(old or [], new or [], schema, below)
        into.take(key, below)
    elif not same(old, new):
        into.modified[key] = _LEAF
        if shape is Shape.ANY and type(old) is not type(new):
            # Another type altogether: what was in the old value is gone, what is in the new one is new.
            if isinstance(old, dict) and old:
                into.removed[key] = _inside(old, schema)
            elif isinstance(new, dict) and new:
                into.added[key] = _inside(new, schema)


def _either(old: Any, new: Any, kind: type) -> bool:
    """Both are of the kind or null, and one of them has something in it."""
    return (
        bool(old or new) and (old is None or isinstance(old, kind)) and (new is None or isinstance(new, kind))
    )


def _maps(old: dict[str, Any], new: dict[str, Any], schema: Schema, into: _Trees) -> None:
    children = schema.children
    for name, value in old.items():
        if name not in new:
            into.removed["f:" + name] = whole(value, children[name])
        elif new[name] is not value:
            _child("f:" + name, value, new[name], children[name], into)
    for name, value in new.items():
        if name not in old:
            into.added["f:" + name] = whole(value, children[name])


def _lists(old: list[Any], new: list[Any], schema: Schema, into: _Trees) -> None:
    before, after = index_items(schema, old), index_items(schema, new)
    element = schema.element()
    for key, items in before.items():
        others = after.get(key)
        if others is None:
            into.removed[key] = whole(items[0], element) if len(items) == 1 else _LEAF
        elif len(items) == 1 and len(others) == 1:
            _child(key, items[0], others[0], element, into)
        elif len(items) > 1 and len(others) > 1:
            # Duplicates are owned as one, by their element alone.
            if not same(items, others):
                into.modified[key] = _LEAF
        elif len(items) > 1:
            into.added[key] = whole(others[0], element)
            into.removed[key] = _LEAF
        else:
            into.removed[key] = whole(items[0], element)
            into.added[key] = _LEAF
    for key, items in after.items():
        if key not in before:
            into.added[key] = whole(items[0], element) if len(items) == 1 else _LEAF


def _inside(value: Any, schema: Schema) -> Tree:
    return {key: node for key, node in whole(value, schema).items() if key != SELF}


def whole(value: Any, schema: Schema) -> Tree:
    """The node for a value that comes or goes as a whole: it and all that is below it."""
    out: Tree = {}
    if isinstance(value, dict) and schema.shape in GRANULAR_MAPS:
        for name, inner in value.items():
            out["f:" + name] = whole(inner, schema.children[name])
    elif isinstance(value, list) and schema.shape in ASSOCIATIVE:
        element = schema.element()
        for key, items in index_items(schema, value).items():
            out[key] = whole(items[0], element) if len(items) == 1 else _LEAF
    if out:
        out[SELF] = _LEAF
    return out
