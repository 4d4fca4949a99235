"""Statuses, as API servers send them, become the core's errors."""

from __future__ import annotations

import orjson
import pytest

from common.adapters.cluster.errors import error_from
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
    Retryable,
    ServerError,
    Throttled,
    Unauthorized,
    VersionConflict,
    WatchExpired,
)


def _status(code: int, reason: str = "", message: str = "no", **details: object) -> bytes:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
    return orjson.dumps(status | {"reason": reason, "message": message, "details": details})


def _error(code: int, body: bytes, **headers: str) -> ClusterError:
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    return error_from(code, body, named, what="apply Pod web")


_TERMINATING = [
    {"reason": "NamespaceTerminating", "message": "namespace x is being terminated", "field": "x"}
]


@pytest.mark.parametrize(
    ("code", "body", "expected"),
    [
        (401, _status(401, "Unauthorized"), Unauthorized),
        (403, _status(403, "Forbidden", "pods is forbidden"), Forbidden),
        (403, _status(403, "Forbidden", causes=_TERMINATING), NamespaceTerminating),
        (
            403,
            _status(403, "Forbidden", 'pods "w" is forbidden: violates PodSecurity "restricted"'),
            AdmissionDenied,
        ),
        (404, _status(404, "NotFound", name="web", kind="pods"), NotFound),
        (404, _status(404, "NotFound", name="shop", kind="namespaces"), NamespaceMissing),
        (404, _status(404, "NotFound", "the server could not find the requested resource"), KindNotServed),
        (404, b"404 page not found\n", KindNotServed),
        (409, _status(409, "AlreadyExists", name="web", kind="pods"), AlreadyExists),
        (409, _status(409, "Conflict", "the object has been modified"), VersionConflict),
        (410, _status(410, "Expired"), WatchExpired),
        (400, _status(400, "BadRequest", 'admission webhook "x.io" denied the request: no'), AdmissionDenied),
        (
            422,
            _status(422, "Invalid", "ValidatingAdmissionPolicy 'a' with binding 'b' denied request: no"),
            AdmissionDenied,
        ),
        (400, _status(400, "BadRequest", "the body is wrong"), ObjectRejected),
        (413, b"too large", ObjectRejected),
        (429, _status(429, "TooManyRequests"), Throttled),
        (500, _status(500, "InternalError", 'failed calling webhook "x.io": refused'), ServerError),
        (503, b"upstream connect error", ServerError),
        (504, _status(504, "Timeout"), ServerError),
        (405, _status(405, "MethodNotAllowed"), ClusterError),
    ],
)
def test_type_of_error(code: int, body: bytes, expected: type[ClusterError]) -> None:
    """Each answer has one type, and the message says which request it was."""
    error = _error(code, body)
    assert type(error) is expected
    assert str(error).startswith("apply Pod web: ")


def test_a_404_without_a_name_never_proves_absence() -> None:
    """A proxy's or an aggregated API's 404 must not look like a missing object."""
    assert not isinstance(_error(404, b"<html>not here</html>"), NotFound)
    assert not isinstance(_error(404, b"[]"), NotFound)


def test_field_conflict_names_managers_and_fields() -> None:
    """Server-side apply's conflicts: who owns what."""
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kubectl" using apps/v1',
            "field": ".spec.b",
        },
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "hpa" using apps/v1',
            "field": ".spec.a",
        },
    ]
    error = _error(409, _status(409, "Conflict", causes=causes))
    assert isinstance(error, FieldConflict)
    assert (error.managers, error.fields) == (("hpa", "kubectl"), (".spec.a", ".spec.b"))


def test_causes_carry_found_and_expected() -> None:
    """A validation error's parts."""
    causes = [
        {
            "reason": "FieldValueInvalid",
            "message": 'Invalid value: "x: y": must be a name',
            "field": "metadata.name",
        },
        {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.selector"},
        {
            "reason": "FieldValueInvalid",
            "message": "Invalid value: -1: must be at least 0",
            "field": "spec.replicas",
        },
    ]
    error = _error(422, _status(422, "Invalid", causes=causes))
    assert isinstance(error, ObjectRejected)
    assert error.causes == (
        FieldError("apply Pod web", "metadata.name", '"x: y"', "must be a name"),
        FieldError("apply Pod web", "spec.selector", "nothing", "Required value"),
        FieldError("apply Pod web", "spec.replicas", "-1", "must be at least 0"),
    )
    assert not error.immutable


@pytest.mark.parametrize(
    "message",
    [
        "Invalid value: {...}: field is immutable",
        "Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
        'Invalid value: "": may not change once set',
        "Forbidden: pod updates may not change fields other than `spec.containers[*].image`",
        "Invalid value: {...}: cannot change roleRef",
        "Forbidden: spec is immutable after creation except resources.requests",
    ],
)
def test_immutable_fields_are_known(message: str) -> None:
    """Kubernetes has no reason for them: the wordings of its validation are."""
    error = _error(422, _status(422, "Invalid", causes=[{"message": message, "field": "spec"}]))
    assert isinstance(error, ObjectRejected)
    assert error.immutable


def test_strict_decoding_names_each_field() -> None:
    """Fields that the schema does not have, by strict validation."""
    said = 'strict decoding error: unknown field "spec.foo", unknown field "spec.bar"'
    error = _error(400, _status(400, "BadRequest", said))
    assert isinstance(error, ObjectRejected)
    assert [cause.field for cause in error.causes] == ["spec.foo", "spec.bar"]


def test_undeclared_field_in_an_apply_is_a_rejection_although_it_comes_as_500() -> None:
    """Trying again would not help: the schema does not have the field."""
    said = "failed to create typed patch object (d/w; apps/v1): .spec.foo: field not declared in schema"
    error = _error(500, _status(500, "", said))
    assert isinstance(error, ObjectRejected)
    assert error.causes[0].field == "spec.foo"


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        ({"retry_after": "7"}, {}, 7.0),
        ({}, {"retryAfterSeconds": 3}, 3.0),
        ({}, {}, None),
        ({"retry_after": "Mon, 1 Jan"}, {}, None),
    ],
)
def test_retry_after(headers: dict[str, str], details: dict[str, object], seconds: float | None) -> None:
    """How long the server asks us to wait."""
    error = _error(429, _status(429, "TooManyRequests", **details), **headers)
    assert isinstance(error, Retryable)
    assert error.retry_after_seconds == seconds
