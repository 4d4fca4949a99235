"""The built-in kinds' schemas, from the package `kubernetes-validate`, as OpenAPI v3 has them.

That package writes every optional type as `[type, "null"]` and every reference into its own file; both
are turned back, so that what is served is what a real server's `/openapi/v3` would say.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

import orjson

from common.core.typed.schema import Definitions

KUBERNETES_VERSION = "v1.36.0"
"""The release whose schemas are served."""

_REF = "#/$defs/"
COMPONENT = "#/components/schemas/"

Schema = dict[str, Any]


@lru_cache(maxsize=1)
def _packaged() -> dict[str, Schema]:
    base = resources.files("kubernetes_validate") / "kubernetes-json-schema"
    text = (base / f"{KUBERNETES_VERSION}-local" / "_definitions.json").read_bytes()
    found: dict[str, Schema] = orjson.loads(text)["$defs"]
    return found


@lru_cache(maxsize=4096)
def definition(name: str) -> Schema:
    """One schema by its full name, such as `io.k8s.api.apps.v1.Deployment`.

    Raises:
        KeyError: there is none.
    """
    made: Schema = _converted(_packaged()[name])
    if name.endswith((".JSONSchemaProps", ".JSON", ".FieldsV1", ".RawExtension")):
        made.setdefault("x-kubernetes-preserve-unknown-fields", True)
    if name.endswith(".IntOrString"):
        return {"x-kubernetes-int-or-string": True, "format": "int-or-string"}
    if name.endswith(".Quantity"):
        return {"x-kubernetes-int-or-string": True, "format": "quantity"}
    for key in ("apiVersion", "kind"):
        made.get("properties", {}).get(key, {}).pop("enum", None)
    return made


def _converted(node: Any) -> Any:
    if isinstance(node, list):
        return [_converted(item) for item in node]
    if not isinstance(node, dict):
        return node
    out: Schema = {}
    for key, value in node.items():
        if key == "type" and isinstance(value, list):
            out[key] = next(t for t in value if t != "null")
        elif key == "enum" and isinstance(value, list):
            out[key] = [v for v in value if v is not None]
        elif key == "$ref" and isinstance(value, str):
            out[key] = COMPONENT + value.removeprefix(_REF)
        else:
            out[key] = _converted(value)
    return out


def resolve(schema: Schema) -> Schema:
    """The schema itself, or the built-in one that its `$ref` or only `allOf` names."""
    while True:
        ref = schema.get("$ref")
        if ref is None:
            alone = schema.get("allOf")
            if not alone or len(alone) != 1 or "$ref" not in alone[0]:
                return schema
            ref = alone[0]["$ref"]
        schema = definition(ref.removeprefix(COMPONENT))


def closure(names: list[str]) -> dict[str, Schema]:
    """The named schemas and all that they refer to."""
    found: dict[str, Schema] = {}
    queue = list(names)
    while queue:
        name = queue.pop()
        if name in found:
            continue
        found[name] = definition(name)
        queue += sorted(_references(found[name]))
    return dict(sorted(found.items()))


def _references(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*(_references(item) for item in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    found = {node["$ref"].removeprefix(COMPONENT)} if isinstance(node.get("$ref"), str) else set()
    return found.union(*(_references(value) for value in node.values())) if node else found


@lru_cache(maxsize=1)
def typed_definitions() -> Definitions:
    """The same definitions as merge schemas."""
    return Definitions(_packaged())
