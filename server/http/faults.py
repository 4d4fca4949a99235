"""Errors as clients get them: `{error, code, message}` with gRPC's codes, as Argo CD's API has them."""

from __future__ import annotations

import enum

from common.core.errors import (
    AdmissionDenied,
    AlreadyExists,
    Forbidden,
    GitError,
    InvalidInput,
    MooringsError,
    NotFound,
    ObjectRejected,
    RenderError,
    Retryable,
    Throttled,
    VersionConflict,
)


class Code(enum.IntEnum):
    """gRPC's status codes."""

    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


_HTTP = {
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.UNAUTHENTICATED: 401,
}
"""grpc-gateway's mapping; what is not here is 500."""


class Fault(Exception):
    """An answer that is an error."""

    def __init__(self, code: Code, message: str, *, http: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.http = http or _HTTP.get(code, 500)

    def body(self) -> dict[str, object]:
        """The JSON of the answer."""
        return {"error": self.message, "code": int(self.code), "message": self.message}


_BY_TYPE: tuple[tuple[type[MooringsError], Code], ...] = (
    (InvalidInput, Code.INVALID_ARGUMENT),
    (NotFound, Code.NOT_FOUND),
    (AlreadyExists, Code.ALREADY_EXISTS),
    (VersionConflict, Code.ABORTED),
    (Throttled, Code.RESOURCE_EXHAUSTED),
    (Forbidden, Code.PERMISSION_DENIED),
    (ObjectRejected, Code.INVALID_ARGUMENT),
    (AdmissionDenied, Code.INVALID_ARGUMENT),
    (Retryable, Code.UNAVAILABLE),
    (GitError, Code.FAILED_PRECONDITION),
    (RenderError, Code.FAILED_PRECONDITION),
)


def fault_of(error: MooringsError) -> Fault:
    """What an error of ours is to a client; its message names no secret."""
    code = next((code for kind, code in _BY_TYPE if isinstance(error, kind)), Code.UNKNOWN)
    return Fault(code, str(error))
