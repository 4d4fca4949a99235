"""Bodies of requests, into objects."""

from __future__ import annotations

from typing import Any

import orjson
import yaml

from sandbox.protobuf import CONTENT_TYPE, BadProtobuf, decode_protobuf
from sandbox.status import ApiError, bad_request, unsupported_media

JSON = "application/json"
YAML = "application/yaml"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def decode(body: bytes, content_type: str) -> Any:
    """A body as JSON values.

    Raises:
        ApiError: 400 when it cannot be read, 415 for a form that is not (CBOR).
    """
    kind = content_type.partition(";")[0].strip().lower() or JSON
    if kind.endswith("json"):
        try:
            return orjson.loads(body)
        except ValueError as error:
            raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error
    if kind.endswith("yaml"):
        return decode_yaml(body)
    if kind == CONTENT_TYPE:
        try:
            return decode_protobuf(body)
        except BadProtobuf as error:
            raise bad_request(f"error decoding protobuf: {error}") from error
    raise unsupported_media(kind, f"{JSON}, {YAML}, {CONTENT_TYPE}")


def decode_yaml(body: bytes) -> Any:
    """One YAML document as JSON values.

    Raises:
        ApiError: 400 when it cannot be read.
    """
    try:
        return orjson.loads(body)
    except ValueError:
        pass
    try:
        return orjson.loads(orjson.dumps(yaml.load(body, Loader=_LOADER)))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise bad_request(f"error decoding YAML: {error}") from error


def decode_object(body: bytes, content_type: str) -> dict[str, Any]:
    """A body that must be an object.

    Raises:
        ApiError: as `decode`, and 400 for anything but an object.
    """
    if not body:
        raise bad_request("no body was sent")
    found = decode(body, content_type)
    if not isinstance(found, dict):
        raise bad_request("the body is no object")
    return found


def too_large(limit: int) -> ApiError:
    """413."""
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")
