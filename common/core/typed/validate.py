"""Whether a value fits its schema, as far as an apply depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from common.core.errors import FieldError, InvalidInput
from common.core.typed.fields import Path, server_path
from common.core.typed.items import ASSOCIATIVE, item_element
from common.core.typed.schema import Scalar, Schema, Shape

_TYPES: dict[Scalar, tuple[tuple[type, ...], str]] = {
    Scalar.STRING: ((str,), "string"),
    Scalar.BYTES: ((str,), "string"),
    Scalar.TIME: ((str,), "string"),
    Scalar.INTEGER: ((int, float), "numeric (int or float)"),
    Scalar.NUMBER: ((int, float), "numeric (int or float)"),
    Scalar.BOOLEAN: ((bool,), "boolean"),
    Scalar.INT_OR_STRING: ((str, int, float), "string or integer"),
    Scalar.QUANTITY: ((str, int, float), "quantity"),
    Scalar.ANY: ((str, int, float, bool), "scalar"),
}


_TEXTS = frozenset({Scalar.STRING, Scalar.BYTES, Scalar.TIME, Scalar.QUANTITY, Scalar.INT_OR_STRING})
"""Scalars that any text is fine for, as far as it goes here; their nodes are scalars."""


def violations(value: Any, schema: Schema, *, name: str) -> tuple[FieldError, ...]:
    """All that keeps a value from being applied: fields that the schema does not declare, values of the
    wrong type, items without keys, and two items with the same keys. `name` says whose fields they are.
    """
    return tuple(_check(value, schema, (), name))


def require_valid(value: Any, schema: Schema, *, name: str) -> None:
    """Raises:
    InvalidInput: there are violations; it carries all of them.
    """
    found = violations(value, schema, name=name)
    if found:
        raise InvalidInput.of(found)


def _check(value: Any, schema: Schema, path: Path, name: str) -> Iterator[FieldError]:
    shape = schema.shape
    if value is None or shape is Shape.ANY:
        return
    if shape is Shape.SCALAR:
        kinds, expected = _TYPES[schema.scalar]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            yield _error(name, path, value, expected)
    elif shape in (Shape.MAP, Shape.ATOMIC_MAP):
        if isinstance(value, dict):
            yield from _check_map(value, schema, path, name)
        else:
            yield _error(name, path, value, "map")
    elif not isinstance(value, list):
        yield _error(name, path, value, "list")
    elif shape in ASSOCIATIVE:
        yield from _check_items(value, schema, path, name)
    else:
        for index, item in enumerate(value):
            yield from _check(item, schema.element(), (*path, f"i:{index}"), name)


def _check_map(value: dict[str, Any], schema: Schema, path: Path, name: str) -> Iterator[FieldError]:
    children = schema.children
    for key, inner in value.items():
        if not schema.allow_unknown and key not in schema.declared:
            here = (*path, "f:" + key)
            yield FieldError(name, server_path(here), repr(key), "field not declared in schema")
        elif inner.__class__ is not str or children[key].scalar not in _TEXTS:
            yield from _check(inner, children[key], (*path, "f:" + key), name)


def _check_items(value: list[Any], schema: Schema, path: Path, name: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, item in enumerate(value):
        try:
            element = item_element(schema, item)
        except InvalidInput as error:
            yield _error(name, (*path, f"i:{index}"), item, error.errors[0].expected)
            continue
        if element in seen:
            shown = server_path((element,))
            yield FieldError(name, server_path(path), shown, f"no duplicate entries for key {shown}")
        seen.add(element)
        yield from _check(item, schema.element(), (*path, element), name)


def _error(name: str, path: Path, value: Any, expected: str) -> FieldError:
    text = repr(value)
    return FieldError(name, server_path(path), text if len(text) <= 100 else text[:97] + "...", expected)
