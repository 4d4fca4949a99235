"""What is served beside resources: versions, health, discovery, OpenAPI."""

from __future__ import annotations

import orjson

from sandbox import discovery
from sandbox.handlers import Answer
from sandbox.openapi import OpenApi
from sandbox.requests import Request, method_error
from sandbox.state import ClusterState
from sandbox.status import path_not_found

OPENAPI_V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
ANSWERED_V2_PROTOBUF = b"application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""The same, as servers write it in an answer: `@` cannot stand in a media type."""
EMPTY_V2_PROTOBUF = b"\n\x032.0"
"""A document that says no more than `swagger: "2.0"`: kubectl asks for this form only when OpenAPI v3 did not
tell it of a kind, and then there is nothing to tell.
"""


class Documents:
    """Answers to GETs of everything that is no resource."""

    def __init__(self, state: ClusterState) -> None:
        self._state = state
        self._openapi = OpenApi(state.table)

    def answer(self, request: Request) -> Answer:
        """The document at a path.

        Raises:
            ApiError: 404 or 405.
        """
        if request.method not in ("GET", "HEAD"):
            raise method_error(request.method)
        path = request.path.rstrip("/") or "/"
        if path.startswith(("/healthz", "/readyz", "/livez")):
            return Answer(b"ok", content_type=b"text/plain; charset=utf-8")
        if path == "/version":
            return _json(discovery.version())
        if path == "/":
            return _json({"paths": ["/api", "/apis", "/healthz", "/openapi/v3", "/version"]})
        if path.startswith("/openapi"):
            return self._open_api(request, path)
        return self._discovery(request, path)

    def _discovery(self, request: Request, path: str) -> Answer:
        table = self._state.table
        parts = path.strip("/").split("/")
        if parts in (["api"], ["apis"]):
            form = discovery.wanted_aggregate(request.header(b"accept"))
            if form:
                found = discovery.aggregated(table, form, core=parts == ["api"])
                return _json(found, discovery.AGGREGATED.format(form).encode())
            if parts == ["apis"]:
                return _json(discovery.group_list(table))
            return _json(discovery.core_versions(request.header(b"host")))
        if parts[0] == "api" and len(parts) == 2:
            return _json(discovery.resource_list(table, "", parts[1]))
        if parts[0] == "apis" and len(parts) == 2:
            return _json(discovery.group(table, parts[1]))
        if parts[0] == "apis" and len(parts) == 3:
            return _json(discovery.resource_list(table, parts[1], parts[2]))
        raise path_not_found()

    def _open_api(self, request: Request, path: str) -> Answer:
        if path == "/openapi/v3":
            return _json(self._openapi.index())
        if path == "/openapi/v2":
            accept = request.header(b"accept")
            if OPENAPI_V2_PROTOBUF in accept and "application/json" not in accept:
                return Answer(EMPTY_V2_PROTOBUF, content_type=ANSWERED_V2_PROTOBUF)
            return Answer(self._openapi.version_two())
        found = self._openapi.document(path.removeprefix("/openapi/v3/"))
        if found is None:
            raise path_not_found()
        body, digest = found
        return Answer(body, headers=((b"etag", f'"{digest}"'.encode()),))


def _json(document: object, content_type: bytes = b"application/json") -> Answer:
    if document is None:
        raise path_not_found()
    return Answer(orjson.dumps(document), content_type=content_type)
