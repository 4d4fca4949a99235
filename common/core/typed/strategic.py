"""Strategic merge patch, as kubernetes.io's "Update API Objects in Place Using kubectl patch" describes it:
merge keys and strategies come from the schema, directives from the patch.

Directives: `$patch: delete|replace|merge` in an object or a list item, `$retainKeys` in an object,
`$deleteFromPrimitiveList/<field>` and `$setElementOrder/<field>` beside a list.
"""

from __future__ import annotations

from typing import Any

import orjson

from common.core.errors import InvalidInput
from common.core.typed.schema import Schema

_PATCH = "$patch"
_RETAIN = "$retainKeys"
_DELETE_FROM = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


def strategic_merge(target: dict[str, Any], patch: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The object after the patch. Nothing given is changed.

    Raises:
        InvalidInput: an unknown directive, a list item without its merge key, or a field that is set and
            not among those to retain.
    """
    directive = patch.get(_PATCH)
    if directive == "delete":
        return {}
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != _PATCH}
    if directive not in (None, "merge"):
        raise InvalidInput("patch", _PATCH, found=directive, expected="delete, replace or merge")
    out = _retained(target, patch)
    for name, value in patch.items():
        if name.startswith(_DELETE_FROM):
            _take_from_list(out, name.removeprefix(_DELETE_FROM), value)
        elif not name.startswith("$"):
            _field(out, name, value, schema.children[name])
    for name, order in patch.items():
        field = name.removeprefix(_ORDER)
        if name.startswith(_ORDER) and isinstance(out.get(field), list):
            key = schema.children[field].merge_key
            out[field] = _ordered(out[field], _list(order), _list(target.get(field)), key)
    return out


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _retained(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """A copy of the target with what `$retainKeys` lets stay."""
    if _RETAIN not in patch:
        return dict(target)
    names = set(_list(patch[_RETAIN]))
    for name, value in patch.items():
        if value is not None and not name.startswith("$") and name not in names:
            raise InvalidInput(
                "patch", _RETAIN, found=sorted(names), expected=f"{name} among them, as it is set"
            )
    return {name: value for name, value in target.items() if name in names}


def _field(out: dict[str, Any], name: str, value: Any, schema: Schema) -> None:
    """Patch one field in place."""
    current = out.get(name)
    if value is None:
        out.pop(name, None)
    elif isinstance(value, dict) and isinstance(current, dict):
        out[name] = value if "replace" in schema.patch_strategy else strategic_merge(current, value, schema)
    elif isinstance(value, list) and isinstance(current, list) and "merge" in schema.patch_strategy:
        merged = _items(current, value, schema) if schema.merge_key else _scalars(current, value)
        out[name] = _ordered(merged, value, current, schema.merge_key)
    elif _directs(value):
        out.pop(name, None)
    else:
        out[name] = _plain(value)


def _plain(value: Any) -> Any:
    """A value of the patch where the target has none: without its directives and nulls."""
    if isinstance(value, dict):
        return {
            name: _plain(inner)
            for name, inner in value.items()
            if inner is not None and not name.startswith("$") and not _directs(inner)
        }
    if isinstance(value, list):
        return [_plain(item) for item in value if not _directs(item)]
    return value


def _directs(value: Any) -> bool:
    """Whether a value says what to do with one that is not there: API servers drop all of it then."""
    return isinstance(value, dict) and _PATCH in value


def _take_from_list(out: dict[str, Any], name: str, gone: list[Any]) -> None:
    if isinstance(out.get(name), list):
        identities = {_identity(item, "") for item in gone}
        out[name] = [item for item in out[name] if _identity(item, "") not in identities]


def _scalars(old: list[Any], new: list[Any]) -> list[Any]:
    """Both, each value once."""
    return list({_identity(item, ""): item for item in (*old, *new)}.values())


def _items(old: list[Any], new: list[Any], schema: Schema) -> list[Any]:
    """Items merged by the merge key; new ones behind."""
    key = schema.merge_key
    for item in new:
        if not isinstance(item, dict) or (key not in item and item.get(_PATCH) != "replace"):
            raise InvalidInput("patch", "list item", found=item, expected=f"an object with {key}")
    if any(item.get(_PATCH) == "replace" for item in new):
        return [_plain(item) for item in new if _PATCH not in item]
    gone = {_identity(item, key) for item in new if item.get(_PATCH) == "delete"}
    out = [item for item in old if _identity(item, key) not in gone]
    places = {_identity(item, key): index for index, item in reversed(list(enumerate(out)))}
    for item in new:
        identity = _identity(item, key)
        if identity in gone:
            continue
        if identity in places:
            place = places[identity]
            out[place] = strategic_merge(out[place], item, schema.element())
        else:
            places[identity] = len(out)
            out.append(_plain(item))
    return out


def _identity(item: Any, key: str) -> bytes:
    return orjson.dumps(item.get(key) if key and isinstance(item, dict) else item)


def _ordered(items: list[Any], order: list[Any], before: list[Any], key: str) -> list[Any]:
    """Items in the order given; those it does not name in the order they had, each before the named one
    that it stood before.
    """
    wanted = {_identity(item, key): index for index, item in reversed(list(enumerate(order)))}
    had = {_identity(item, key): index for index, item in reversed(list(enumerate(before)))}
    named = [item for item in items if _identity(item, key) in wanted]
    named.sort(key=lambda item: wanted[_identity(item, key)])
    others = [item for item in items if _identity(item, key) not in wanted]
    others.sort(key=lambda item: had.get(_identity(item, key), len(had)))
    out: list[Any] = []
    for item in named:
        place = had.get(_identity(item, key), -1)
        while others and had.get(_identity(others[0], key), place) < place:
            out.append(others.pop(0))
        out.append(item)
    return out + others
