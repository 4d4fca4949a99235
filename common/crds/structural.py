"""Structural schemas (OpenAPI v3, as Kubernetes wants them) from typed models.

Descriptions are the first paragraphs of the models' own docstrings.
"""

from __future__ import annotations

import ast
import inspect as source_of
import textwrap
from functools import cache
from itertools import pairwise
from typing import Any

from msgspec import inspect

Schema = dict[str, Any]

_LEAVES: dict[type[inspect.Type], Schema] = {
    inspect.StrType: {"type": "string"},
    inspect.BoolType: {"type": "boolean"},
    inspect.IntType: {"type": "integer", "format": "int64"},
    inspect.DateTimeType: {"type": "string", "format": "date-time"},
}

_TEXT: Schema = {"type": "string"}
_PATCH: Schema = {
    "type": "object",
    "properties": {
        "options": {"type": "object", "additionalProperties": {"type": "boolean"}},
        "patch": _TEXT,
        "path": _TEXT,
        "target": {
            "type": "object",
            "properties": {
                "annotationSelector": _TEXT,
                "group": _TEXT,
                "kind": _TEXT,
                "labelSelector": _TEXT,
                "name": _TEXT,
                "namespace": _TEXT,
                "version": _TEXT,
            },
        },
    },
}
_WRITTEN: dict[tuple[str, str], Schema] = {
    ("KustomizeOptions", "patches"): {"type": "array", "items": _PATCH},
}
"""Fields that the models hand on as they are, and whose schema is published."""


def schema_of(kind: type) -> Schema:
    """The schema of a model."""
    return _schema(inspect.type_info(kind))


def _schema(kind: inspect.Type) -> Schema:
    if isinstance(kind, inspect.StructType):
        return _object(kind)
    if isinstance(kind, inspect.VarTupleType):
        return {"type": "array", "items": _schema(kind.item_type)}
    if isinstance(kind, inspect.DictType):
        if isinstance(kind.value_type, inspect.AnyType):
            return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        return {"type": "object", "additionalProperties": _schema(kind.value_type)}
    if isinstance(kind, inspect.UnionType):
        return _union(kind)
    return dict(_LEAVES[type(kind)])


def _union(kind: inspect.UnionType) -> Schema:
    choices = [choice for choice in kind.types if not isinstance(choice, inspect.NoneType)]
    if len(choices) == 1:
        return _schema(choices[0])
    return {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}


def _object(kind: inspect.StructType) -> Schema:
    said = _descriptions(kind.cls)
    properties: Schema = {}
    for field in kind.fields:
        schema = _WRITTEN.get((kind.cls.__name__, field.name)) or _schema(field.type)
        if field.name in said:
            schema = {
                "description": said[field.name],
                **{k: v for k, v in schema.items() if k != "description"},
            }
        properties[field.encode_name] = schema
    made: Schema = {"type": "object", "properties": dict(sorted(properties.items()))}
    required = sorted(field.encode_name for field in kind.fields if field.required)
    if required:
        made["required"] = required
    text = _paragraph(kind.cls.__doc__ or "")
    return {"description": text, **made} if " " in text else made


@cache
def _descriptions(cls: type) -> dict[str, str]:
    """What the strings below the fields of a class say, by field."""
    said: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("common."):
            said |= _own_descriptions(base)
    return said


def _own_descriptions(cls: type) -> dict[str, str]:
    (tree,) = ast.parse(textwrap.dedent(source_of.getsource(cls))).body
    body = getattr(tree, "body", [])
    said = {}
    for field, text in pairwise(body):
        name = (
            field.target.id if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) else ""
        )
        if name and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            said[name] = _paragraph(str(text.value.value))
    return said


def _paragraph(text: str) -> str:
    return " ".join(text.strip().split("\n\n")[0].replace("`", "").split())
