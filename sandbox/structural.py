"""Checks an object against its schema: unknown fields, wrong types, missing and invalid values, defaults.

One walk serves built-in kinds and custom resources. What is made of its findings differs: a wrong type in
a built-in kind cannot be decoded (400), in a custom resource it is invalid (422).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import orjson

from sandbox.formats import FORMATS
from sandbox.schemas import COMPONENT, Schema, definition, resolve
from sandbox.status import Cause

_TYPES: dict[str, Callable[[object], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}
_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_IDENTITY = ("apiVersion", "kind")


class Node:
    """A schema, read once. Children are made when they are first asked for, as schemas may recurse."""

    __slots__ = (
        "_additional", "_items", "_props", "default", "embedded", "has_default", "int_or_string", "keep",
        "nullable", "open", "required", "rules", "schema", "type",
    )  # fmt: skip

    def __init__(self, schema: Schema) -> None:
        schema = resolve(schema)
        self.schema = schema
        self.type: str = schema.get("type", "")
        self.int_or_string = bool(schema.get("x-kubernetes-int-or-string"))
        self.keep = bool(schema.get("x-kubernetes-preserve-unknown-fields")) or not any(
            key in schema for key in ("type", "properties", "additionalProperties", "items")
        )
        self.embedded = bool(schema.get("x-kubernetes-embedded-resource"))
        self.nullable = bool(schema.get("nullable"))
        self.required: tuple[str, ...] = tuple(schema.get("required") or ())
        self.has_default = "default" in schema
        self.default = schema.get("default")
        self.rules = any(key in schema for key in _RULES)
        additional = schema.get("additionalProperties")
        self.open = additional is True or (
            self.type in ("object", "") and "properties" not in schema and additional is None and self.keep
        )
        self._props: dict[str, Node] = {}
        self._items: Node | None = None
        self._additional: Node | None = None

    def prop(self, name: str) -> Node | None:
        """The schema of a field or of a map's values; None when it is not declared."""
        found = self._props.get(name)
        if found is not None:
            return found
        declared = self.schema.get("properties", {}).get(name)
        if declared is not None:
            found = self._props[name] = node_of(declared)
            return found
        additional = self.schema.get("additionalProperties")
        if isinstance(additional, dict):
            if self._additional is None:
                self._additional = node_of(additional)
            return self._additional
        return None

    def items(self) -> Node | None:
        """The schema of a list's items."""
        if self._items is None and isinstance(self.schema.get("items"), dict):
            self._items = node_of(self.schema["items"])
        return self._items

    def defaults(self) -> Iterator[tuple[str, Node]]:
        """Declared fields, for those that have defaults."""
        for name in self.schema.get("properties", {}):
            child = self.prop(name)
            if child is not None:
                yield name, child


def node_of(schema: Schema) -> Node:
    """A node for a schema; references to built-in definitions share theirs."""
    ref = schema.get("$ref")
    return node_of_definition(ref.removeprefix(COMPONENT)) if isinstance(ref, str) else Node(schema)


@lru_cache(maxsize=4096)
def node_of_definition(name: str) -> Node:
    """The node of a built-in definition."""
    return Node(definition(name))


class Findings:
    """What one walk found; paths are written as the API server writes them."""

    __slots__ = ("causes", "mismatches", "unknown")

    def __init__(self) -> None:
        self.unknown: list[str] = []
        self.mismatches: list[tuple[str, object, str]] = []
        """Path, value, and the type that it should have."""
        self.causes: list[Cause] = []


def join(path: str, name: str) -> str:
    """A field below a path."""
    return f"{path}.{name}" if path else name


def check(node: Node, value: Any, *, prune: bool = True, root: bool = True) -> Findings:
    """Walk an object. Unknown fields are dropped in place when `prune` says so; nulls always are."""
    found = Findings()
    _check(node, value, "", found, prune=prune, root=root)
    return found


def _check(node: Node, value: Any, path: str, found: Findings, *, prune: bool, root: bool = False) -> None:
    if node.int_or_string:
        if not isinstance(value, (str, int, float)) or isinstance(value, bool):
            found.mismatches.append((path, value, "int or string"))
        return
    if node.type and not _TYPES[node.type](value):
        if not (node.type == "integer" and isinstance(value, float) and value.is_integer()):
            found.mismatches.append((path, value, node.type))
        return
    if isinstance(value, dict):
        _check_object(node, value, path, found, prune=prune, root=root)
    elif isinstance(value, list):
        items = node.items()
        if items is not None:
            for place, item in enumerate(value):
                _check(items, item, f"{path}[{place}]", found, prune=prune)
    if node.rules:
        found.causes += _rule_causes(node.schema, value, path)


def _check_object(
    node: Node, value: dict[str, Any], path: str, found: Findings, *, prune: bool, root: bool
) -> None:
    whole = root or node.embedded
    for name in list(value):
        # Whatever a definition says of its metadata, it is ObjectMeta.
        child = node_of_definition(_OBJECT_META) if whole and name == "metadata" else node.prop(name)
        item = value[name]
        if child is None:
            if node.open or node.keep or (whole and name in _IDENTITY):
                continue
            found.unknown.append(join(path, name))
            if prune:
                del value[name]
        elif item is None:
            if not child.nullable:
                del value[name]
        else:
            _check(child, item, join(path, name), found, prune=prune)
    for name in node.required:
        if name not in value:
            found.causes.append(Cause("FieldValueRequired", join(path, name), "Required value"))


def fill_defaults(node: Node, value: Any) -> None:
    """Set the schema's defaults where fields are absent, in place, from the outside in."""
    if isinstance(value, dict):
        for name, child in node.defaults():
            if child.has_default and (name not in value or (value[name] is None and not child.nullable)):
                value[name] = orjson.loads(orjson.dumps(child.default))
        for name, item in value.items():
            below = node.prop(name)
            if below is not None:
                fill_defaults(below, item)
    elif isinstance(value, list):
        items = node.items()
        if items is not None:
            for item in value:
                fill_defaults(items, item)


def shown(value: object) -> str:
    """A value as an error message quotes it."""
    return orjson.dumps(value).decode()


def invalid_value(path: str, value: object, why: str) -> Cause:
    """A cause for a value that cannot be."""
    return Cause("FieldValueInvalid", path, f"Invalid value: {shown(value)}: {why}")


def _rule_causes(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    for key, rule in _RULES.items():
        if key in schema:
            yield from rule(schema, value, path)


def _enum(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    if value not in schema["enum"]:
        allowed = ", ".join(shown(v) for v in schema["enum"])
        yield Cause(
            "FieldValueNotSupported", path, f"Unsupported value: {shown(value)}: supported values: {allowed}"
        )


def _pattern(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    if isinstance(value, str) and not _compiled(schema["pattern"]).search(value):
        yield invalid_value(path, value, f"{path} in body should match '{schema['pattern']}'")


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(r"\z", r"\Z"))


def _least(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    least, beyond = schema["minimum"], schema.get("exclusiveMinimum") is True
    if _TYPES["number"](value) and (value <= least if beyond else value < least):
        relation = "greater than" if beyond else "greater than or equal to"
        yield invalid_value(path, value, f"{path} in body should be {relation} {least}")


def _most(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    most, beyond = schema["maximum"], schema.get("exclusiveMaximum") is True
    if _TYPES["number"](value) and (value >= most if beyond else value > most):
        relation = "less than" if beyond else "less than or equal to"
        yield invalid_value(path, value, f"{path} in body should be {relation} {most}")


def _multiple(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    if _TYPES["number"](value) and value % schema["multipleOf"]:
        yield invalid_value(path, value, f"{path} in body should be a multiple of {schema['multipleOf']}")


def _sized(
    key: str, unit: str, kind: type[str] | type[list[Any]] | type[dict[str, Any]]
) -> Callable[[Schema, Any, str], Iterator[Cause]]:
    least = key.startswith("min")

    def rule(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
        bound = schema[key]
        if not isinstance(value, kind) or (len(value) >= bound if least else len(value) <= bound):
            return
        if least:
            yield invalid_value(path, value, f"{path} in body should {unit.format('at least', bound)}")
        elif kind is str:
            yield Cause("FieldValueTooLong", path, f"Too long: may not be more than {bound} bytes")
        else:
            yield Cause("FieldValueTooMany", path, f"Too many: {len(value)}: must have at most {bound} items")

    return rule


def _unique(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    if schema["uniqueItems"] and isinstance(value, list):
        yield from _duplicates(value, path, lambda item: orjson.dumps(item, option=orjson.OPT_SORT_KEYS))


def _list_type(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    if not isinstance(value, list):
        return
    if schema["x-kubernetes-list-type"] == "set":
        yield from _duplicates(value, path, lambda item: orjson.dumps(item, option=orjson.OPT_SORT_KEYS))
    elif schema["x-kubernetes-list-type"] == "map":
        keys = schema.get("x-kubernetes-list-map-keys") or ()
        items = [item for item in value if isinstance(item, dict)]
        yield from _duplicates(items, path, lambda item: orjson.dumps([item.get(key) for key in keys]))


def _duplicates(values: list[Any], path: str, identity: Callable[[Any], bytes]) -> Iterator[Cause]:
    seen: set[bytes] = set()
    for place, item in enumerate(values):
        key = identity(item)
        if key in seen:
            yield Cause("FieldValueDuplicate", f"{path}[{place}]", f"Duplicate value: {shown(item)}")
        seen.add(key)


def _format(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    test = FORMATS.get(schema["format"])
    if test is not None and isinstance(value, (str, int)) and not test(value):
        yield invalid_value(path, value, f"{path} in body must be of type {schema['format']}: {shown(value)}")


def _all_of(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    for part in schema["allOf"]:
        yield from _judge(part, value, path)


def _any_of(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    if not any(_passes(part, value) for part in schema["anyOf"]):
        yield invalid_value(path, value, f"{path} in body must validate at least one schema (anyOf)")


def _one_of(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    if sum(_passes(part, value) for part in schema["oneOf"]) != 1:
        yield invalid_value(path, value, f"{path} in body must validate one and only one schema (oneOf)")


def _not(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    if _passes(schema["not"], value):
        yield invalid_value(path, value, f"{path} in body must not validate the schema (not)")


def _judge(schema: Schema, value: Any, path: str) -> list[Cause]:
    copy = orjson.loads(orjson.dumps(value))
    found = Findings()
    _check(Node(schema), copy, path, found, prune=False)
    wrong = [invalid_value(p, v, f"{p} in body must be of type {t}") for p, v, t in found.mismatches]
    return found.causes + wrong


def _passes(schema: Schema, value: Any) -> bool:
    return not _judge(schema, value, "")


_RULES: dict[str, Callable[[Schema, Any, str], Iterator[Cause]]] = {
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _least,
    "maximum": _most,
    "multipleOf": _multiple,
    "minLength": _sized("minLength", "be {} {} chars long", str),
    "maxLength": _sized("maxLength", "", str),
    "minItems": _sized("minItems", "have {} {} items", list),
    "maxItems": _sized("maxItems", "", list),
    "minProperties": _sized("minProperties", "have {} {} properties", dict),
    "maxProperties": _sized("maxProperties", "", dict),
    "uniqueItems": _unique,
    "x-kubernetes-list-type": _list_type,
    "format": _format,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
}
