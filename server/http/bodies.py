"""Request bodies: bounded while they are read, and JSON with named errors."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request

from server.http.faults import Code, Fault


def too_large(limit: int) -> Fault:
    """413."""
    return Fault(Code.RESOURCE_EXHAUSTED, f"the request body is larger than {limit} bytes", http=413)


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body.

    Raises:
        Fault: it is larger than `limit` bytes; nothing beyond that was kept.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise too_large(limit)
        parts.append(part)
    return b"".join(parts)


def parse_json(body: bytes) -> Any:
    """A JSON value; None for an empty body.

    Raises:
        Fault: it is no JSON; says where.
    """
    if not body.strip():
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Fault(Code.INVALID_ARGUMENT, f"the request body is no JSON: {error}") from None


def json_object(value: Any, what: str = "the request body") -> dict[str, Any]:
    """A JSON object; an empty one for nothing.

    Raises:
        Fault: it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Fault(Code.INVALID_ARGUMENT, f"{what}: found {_type(value)}, expected an object")
    return value


_TYPES: dict[type, tuple[str, Any]] = {
    str: ("a string", ""),
    bool: ("true or false", False),
    int: ("a whole number", 0),
    list: ("a list", []),
    dict: ("an object", {}),
}


def field(body: dict[str, Any], name: str, kind: type) -> Any:
    """One field of a body; the type's empty value when it is not there or null.

    Raises:
        Fault: it has another type.
    """
    value = body.get(name)
    expected, empty = _TYPES[kind]
    if value is None:
        return kind(empty)
    if kind is int and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)  # 64 bit numbers are strings in protobuf's JSON
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Fault(Code.INVALID_ARGUMENT, f"{name}: found {_type(value)}, expected {expected}")
    return value


def strings(body: dict[str, Any], name: str) -> list[str]:
    """A list of strings of a body.

    Raises:
        Fault: it is something else.
    """
    values = field(body, name, list)
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise Fault(Code.INVALID_ARGUMENT, f"{name}[{index}]: found {_type(value)}, expected a string")
    return list(values)


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return "a number"
    return _TYPES.get(type(value), (type(value).__name__, None))[0]
