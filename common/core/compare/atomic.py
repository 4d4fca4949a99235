"""Atomic values, of which the server fills in defaults inside, though they are owned as a whole."""

from __future__ import annotations

from typing import Any

from common.core.compare.values import equal_scalars
from common.core.typed.schema import Scalar, Schema, Shape


def fits_atomic(desired: Any, live: Any, schema: Schema) -> bool | None:
    """Whether an atomic value is the same: True, False, or None when live only has more inside."""
    if desired is None:
        return True if live is None else None
    if isinstance(desired, dict) and isinstance(live, dict):
        return _fits_map(desired, live, schema)
    if isinstance(desired, list) and isinstance(live, list):
        if len(desired) != len(live):
            return False
        element = schema.element()
        results = [fits_atomic(want, has, element) for want, has in zip(desired, live, strict=True)]
        return False if False in results else (None if None in results else True)
    kind = schema.scalar if schema.shape is Shape.SCALAR else Scalar.ANY
    if live is None:
        return None if desired in ({}, [], "", 0, False) else False
    return equal_scalars(desired, live, kind)


def _fits_map(desired: dict[str, Any], live: dict[str, Any], schema: Schema) -> bool | None:
    result: bool | None = True
    for name, value in desired.items():
        fits = fits_atomic(value, live.get(name), schema.children[name])
        if fits is False:
            return False
        result = result and fits
    if any(name not in desired for name in live):
        # Keys of a free map, such as a selector's labels, are nobody's default.
        return None if schema.declared or schema.shape is Shape.ANY else False
    return result
