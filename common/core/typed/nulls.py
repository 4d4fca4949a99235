"""Nulls in objects. To an API server a null field is one that is not there, unless its schema is nullable."""

from __future__ import annotations

from typing import Any

from common.core.typed.schema import Schema


def without_nulls(value: Any, schema: Schema) -> Any:
    """The value without fields that are null and may not be; itself when it has none."""
    if isinstance(value, dict):
        return _map(value, schema)
    if isinstance(value, list):
        element = schema.element()
        out = [without_nulls(item, element) for item in value]
        return value if all(new is old for new, old in zip(out, value, strict=True)) else out
    return value


def _map(value: dict[str, Any], schema: Schema) -> dict[str, Any]:
    out: dict[str, Any] | None = None
    for name, inner in value.items():
        if inner is None:
            if not schema.children[name].nullable:
                out = dict(value) if out is None else out
                del out[name]
        elif inner.__class__ is dict or inner.__class__ is list:
            new = without_nulls(inner, schema.children[name])
            if new is not inner:
                out = dict(value) if out is None else out
                out[name] = new
    return value if out is None else out
