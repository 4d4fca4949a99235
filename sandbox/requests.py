"""A request as read from ASGI, and where its path leads."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from sandbox.decoding import too_large
from sandbox.status import ApiError

MAX_BODY_BYTES = 3 * 1024 * 1024
"""What an API server reads of one request."""

_NAMESPACE_SUBRESOURCES = ("status", "finalize")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> str:
        """A header's value; empty when it is not there."""
        return self.headers.get(name, b"").decode("latin-1")

    def flag(self, name: str) -> bool:
        """A query parameter that is `true` or `1`."""
        return self.query.get(name, "").lower() in ("true", "1")

    @property
    def manager(self) -> str:
        """Who writes: the `fieldManager` parameter, else the user agent's program."""
        asked = self.query.get("fieldManager")
        return asked or self.header(b"user-agent").partition("/")[0][:128] or "unknown"


async def read_request(scope: dict[str, Any], receive: Any) -> Request:
    """Read a request with all of its body.

    Raises:
        ApiError: 413.
    """
    body = b""
    if scope["method"] not in ("GET", "HEAD"):
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > MAX_BODY_BYTES:
                raise too_large(MAX_BODY_BYTES)
            if not message.get("more_body"):
                break
        body = b"".join(chunks)
    query = scope["query_string"]
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {},
        headers=dict(scope["headers"]),
        body=body,
    )


class Target(msgspec.Struct, frozen=True):
    """Where a path under `/api` or `/apis` leads. `name` is empty for a collection."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    watch: bool = False


def parse_target(path: str) -> Target | None:
    """Read the path of a resource; None when it is none."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    watch = rest[0] == "watch" and len(rest) > 1
    if watch:
        rest = rest[1:]
    namespace = ""
    own = rest[0] == "namespaces" and group == ""
    if rest[0] == "namespaces" and len(rest) > 2 and not (own and rest[2] in _NAMESPACE_SUBRESOURCES):
        namespace, rest = rest[1], rest[2:]
    if len(rest) > 3 or not all(rest):
        return None
    padded = (*rest, "", "")
    return Target(group, version, padded[0], namespace, padded[1], padded[2], watch)


def method_error(method: str) -> ApiError:
    """405 for a method that no resource knows."""
    return ApiError(405, "MethodNotAllowed", f"the server does not allow {method} on the requested resource")
