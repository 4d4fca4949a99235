"""JSON patch, merge patch and strategic merge patch."""

from __future__ import annotations

from typing import Any

import jsonpatch
from jsonpointer import JsonPointerException

from common.core.errors import InvalidInput
from common.core.typed.patches import merge_patch
from common.core.typed.schema import Schema
from common.core.typed.strategic import strategic_merge
from sandbox.resources import Resource
from sandbox.status import ApiError, bad_request, unsupported_media

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
TYPES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, "application/apply-patch+yaml")


def patched(resource: Resource, live: dict[str, Any], body: Any, kind: str, schema: Schema) -> dict[str, Any]:
    """The live object (which may be changed) with a patch applied.

    Raises:
        ApiError: 400, 415 or 422.
    """
    if kind == JSON_PATCH:
        return _json_patch(live, body)
    if not isinstance(body, dict):
        raise bad_request("the patch is no object")
    if kind == MERGE_PATCH:
        return _object(merge_patch(live, body))
    if kind == STRATEGIC_PATCH and not resource.custom:
        try:
            return _object(strategic_merge(live, body, schema))
        except InvalidInput as error:
            raise bad_request(str(error)) from error
    raise unsupported_media(kind, ", ".join(t for t in TYPES if t != STRATEGIC_PATCH or not resource.custom))


def _object(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise bad_request("the patch leaves no object")
    return found


def _json_patch(live: dict[str, Any], body: Any) -> dict[str, Any]:
    try:
        return _object(jsonpatch.apply_patch(live, body))
    except (jsonpatch.JsonPatchTestFailed, jsonpatch.JsonPatchConflict) as error:
        raise ApiError(
            422, "Invalid", f"the server rejected our request due to an error in our request: {error}"
        ) from error
    except (jsonpatch.JsonPatchException, JsonPointerException, TypeError, KeyError) as error:
        raise bad_request(f"error decoding patch: {error}") from error
