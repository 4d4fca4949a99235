"""Both sides of a comparison without what is ignored, and what to apply so that it stays as it is."""

from __future__ import annotations

from typing import Any

import msgspec

from common.core.compare.fold import folded
from common.core.compare.ignore import DeletePaths, Ignored, owned_by, without_ignored
from common.core.errors import InvalidInput
from common.core.keys import Object
from common.core.typed.fields import Tree
from common.core.typed.items import ASSOCIATIVE, index_items
from common.core.typed.schema import Schema


class Compared(msgspec.Struct, frozen=True):
    """What is left to compare."""

    desired: Object
    live: Object


def normalised(
    desired: Object, live: Object, ignored: Ignored, schema: Schema, *, delete_paths: DeletePaths
) -> Compared:
    """Desired and live without what is ignored; live keeps its managedFields.

    Raises:
        InvalidInput: an expression that jq refuses, or a list item without its keys.
    """
    desired = folded(desired)
    if not ignored:
        return Compared(desired, live)
    foreign = owned_by(live, ignored.managers)
    entries = (live.get("metadata") or {}).get("managedFields")
    left, right = (
        without_ignored(obj, ignored, schema, foreign=foreign, delete_paths=delete_paths)
        for obj in (desired, live)
    )
    if entries is not None:
        right = {**right, "metadata": {**(right.get("metadata") or {}), "managedFields": entries}}
    return Compared(left, right)


def with_ignored_from_live(
    desired: Object,
    live: Object | None,
    ignored: Ignored,
    schema: Schema,
    *,
    manager: str,
    delete_paths: DeletePaths,
) -> Object:
    """What to apply: desired, but ignored fields have live's values, and those that live lacks are left out.

    An ignored field that desired does not name is named only where we own it already: leaving it out would
    take it away, and naming another's would make it ours.

    Raises:
        InvalidInput: an expression that jq refuses, or a list item without its keys.
    """
    desired = folded(desired)
    if not ignored or live is None:
        return desired
    kept = normalised(desired, live, ignored, schema, delete_paths=delete_paths)
    out: Object = _graft(
        _Sides(kept.desired, desired, kept.live, live), owned_by(live, (manager,)).tree, schema
    )
    return out


class _Sides(msgspec.Struct, frozen=True):
    """One value four times: desired and live, each without what is ignored and whole."""

    kept: Any
    desired: Any
    live_kept: Any
    live: Any


def _graft(sides: _Sides, owned: Tree, schema: Schema) -> Any:
    """`kept` with the ignored parts of live in it."""
    if sides.live is sides.live_kept or sides.live == sides.live_kept:
        return sides.kept
    if isinstance(sides.live, dict) and isinstance(sides.live_kept, dict) and isinstance(sides.kept, dict):
        return _graft_map(sides, owned, schema)
    if (
        schema.shape in ASSOCIATIVE
        and isinstance(sides.live, list)
        and isinstance(sides.live_kept, list)
        and isinstance(sides.kept, list)
    ):
        try:
            return _graft_items(sides, owned, schema)
        except InvalidInput:
            return sides.live
    return sides.live


def _graft_map(sides: _Sides, owned: Tree, schema: Schema) -> dict[str, Any]:
    out = dict(sides.kept)
    desired = sides.desired if isinstance(sides.desired, dict) else {}
    for name, value in sides.live.items():
        ours = owned.get("f:" + name)
        if name not in desired and ours is None:
            continue
        if name not in sides.live_kept:
            out[name] = value
        elif name in out:
            inner = _Sides(out[name], desired.get(name), sides.live_kept[name], value)
            out[name] = _graft(inner, ours or {}, schema.children[name])
    return out


def _graft_items(sides: _Sides, owned: Tree, schema: Schema) -> list[Any]:
    kept, desired, live_kept = (
        {key: items[0] for key, items in index_items(schema, value).items()}
        for value in (sides.kept, sides.desired or [], sides.live_kept)
    )
    element = schema.element()
    out = dict(kept)
    for key, (value, *_) in index_items(schema, sides.live).items():
        ours = owned.get(key)
        if key in live_kept:
            if key in out:
                inner = _Sides(out[key], desired.get(key), live_kept[key], value)
                out[key] = _graft(inner, ours or {}, element)
        elif key in desired or ours is not None:
            out[key] = value
    return list(out.values())
