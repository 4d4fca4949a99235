"""One tree of errors. Adapters raise these at the boundary, from the client library's own.

What may be tried again is a matter of type (`Retryable`), never of a message's text.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class MooringsError(Exception):
    """The root: everything that Moorings raises on purpose."""


class Retryable(MooringsError):
    """The same request may succeed later, unchanged."""

    retry_after_seconds: float | None = None
    """How long the other side asked us to wait; None when it did not say."""


class FieldError(msgspec.Struct, frozen=True, order=True):
    """One thing wrong with one field of one object."""

    object: str
    field: str
    found: str
    expected: str

    def __str__(self) -> str:
        place = f"{self.object}: {self.field}" if self.field else self.object
        return f"{place}: found {self.found}, expected {self.expected}"


class InvalidInput(MooringsError, ValueError):
    """Input that can never work as it is: names the object, the field, what was found and expected."""

    def __init__(self, object: str, field: str, *, found: object, expected: str) -> None:  # noqa: A002
        self.errors: tuple[FieldError, ...] = (FieldError(object, field, _shown(found), expected),)
        super().__init__(str(self.errors[0]))

    @classmethod
    def of(cls, errors: Sequence[FieldError]) -> InvalidInput:
        """All the errors of one validation, reported together.

        Raises:
            ValueError: no errors were given.
        """
        if not errors:
            raise ValueError("InvalidInput.of needs at least one error")
        made = cls.__new__(cls)
        made.errors = tuple(errors)
        Exception.__init__(made, "; ".join(str(e) for e in errors))
        return made


def _shown(found: object) -> str:
    text = "nothing" if found is None else repr(found)
    return text if len(text) <= 200 else f"{text[:197]}..."


# Git


class GitError(MooringsError):
    """A repository could not be read. The message names the repository without its credentials."""


class RepositoryUnreachable(GitError, Retryable):
    """No answer, a broken one, or a time-out."""


class RepositoryAuthFailed(GitError):
    """The repository refused the credentials, or wants some and has none."""


class RepositoryUntrusted(GitError):
    """The server's certificate or SSH host key is not one that we were told to trust."""


class RepositoryNotFound(GitError):
    """The server answers, and knows no such repository."""


class UnsupportedRepository(GitError, InvalidInput):
    """The address is none that we read: another scheme, or a local path where none is allowed."""


class RepositoryTooLarge(GitError):
    """A fetch brought more than the limits allow, and was given up."""


class RefNotFound(GitError):
    """The repository has no such branch, tag or commit, or no tag in the range."""


class CommitMissing(GitError):
    """A commit is not in the mirror (any more): resolve the ref again and fetch."""


class PathNotFound(GitError):
    """The commit has no such path."""


# Rendering


class RenderError(MooringsError):
    """The source could not be made into objects."""


class RenderFailed(RenderError):
    """The tool said no; the message carries its own words, bounded and without secrets."""


class RenderTimeout(RenderError, Retryable):
    """The tool took longer than its limit."""


class RenderLimitExceeded(RenderError):
    """The output, or a file, is larger or deeper than the limits allow."""


class InvalidManifest(RenderError, InvalidInput):
    """A manifest that is no Kubernetes object: names the file and the line or document."""


class ToolMissing(RenderError):
    """A program such as helm is not installed; `moor tools install` brings it."""


# Clusters


class ClusterError(MooringsError):
    """An API server's answer, or the lack of one."""


class ClusterUnreachable(ClusterError, Retryable):
    """No connection, a broken one, or a time-out: nothing is known about what happened."""


class ServerError(ClusterError, Retryable):
    """5xx: the API server is there and cannot answer now."""


class Throttled(ClusterError, Retryable):
    """429: too many requests; `retry_after_seconds` carries the header."""


class Unauthorized(ClusterError):
    """401: the credentials are wrong or have ended."""


class Forbidden(ClusterError):
    """403: the credentials are right and do not allow this."""


class NotFound(ClusterError):
    """404 for the object. Proof of its absence, and nothing else is."""


class KindNotServed(ClusterError):
    """The cluster serves no such kind (now): its CustomResourceDefinition may still come."""


class NamespaceMissing(ClusterError):
    """404 for the namespace that the object should be in."""


class NamespaceTerminating(ClusterError, Retryable):
    """403 with cause NamespaceTerminating: it can be made again when the namespace is gone."""


class VersionConflict(ClusterError):
    """409: the resourceVersion or uid is not the current one. Read again and decide again."""


class AlreadyExists(ClusterError):
    """409 to a create."""


class FieldConflict(ClusterError):
    """409 to a server-side apply without force: other managers own fields of it."""

    def __init__(self, message: str, *, managers: Sequence[str] = (), fields: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.managers = tuple(managers)
        self.fields = tuple(fields)


class ObjectRejected(ClusterError):
    """400 or 422: the API server will not have the object; `causes` are its own, field by field."""

    def __init__(self, message: str, *, causes: Sequence[FieldError] = (), immutable: bool = False) -> None:
        super().__init__(message)
        self.causes = tuple(causes)
        self.immutable = immutable


class AdmissionDenied(ClusterError):
    """An admission webhook or policy said no."""


class WatchExpired(ClusterError):
    """410: the resourceVersion is too old. List again."""


# What we keep in Redis and on disk


class StoreError(MooringsError):
    """Redis or a cache directory."""


class StoreUnavailable(StoreError, Retryable):
    """No connection to Redis, or it refuses writes."""


class CacheMiss(StoreError):
    """The digest is not in the cache: make it again."""


class LeaseLost(StoreError):
    """Another process holds the lease, or nobody does; whatever was read under it may be stale."""
