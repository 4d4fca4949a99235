"""Fixtures as values, and what the tests of typed views share."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml
from msgspec import inspect


def document(name: str) -> dict[str, Any]:
    """A fixture `<kind>-<state>.yaml`, without shared parts."""
    made: dict[str, Any] = orjson.loads(_parsed(name))
    return made


@cache
def _parsed(name: str) -> bytes:
    text = (Path(__file__).parent / "fixtures" / f"{name}.yaml").read_text(encoding="utf-8")
    return orjson.dumps(yaml.safe_load(text))


def model_paths(kind: inspect.Type, at: str = "") -> set[str]:
    """The path of every field of a model, lists and maps gone through."""
    if isinstance(kind, inspect.UnionType):
        return set().union(*(model_paths(choice, at) for choice in kind.types))
    if isinstance(kind, inspect.VarTupleType):
        return model_paths(kind.item_type, at)
    if isinstance(kind, inspect.DictType):
        return model_paths(kind.value_type, f"{at}.*")
    found: set[str] = set()
    if isinstance(kind, inspect.StructType):
        for field in kind.fields:
            place = f"{at}.{field.encode_name}" if at else field.encode_name
            found |= {place} | model_paths(field.type, place)
    return found


def schema_paths(schema: dict[str, Any], at: str = "") -> set[str]:
    """The path of every property of a structural schema."""
    found: set[str] = set()
    for name, child in schema.get("properties", {}).items():
        place = f"{at}.{name}" if at else name
        found |= {place} | schema_paths(child, place)
    if "items" in schema:
        found |= schema_paths(schema["items"], at)
    if "additionalProperties" in schema:
        found |= schema_paths(schema["additionalProperties"], f"{at}.*")
    return found


def value_paths(value: Any, at: str = "") -> set[str]:
    """The path of every key of a document."""
    found: set[str] = set()
    if isinstance(value, list):
        for item in value:
            found |= value_paths(item, at)
    if isinstance(value, dict):
        for key, item in value.items():
            place = f"{at}.{key}" if at else key
            found |= {place} | value_paths(item, place)
    return found
