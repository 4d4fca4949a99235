"""What makes an item of a list the same item, and when two JSON values are the same."""

from __future__ import annotations

from typing import Any

import orjson

from common.core.errors import InvalidInput
from common.core.typed.fields import key_element, value_element
from common.core.typed.schema import Schema, Shape

ASSOCIATIVE = frozenset({Shape.SET, Shape.KEYED_LIST})
GRANULAR_MAPS = frozenset({Shape.ANY, Shape.MAP})


def same(a: Any, b: Any) -> bool:
    """JSON equality: numbers by value, and true is not 1."""
    if a is b:
        return True
    if a != b:
        return False
    kind = type(a)
    if kind is str:
        return True
    if kind is dict:
        return all(same(a[key], b[key]) for key in a)
    if kind is list:
        return all(map(same, a, b))
    return (kind is bool) is (type(b) is bool)


def item_element(schema: Schema, item: Any) -> str:
    """The path element of an item of a set or a keyed list.

    Raises:
        InvalidInput: an item of a set that is no scalar, or an item of a keyed list without any of its keys.
    """
    if schema.shape is Shape.SET:
        if item is None or isinstance(item, dict | list):
            raise InvalidInput("list item", "", found=item, expected="a scalar, as in every set")
        return value_element(item)
    if not isinstance(item, dict):
        raise InvalidInput("list item", "", found=item, expected=f"an object with {', '.join(schema.keys)}")
    names = schema.keys
    if len(names) == 1:
        value = item.get(names[0])
        if type(value) is str:
            return f'k:{{"{names[0]}":{orjson.dumps(value).decode()}}}'
    found: dict[str, object] = {}
    for name in names:
        value = item.get(name)
        if value is None:
            value = schema.key_default(name)
        if value is not None:
            found[name] = value
    if not found:
        raise InvalidInput("list item", "", found=item, expected=f"an object with {', '.join(names)}")
    return key_element(found)


def index_items(schema: Schema, items: list[Any]) -> dict[str, list[Any]]:
    """Items by element, in order of their first appearance; more than one under an element is a duplicate.

    Raises:
        InvalidInput: as `item_element`.
    """
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(item_element(schema, item), []).append(item)
    return found
