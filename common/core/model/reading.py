"""Read JSON into typed views, with every error of type in one go.

The whole document is converted at once where it is right. Where it is not, it is walked: what cannot be read
is named as an error and left out, so that the rest is there all the same. `null` counts as absent, as it
does for Argo CD.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect

from common.core.convert import convert
from common.core.errors import FieldError, InvalidInput
from common.core.model.record import Time

T = TypeVar("T")

ABSENT: Any = object()
"""What the walk gives for a value that cannot be read."""

_EXPECTED: dict[type[inspect.Type], tuple[Any, str]] = {
    inspect.StrType: (str, "a string"),
    inspect.IntType: (int, "a whole number"),
    inspect.FloatType: (float, "a number"),
    inspect.BoolType: (bool, "true or false"),
}


def field_error(name: str, field: str, found: object, expected: str) -> FieldError:
    """One error, with what was found shown as every InvalidInput shows it."""
    return InvalidInput(name, field, found=found, expected=expected).errors[0]


def read(raw: object, kind: type[T], *, name: str, at: str = "") -> tuple[T, list[FieldError]]:
    """The typed view of `raw`, and what could not be read. `name` is what errors call the object, `at` the
    field that `raw` is the value of.
    """
    try:
        return convert(raw, kind), []
    except msgspec.ValidationError:
        walk = _Walk(name)
        clean = walk.value(raw, _type_info(cast("Any", kind)), at)
        return convert({} if clean is ABSENT else clean, kind), walk.errors


@cache
def _type_info(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


class _Walk:
    """One walk over a document, which collects errors."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.errors: list[FieldError] = []

    def value(self, raw: Any, kind: inspect.Type, at: str) -> Any:
        """The value without what cannot be read, or ABSENT."""
        if isinstance(kind, inspect.StructType):
            return self._struct(raw, kind, at)
        if isinstance(kind, inspect.VarTupleType):
            return self._list(raw, kind, at)
        if isinstance(kind, inspect.DictType):
            return self._dict(raw, kind, at)
        if isinstance(kind, inspect.UnionType):
            return self._union(raw, kind, at)
        if isinstance(kind, inspect.AnyType):
            return raw
        return self._leaf(raw, kind, at)

    def _refuse(self, raw: Any, at: str, expected: str) -> Any:
        self.errors.append(field_error(self.name, at, raw, expected))
        return ABSENT

    def _struct(self, raw: Any, kind: inspect.StructType, at: str) -> Any:
        if not isinstance(raw, dict):
            return self._refuse(raw, at, "an object")
        made = {}
        for field in kind.fields:
            given = raw.get(field.encode_name)
            place = f"{at}.{field.encode_name}" if at else field.encode_name
            value = ABSENT if given is None else self.value(given, field.type, place)
            if value is not ABSENT:
                made[field.encode_name] = value
            elif field.required:
                if given is None:
                    self._refuse(None, place, _expected(field.type))
                made[field.encode_name] = _zero(field.type)
        return made

    def _list(self, raw: Any, kind: inspect.VarTupleType, at: str) -> Any:
        if not isinstance(raw, list | tuple):
            return self._refuse(raw, at, "a list")
        values = (self.value(item, kind.item_type, f"{at}[{i}]") for i, item in enumerate(raw))
        return [value for value in values if value is not ABSENT]

    def _dict(self, raw: Any, kind: inspect.DictType, at: str) -> Any:
        if not isinstance(raw, dict):
            return self._refuse(raw, at, "an object")
        values = {key: self.value(item, kind.value_type, f"{at}.{key}") for key, item in raw.items()}
        return {key: value for key, value in values.items() if value is not ABSENT}

    def _union(self, raw: Any, kind: inspect.UnionType, at: str) -> Any:
        choices = [choice for choice in kind.types if not isinstance(choice, inspect.NoneType)]
        if len(choices) == 1:
            return self.value(raw, choices[0], at)
        if any(_converts(raw, choice) for choice in choices):
            return raw
        return self._refuse(raw, at, " or ".join(_expected(choice) for choice in choices))

    def _leaf(self, raw: Any, kind: inspect.Type, at: str) -> Any:
        return raw if _converts(raw, kind) else self._refuse(raw, at, _expected(kind))


def _converts(raw: Any, kind: inspect.Type) -> bool:
    try:
        convert(raw, _python_type(kind))
    except msgspec.ValidationError:
        return False
    return True


def _python_type(kind: inspect.Type) -> Any:
    found = _EXPECTED.get(type(kind))
    return Time if found is None else found[0]


def _expected(kind: inspect.Type) -> str:
    found = _EXPECTED.get(type(kind))
    if found is not None:
        return found[1]
    return "an object" if isinstance(kind, inspect.StructType) else "a time such as 2026-01-31T12:00:00Z"


def _zero(kind: inspect.Type) -> Any:
    """What Go would have in a required field that is not there."""
    if isinstance(kind, inspect.StructType):
        return {field.encode_name: _zero(field.type) for field in kind.fields if field.required}
    found = _EXPECTED.get(type(kind))
    return "0001-01-01T00:00:00Z" if found is None else found[0]()
