"""An API server's refusals, as errors of the core's tree.

A Status says what happened by `code`, `reason` and `details`; some causes have no typed mark in any
released Kubernetes (admission, immutability), and for those its message is read, here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import orjson

from common.core.errors import (
    AdmissionDenied,
    AlreadyExists,
    ClusterError,
    FieldConflict,
    FieldError,
    Forbidden,
    KindNotServed,
    NamespaceMissing,
    NamespaceTerminating,
    NotFound,
    ObjectRejected,
    ServerError,
    Throttled,
    Unauthorized,
    VersionConflict,
    WatchExpired,
)

_ADMISSION = re.compile(
    r"admission webhook .* denied the request"
    r"|ValidatingAdmissionPolicy .* denied request"
    r"|violates PodSecurity"
)
_IMMUTABLE = re.compile(
    r"immutable|may not (?:be )?change|updates to \w+ spec for fields other than|cannot (?:be )?change"
)
_CAUSE = re.compile(
    r"^(?:Invalid value|Unsupported value|Duplicate value|Forbidden|Required value|Too long|Too many"
    r"|Not found)"
    r"(?:: (?P<found>\"(?:[^\"\\]|\\.)*\"|[^:\s]+))?: (?P<expected>.*)$",
    re.DOTALL,
)
_MANAGER = re.compile(r'conflicts? with "(?P<manager>[^"]*)"')
_UNKNOWN_FIELD = re.compile(
    r'unknown field "(?P<field>[^"]*)"|(?P<typed>\.\S+): field not declared in schema'
)

_Waits = TypeVar("_Waits", Throttled, ServerError)


def error_from(status_code: int, body: bytes, headers: Mapping[str, str], *, what: str) -> ClusterError:
    """The error that an answer of 400 and above means. `what` names the request: its verb and object."""
    return error_from_status(
        status_code, _status(body), what=what, retry_after=headers.get("retry-after", "")
    )


def error_from_status(
    code: int, status: Mapping[str, Any], *, what: str, retry_after: str = ""
) -> ClusterError:
    """The same for a Status that is already parsed, as a watch's ERROR event brings one."""
    said = str(status.get("message") or f"HTTP {code}")
    message = f"{what}: {said[:2000]}"
    reason = str(status.get("reason") or "")
    details = status.get("details") or {}
    if code == 401:
        return Unauthorized(message)
    if code == 403:
        return _forbidden(message, said, details)
    if code == 404:
        return _not_found(message, status, details)
    if code == 409:
        return _conflict(message, said, reason, details)
    if code == 410:
        return WatchExpired(message)
    if code == 429:
        return _with_retry(Throttled(message), retry_after, details)
    if code in (400, 413, 422) or said.startswith("failed to create typed patch object"):
        # Server-side apply answers 500 for fields that the schema does not have.
        return _rejected(message, said, what, details)
    if code >= 500 or code == 408:
        return _with_retry(ServerError(message), retry_after, details)
    return ClusterError(message)


def _status(body: bytes) -> dict[str, Any]:
    """The body as a Status; plain text becomes its message."""
    try:
        parsed = orjson.loads(body)
    except ValueError:
        return {"message": body[:500].decode(errors="replace").strip()}
    return parsed if isinstance(parsed, dict) else {}


def _causes(details: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [cause for cause in details.get("causes") or () if isinstance(cause, dict)]


def _forbidden(message: str, said: str, details: Mapping[str, Any]) -> ClusterError:
    if any(cause.get("reason") == "NamespaceTerminating" for cause in _causes(details)):
        return NamespaceTerminating(message)
    if _ADMISSION.search(said):
        return AdmissionDenied(message)
    return Forbidden(message)


def _not_found(message: str, status: Mapping[str, Any], details: Mapping[str, Any]) -> ClusterError:
    """Only a Status that names the object proves its absence; an unknown path has no name, or no Status."""
    if status.get("kind") != "Status" or not details.get("name"):
        return KindNotServed(message)
    if details.get("kind") == "namespaces" and not details.get("group"):
        return NamespaceMissing(message)
    return NotFound(message)


def _conflict(message: str, said: str, reason: str, details: Mapping[str, Any]) -> ClusterError:
    if reason == "AlreadyExists":
        return AlreadyExists(message)
    conflicts = [cause for cause in _causes(details) if cause.get("reason") == "FieldManagerConflict"]
    if conflicts:
        managers = {m["manager"] for c in conflicts if (m := _MANAGER.search(str(c.get("message"))))}
        fields = {str(c.get("field") or "") for c in conflicts}
        return FieldConflict(message, managers=sorted(managers), fields=sorted(fields))
    if "object has been modified" not in said and _ADMISSION.search(said):
        return AdmissionDenied(message)
    return VersionConflict(message)


def _rejected(message: str, said: str, what: str, details: Mapping[str, Any]) -> ClusterError:
    if _ADMISSION.search(said):
        return AdmissionDenied(message)
    causes = [_field_error(what, cause) for cause in _causes(details)]
    if not causes:
        causes = [
            FieldError(
                what, (m["field"] or m["typed"]).lstrip("."), "an unknown field", "a field of the schema"
            )
            for m in _UNKNOWN_FIELD.finditer(said)
        ]
    texts = [str(cause.get("message") or "") for cause in _causes(details)] or [said]
    immutable = any(_IMMUTABLE.search(text) for text in texts)
    return ObjectRejected(message, causes=causes, immutable=immutable)


def _field_error(what: str, cause: Mapping[str, Any]) -> FieldError:
    text = str(cause.get("message") or "")
    match = _CAUSE.match(text)
    found = (match["found"] if match else None) or "nothing"
    return FieldError(what, str(cause.get("field") or ""), found[:200], match["expected"] if match else text)


def _with_retry(error: _Waits, header: str, details: Mapping[str, Any]) -> _Waits:
    seconds = details.get("retryAfterSeconds") or header
    try:
        error.retry_after_seconds = max(0.0, float(seconds)) if seconds else None
    except (TypeError, ValueError):
        error.retry_after_seconds = None  # an HTTP date: no API server sends one
    return error
