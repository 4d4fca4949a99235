"""What every written object goes through: decoding rules, defaults, names and validation."""

from __future__ import annotations

from typing import Any

from sandbox.defaults import apply_defaults
from sandbox.resources import Resource
from sandbox.rules import metadata_causes, object_causes
from sandbox.state import ClusterState, WriteContext
from sandbox.status import ApiError, Cause, bad_request, invalid
from sandbox.structural import Findings, check, fill_defaults, shown

_GO_KINDS = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number"}
_GO_TYPES = {"integer": "int32", "number": "float64", "boolean": "bool", "object": "map[string]interface {}"}


def check_identity(resource: Resource, obj: dict[str, Any], namespace: str, name: str = "") -> None:
    """The body must be of the kind, namespace and name that the path says; what it leaves out is filled in.

    Raises:
        ApiError: 400.
    """
    api_version = obj.setdefault("apiVersion", resource.api_version)
    if api_version != resource.api_version:
        raise bad_request(
            f"the API version in the data ({api_version}) does not match the expected API version"
            f" ({resource.api_version})"
        )
    kind = obj.setdefault("kind", resource.kind)
    if kind != resource.kind:
        raise bad_request(
            f"{resource.kind} in version {shown(resource.version)} cannot be handled as a {resource.kind}:"
            f" the kind in the data is {kind}"
        )
    meta = obj.get("metadata")
    if meta is None:
        meta = obj["metadata"] = {}
    if not isinstance(meta, dict):
        raise bad_request(f"{_handled(resource)}: metadata is no object")
    _check_place(resource, meta, namespace)
    if name and meta.setdefault("name", name) != name:
        raise bad_request(
            f"the name of the object ({meta['name']}) does not match the name on the URL ({name})"
        )


def _check_place(resource: Resource, meta: dict[str, Any], namespace: str) -> None:
    if not resource.namespaced:
        meta.pop("namespace", None)
    elif (meta.get("namespace") or namespace) != namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    else:
        meta["namespace"] = namespace


def _handled(resource: Resource) -> str:
    return f"{resource.kind} in version {shown(resource.version)} cannot be handled as a {resource.kind}"


def decode_and_default(
    state: ClusterState, resource: Resource, obj: dict[str, Any], context: WriteContext
) -> list[Cause]:
    """Drop what the schema does not know, set defaults, and say what is missing or wrong.

    Raises:
        ApiError: 400 for wrong types (built-in kinds) and, when validation is strict, unknown fields.
    """
    if context.trusted:
        if not resource.custom:
            apply_defaults(resource.group, resource.kind, obj)
        return []
    node = state.node(resource)
    if resource.custom:
        fill_defaults(node, obj)
    found = check(node, obj)
    causes = [c for c in found.causes if resource.custom or not c.field.startswith(("status", "metadata"))]
    if found.mismatches and not resource.custom:
        raise bad_request(_cannot_decode(resource, found))
    _check_unknown(resource, found, context)
    causes += [_wrong_type(*each) for each in found.mismatches]
    if not resource.custom:
        apply_defaults(resource.group, resource.kind, obj)
    return causes


def _check_unknown(resource: Resource, found: Findings, context: WriteContext) -> None:
    said = [f"unknown field {shown(path)}" for path in found.unknown]
    if said and context.validation == "Strict":
        raise bad_request(f"{_handled(resource)}: strict decoding error: {', '.join(said)}")
    if context.validation == "Warn":
        context.warnings += said


def _cannot_decode(resource: Resource, found: Findings) -> str:
    path, value, expected = found.mismatches[0]
    kind = _GO_KINDS.get(type(value), "value")
    return (
        f"{_handled(resource)}: json: cannot unmarshal {kind} into Go struct field"
        f" {resource.kind}.{path} of type {_GO_TYPES.get(expected, expected)}"
    )


def _wrong_type(path: str, value: object, expected: str) -> Cause:
    kind = _GO_KINDS.get(type(value), "value")
    kind = {"bool": "boolean"}.get(kind, kind)
    if isinstance(value, int) and not isinstance(value, bool):
        kind = "integer"
    message = f'Invalid value: "{kind}": {path} in body must be of type {expected}: "{kind}"'
    return Cause("FieldValueTypeInvalid", path, message)


def validate(
    resource: Resource, obj: dict[str, Any], causes: list[Cause], live: dict[str, Any] | None = None
) -> None:
    """All that is wrong with an object, at once.

    Raises:
        ApiError: 422 with a cause for each field.
    """
    found = [*metadata_causes(resource, obj), *causes, *object_causes(resource, obj, live)]
    if found:
        raise invalid(resource, str(obj["metadata"].get("name", "")), _once(found))


def _once(causes: list[Cause]) -> list[Cause]:
    seen: dict[tuple[str, str], Cause] = {}
    for cause in causes:
        seen.setdefault((cause.field, cause.message), cause)
    return list(seen.values())


def typed_patch_error(resource: Resource, key: tuple[str, str], said: str) -> ApiError:
    """What server-side apply says of a configuration that the schema has no place for."""
    place = "/".join(part for part in key if part) if key[0] else f"/{key[1]}"
    group = f"{resource.api_version}, Kind={resource.kind}"
    return ApiError(500, "", f"failed to create typed patch object ({place}; {group}): {said}")
