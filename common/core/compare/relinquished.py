"""What was applied once and desired no longer has: an apply would take it away, or give its ownership up."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import orjson

from common.core.compare.fold import LAST_APPLIED, ROOT_SKIPPED, UNCOMPARED_METADATA, folded
from common.core.errors import InvalidInput
from common.core.keys import Object
from common.core.typed.entries import APPLY
from common.core.typed.fields import EMPTY, SELF, FieldSet, Path, Tree
from common.core.typed.items import ASSOCIATIVE, GRANULAR_MAPS, index_items, item_element
from common.core.typed.merge import field_set
from common.core.typed.schema import Schema


def given_up(
    desired: Object, live: Object, schema: Schema, *, owned: FieldSet, legacy: Collection[str]
) -> Iterator[tuple[Path, Any]]:
    """Paths and live values of what we own (`owned`) or a legacy applier applied, and desired does not name.

    A legacy applier's updates own the server's defaults too, so for these the last-applied annotation tells.

    Raises:
        InvalidInput: an item of an associative list of desired without its keys.
    """
    raw = (live.get("metadata") or {}).get("managedFields") or ()
    foreign = [entry for entry in raw if entry.get("manager") in legacy]
    applied = [FieldSet(entry.get("fieldsV1") or {}) for entry in foreign if entry.get("operation") == APPLY]
    if foreign or not raw:
        applied.append(_last_applied(live, schema))
    applied = [fields for fields in (owned, *applied) if not _still_named(fields.tree, desired, schema)]
    if not applied:
        return
    names = field_set(desired, schema)
    for fields in applied:
        yield from _left(FieldSet.parse(fields.tree) - names, live, schema)


def _left(gone: FieldSet, live: Object, schema: Schema) -> Iterator[tuple[Path, Any]]:
    above: Path | None = None
    for path in gone:
        if (above is not None and path[: len(above)] == above) or _served(path):
            continue
        value, inner = _at(live, path, schema)
        if value is None or (path[-1].startswith("f:") and _container(value, inner)):
            # A container by itself is no value: what was in it has paths of its own.
            continue
        above = path
        yield path, value


def _still_named(tree: Tree, value: Any, schema: Schema) -> bool:
    """Whether a value names every element of a set: the quick answer for what is nearly always so."""
    if isinstance(value, dict):
        for element, node in tree.items():
            name = element[2:]
            if element[:2] == "f:":
                if name not in value or (node and not _still_named(node, value[name], schema.children[name])):
                    return False
            elif element != SELF:
                return False
        return True
    if not isinstance(value, list) or schema.shape not in ASSOCIATIVE:
        return False
    items = index_items(schema, value)
    inner = schema.element()
    return all(
        element in items and (not node or _still_named(node, items[element][0], inner))
        for element, node in tree.items()
    )


def _container(value: Any, schema: Schema) -> bool:
    return isinstance(value, dict) and schema.shape in GRANULAR_MAPS


def _served(path: Path) -> bool:
    """Whether the field is one that is never compared."""
    if path[0] == "f:metadata":
        return len(path) > 1 and path[1][2:] in UNCOMPARED_METADATA
    return path[0][2:] in ROOT_SKIPPED


def _last_applied(live: Object, schema: Schema) -> FieldSet:
    """The fields of the last-applied annotation; none without one that can be read."""
    text = ((live.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED)
    if not text:
        return EMPTY
    try:
        applied = orjson.loads(text)
        return field_set(folded(applied), schema) if isinstance(applied, dict) else EMPTY
    except (InvalidInput, orjson.JSONDecodeError):
        return EMPTY


def _at(value: Any, path: Path, schema: Schema) -> tuple[Any, Schema]:
    """The value at a path, or None, and its schema."""
    for element in path:
        if value is None:
            break
        if element.startswith("f:"):
            name = element[2:]
            value = value.get(name) if isinstance(value, dict) else None
            schema = schema.children[name]
        else:
            value = _item(value, element, schema)
            schema = schema.element()
    return value, schema


def _item(value: Any, element: str, schema: Schema) -> Any:
    if not isinstance(value, list) or schema.shape not in ASSOCIATIVE:
        return None
    try:
        return next((item for item in value if item_element(schema, item) == element), None)
    except InvalidInput:
        return None
