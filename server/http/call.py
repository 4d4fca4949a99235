"""From a request to a plain function on a thread, and from its answer to JSON.

Handlers call ports, which block: they run on threads, and the loop never waits for them.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from anyio import to_thread
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.http.bodies import json_object, parse_json, read_body
from server.http.faults import Code, Fault
from server.service import Service


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the API, read."""

    service: Service
    path: Mapping[str, Any]
    query: QueryParams
    body: Any
    user: str
    request: Request

    @property
    def object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Fault when it is none."""
        return json_object(self.body)

    def first(self, *names: str) -> str:
        """The first of the query's parameters that is given; empty for none."""
        return next((value for name in names if (value := self.query.get(name))), "")

    def many(self, *names: str) -> frozenset[str]:
        """All values of parameters that may repeat."""
        return frozenset(value for name in names for value in self.query.getlist(name) if value)

    def truth(self, name: str, *, default: bool = False) -> bool:
        """A parameter that is true or false. Raises Fault for anything else."""
        text = self.query.get(name, "")
        if not text:
            return default
        if text.lower() in ("true", "1"):
            return True
        if text.lower() in ("false", "0"):
            return False
        raise Fault(Code.INVALID_ARGUMENT, f"{name}: found {text!r}, expected true or false")


class JsonAnswer(Response):
    """JSON by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes."""
        return orjson.dumps(content)


Handler = Callable[[Call], Any] | Callable[[Call], Awaitable[Any]]


def api(path: str, methods: Mapping[str, Handler]) -> Route:
    """One path of the API: a handler for each method. Plain functions run on a thread."""

    async def endpoint(request: Request) -> Response:
        handler = methods.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            raise Fault(Code.UNIMPLEMENTED, f"{request.method} {request.url.path}: not allowed", http=405)
        answer = await _run(handler, await _call(request))
        return answer if isinstance(answer, Response) else JsonAnswer(answer)

    return Route(path, endpoint, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])


async def _call(request: Request) -> Call:
    service: Service = request.app.state.service
    body = None
    if request.method in ("POST", "PUT", "PATCH", "DELETE"):
        body = parse_json(await read_body(request, service.settings.max_body_bytes))
    return Call(
        service=service,
        path=request.path_params,
        query=request.query_params,
        body=body,
        user=request.scope.get("user", ""),
        request=request,
    )


async def _run(handler: Handler, call: Call) -> Any:
    if inspect.iscoroutinefunction(handler):
        return await handler(call)
    return await to_thread.run_sync(handler, call)
