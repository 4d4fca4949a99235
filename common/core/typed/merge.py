"""Merging values by their schema: one partially specified object over another, and parts of an object.

Values are JSON and are never changed. Results share what did not change with what was given: copy a result
before changing it.
"""

from __future__ import annotations

from typing import Any

from common.core.typed.fields import SELF, FieldSet, Tree
from common.core.typed.items import ASSOCIATIVE, GRANULAR_MAPS, index_items, same
from common.core.typed.schema import Schema, Shape

_LEAF: Tree = {}


def merge(live: Any, applied: Any, schema: Schema) -> Any:
    """`applied` over `live`: nothing is removed, leaves of `applied` win, items of lists find each other
    by key. Returns `live` itself when nothing changes.

    Order of an associative list: that of `applied` for what it names, the other items of `live` stay next
    to their neighbours.

    Raises:
        InvalidInput: an item of an associative list without its keys.
    """
    if live is applied:
        return live
    shape = schema.shape
    if shape in GRANULAR_MAPS and isinstance(applied, dict) and isinstance(live, dict):
        return _merge_maps(live, applied, schema) if live else applied
    if shape in ASSOCIATIVE and isinstance(applied, list) and isinstance(live, list):
        return _merge_lists(live, applied, schema) if live else applied
    if applied is None and live and _granular(live, shape):
        return live  # null names no field of a granular value, so it takes none away
    return live if same(live, applied) else applied


def _granular(value: Any, shape: Shape) -> bool:
    return (shape in GRANULAR_MAPS and isinstance(value, dict)) or (
        shape in ASSOCIATIVE and isinstance(value, list)
    )


def _merge_maps(live: dict[str, Any], applied: dict[str, Any], schema: Schema) -> dict[str, Any]:
    out: dict[str, Any] | None = None
    children = schema.children
    for name, value in applied.items():
        if name in live:
            old = live[name]
            new = merge(old, value, children[name])
            if new is old:
                continue
        else:
            new = value
        if out is None:
            out = dict(live)
        out[name] = new
    return live if out is None else out


def _merge_lists(live: list[Any], applied: list[Any], schema: Schema) -> list[Any]:
    theirs = index_items(schema, applied)
    ours = index_items(schema, live)
    element = schema.element()
    merged = {
        # Items of live that share an element are replaced, not merged: there is no telling which one.
        key: merge(ours[key][0], items[0], element) if len(ours.get(key, ())) == 1 else items[0]
        for key, items in theirs.items()
    }
    out = _interleave(live, ours, merged)
    if len(out) == len(live) and all(new is old for new, old in zip(out, live, strict=True)):
        return live
    return out


def _interleave(live: list[Any], ours: dict[str, list[Any]], merged: dict[str, Any]) -> list[Any]:
    """Applied items in their own order, with the rest of live's let in where live has them."""
    by_identity = {id(item): key for key, items in ours.items() for item in items}
    left = [by_identity[id(item)] for item in live]
    right = list(merged)
    shared = iter([key for key in right if key in ours])
    wanted = next(shared, None)
    done: set[str] = set()
    out: list[Any] = []
    i = j = 0
    while i < len(left) or j < len(right):
        if i < len(left):
            key = left[i]
            if key not in merged:
                out.append(live[i])
                i += 1
                continue
            if key in done or key != wanted:  # its turn is over, or comes later in applied's order
                i += 1
                continue
        key = right[j]
        out.append(merged[key])
        done.add(key)
        j += 1
        if key == wanted:
            wanted = next(shared, None)
        if i < len(left) and left[i] == key:
            i += 1
    return out


def field_set(value: Any, schema: Schema) -> FieldSet:
    """Every leaf and every item of an object: what who applies it owns.

    Raises:
        InvalidInput: an item of an associative list without its keys.
    """
    return FieldSet(_fields(value, schema) or {})


def _fields(value: Any, schema: Schema) -> Tree | None:
    """What is below a value; None when the value is a leaf."""
    shape = schema.shape
    kind = type(value)
    if kind is dict and shape in GRANULAR_MAPS:
        return _map_fields(value, schema)
    if kind is list and shape in ASSOCIATIVE:
        element = schema.element()
        return {
            key: _with_self(_fields(items[0], element) or _LEAF) if len(items) == 1 else _LEAF
            for key, items in index_items(schema, value).items()
        }
    return None


def _map_fields(value: dict[str, Any], schema: Schema) -> Tree:
    out: Tree = {}
    children = schema.children
    declared = schema.declared
    for name, inner in value.items():
        if inner.__class__ is str:
            out["f:" + name] = _LEAF
            continue
        below = _fields(inner, children[name])
        if below is None:
            out["f:" + name] = _LEAF
        elif inner == {} or name not in declared:
            out["f:" + name] = _with_self(below)
        elif below:
            out["f:" + name] = below
    return out


def _with_self(below: Tree) -> Tree:
    if below:
        below[SELF] = _LEAF
    return below


def with_named(fields: FieldSet, schema: Schema) -> FieldSet:
    """The same set, with every declared field on the way to a member a member itself."""
    return FieldSet({key: _named(key, child, schema) for key, child in fields.tree.items()})


def _named(key: str, node: Tree, schema: Schema) -> Tree:
    if not node:
        return node
    if key[:2] == "f:":
        name = key[2:]
        inner = schema.children[name]
        member = SELF in node or name in schema.declared
    else:
        inner = schema.element()
        member = SELF in node
    out = {below: _named(below, child, inner) for below, child in node.items() if below != SELF}
    if member:
        out[SELF] = _LEAF
    return out


def remove(value: Any, fields: FieldSet, schema: Schema) -> Any:
    """The value without the members of the set. A container that loses all it has becomes null.

    Raises:
        InvalidInput: an item of an associative list without its keys.
    """
    return _remove(value, fields.tree, schema) if fields else value


def _remove(value: Any, tree: Tree, schema: Schema) -> Any:
    if isinstance(value, dict):
        if schema.shape not in GRANULAR_MAPS:
            return None
        kept: dict[str, Any] = {}
        for name, inner in value.items():
            node = tree.get("f:" + name)
            if node is None:
                kept[name] = inner
            elif node and SELF not in node:
                kept[name] = _remove(inner, node, schema.children[name])
        return kept or None
    if isinstance(value, list):
        if schema.shape not in ASSOCIATIVE:
            return None
        left = []
        for key, items in index_items(schema, value).items():
            node = tree.get(key)
            if node is None:
                left.extend(items)
            elif node and SELF not in node:
                left.extend(_remove(item, node, schema.element()) for item in items)
        return left or None
    return value


def extract(value: Any, fields: FieldSet, schema: Schema) -> Any:
    """Only the members of the set; items of keyed lists keep their keys. Null when nothing is left.

    Raises:
        InvalidInput: an item of an associative list without its keys.
    """
    return _extract(value, fields.tree, schema)


def _extract(value: Any, tree: Tree, schema: Schema) -> Any:
    if isinstance(value, dict) and schema.shape in GRANULAR_MAPS:
        kept = {
            name: _extract(inner, tree["f:" + name], schema.children[name])
            for name, inner in value.items()
            if "f:" + name in tree
        }
        return kept if kept or not value or SELF in tree else None
    if isinstance(value, list) and schema.shape in ASSOCIATIVE:
        element = schema.element()
        left = [
            _with_keys(item, _extract(item, tree[key], element), schema)
            for key, items in index_items(schema, value).items()
            if key in tree
            for item in items
        ]
        return left or None
    return value


def _with_keys(item: Any, kept: Any, schema: Schema) -> Any:
    if schema.shape is Shape.SET:
        return item
    keys = {name: item[name] for name in schema.keys if name in item}
    return {**keys, **kept} if isinstance(kept, dict) else keys
