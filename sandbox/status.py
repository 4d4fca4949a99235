"""The API's errors: each is a `Status` object with the code, reason, details and causes that clients read."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.resources import Resource


class Cause(msgspec.Struct, frozen=True):
    """One field's fault. `reason` is a CauseType such as `FieldValueRequired`."""

    reason: str
    field: str
    message: str

    def as_json(self) -> dict[str, str]:
        """As `details.causes` has it."""
        shown = {"reason": self.reason, "message": self.message}
        return shown | {"field": self.field} if self.field else shown


class ApiError(Exception):
    """An answer other than success."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers = headers

    def status(self) -> dict[str, Any]:
        """The Status object."""
        shown: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            shown["reason"] = self.reason
        if self.details is not None:
            shown["details"] = self.details
        return shown | {"code": self.code}


def success(resource: Resource, name: str, uid: str) -> dict[str, Any]:
    """What a DELETE of an object that is gone at once is answered with."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details(resource, name) | {"uid": uid},
    }


def details(resource: Resource, name: str) -> dict[str, Any]:
    """`details` naming an object. Its `kind` is the plural, except in validation errors."""
    shown = {"name": name, "group": resource.group, "kind": resource.plural}
    return {k: v for k, v in shown.items() if v}


def not_found(resource: Resource, name: str) -> ApiError:
    """404: no such object."""
    return ApiError(
        404,
        "NotFound",
        f'{resource.qualified} "{name}" not found',
        details=details(resource, name),
    )


def path_not_found() -> ApiError:
    """404: nothing is served at this path."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})


def already_exists(resource: Resource, name: str) -> ApiError:
    """409 to a create."""
    return ApiError(
        409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', details=details(resource, name)
    )


def conflict(resource: Resource, name: str, why: str = "") -> ApiError:
    """409: the resourceVersion or a precondition is not met."""
    why = why or (
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    return ApiError(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}',
        details=details(resource, name),
    )


def invalid(resource: Resource, name: str, causes: list[Cause]) -> ApiError:
    """422 with a cause for each field."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    shown = [f"{c.field}: {c.message}" if c.field else c.message for c in causes]
    said = shown[0] if len(shown) == 1 else "[" + ", ".join(shown) + "]"
    found = {"name": name, "group": resource.group, "kind": resource.kind}
    return ApiError(
        422,
        "Invalid",
        f'{kind} "{name}" is invalid: {said}',
        details={k: v for k, v in found.items() if v} | {"causes": [c.as_json() for c in causes]},
    )


def bad_request(message: str) -> ApiError:
    """400."""
    return ApiError(400, "BadRequest", message)


def forbidden(resource: Resource, name: str, why: str, causes: list[Cause] | None = None) -> ApiError:
    """403 from admission or authorization."""
    found = details(resource, name)
    if causes:
        found["causes"] = [c.as_json() for c in causes]
    return ApiError(403, "Forbidden", f'{resource.qualified} "{name}" is forbidden: {why}', details=found)


def expired(message: str) -> ApiError:
    """410: the resourceVersion or continue token is older than the history kept."""
    return ApiError(410, "Expired", message)


def method_not_allowed() -> ApiError:
    """405: the kind is served and the verb is not."""
    return ApiError(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource", details={}
    )


def unsupported_media(found: str, wanted: str) -> ApiError:
    """415: a body in a form that is not read."""
    return ApiError(
        415,
        "UnsupportedMediaType",
        f"the body of the request was in an unknown format ({found}) - accepted media types include:"
        f" {wanted}",
    )
