"""The ASGI application of one cluster: reads a request, finds what serves it, writes the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import orjson

from common.core.convert import convert
from sandbox.auth import OPEN_PATHS, Authenticator, User
from sandbox.documents import Documents
from sandbox.faults import Fault, FaultPlan, refusal
from sandbox.handlers import Answer, Handlers, Streamed
from sandbox.requests import Request, Target, parse_target, read_request
from sandbox.state import ClusterState
from sandbox.status import ApiError, bad_request, path_not_found
from sandbox.watches import Watcher

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_JSON = (b"content-type", b"application/json")


class _Cut(Exception):
    """The connection is to be cut without an answer."""


class Application:
    """One cluster's API."""

    def __init__(
        self,
        state: ClusterState,
        authenticator: Authenticator,
        faults: FaultPlan,
        *,
        bookmark_seconds: float = 60.0,
        go_down: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self.state = state
        self.faults = faults
        self.requests = 0
        """Counted since the start, for tests of budgets."""
        self._authenticator = authenticator
        self._handlers = Handlers(state, authenticator)
        self._documents = Documents(state)
        self._bookmark_seconds = bookmark_seconds
        self._go_down = go_down
        self._down_seconds = 0.0
        self._watchers: set[Watcher] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        self.requests += 1
        try:
            request = await read_request(scope, receive)
            answer = await self._answer(request, receive)
        except ApiError as error:
            answer = _failure(error)
        except _Cut:
            await _cut(receive)
            return
        except Exception as error:
            log.exception("request_failed: %s %s", scope["method"], scope["path"])
            answer = _failure(ApiError(500, "InternalError", f"Internal error occurred: {error}"))
        if isinstance(answer, Streamed):
            await self._stream(answer.watcher, receive, send)
            return
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    (b"content-type", answer.content_type),
                    (b"content-length", str(len(answer.body)).encode()),
                    *answer.headers,
                ],
            }
        )
        await send({"type": "http.response.body", "body": answer.body})
        if self._down_seconds:
            await self._end_of_the_world()

    async def _end_of_the_world(self) -> None:
        """Go down as asked, once the answer to that has left the process."""
        seconds, self._down_seconds = self._down_seconds, 0.0
        for _ in range(3):  # turns of the loop in which buffers reach the socket
            await asyncio.sleep(0)
        self._go_down(seconds)

    async def _answer(self, request: Request, receive: Receive) -> Answer | Streamed:
        path = request.path
        target = parse_target(path)
        if target is None and path.startswith(OPEN_PATHS):
            return self._documents.answer(request)
        user = self._authenticator.user(request)
        if path.startswith("/sandbox/"):
            return self._admin(request)
        struck: list[Fault] = []
        if self.faults.active:
            struck = self.faults.strike(*_verb(request, target))
            await self._suffer(struck, receive)
        if target is None:
            return self._documents.answer(request)
        answer = self._handle(request, target, user)
        if any(fault.after_commit for fault in struck):
            raise _Cut
        return answer

    def _handle(self, request: Request, target: Target, user: User) -> Answer | Streamed:
        resource = self.state.table.find(target.group, target.version, target.plural)
        if resource is None:
            raise path_not_found()
        return self._handlers.handle(request, resource, target, user)

    def _admin(self, request: Request) -> Answer:
        if request.path != "/sandbox/faults":
            raise path_not_found()
        if request.method == "POST":
            self._set_faults(request.body)
        elif request.method == "DELETE":
            self.faults.set()
        return Answer(msgspec.json.encode({"faults": self.faults.listed(), "requests": self.requests}))

    def _set_faults(self, body: bytes) -> None:
        try:
            asked = orjson.loads(body)
            listed = asked if isinstance(asked, list) else [asked]
            down = sum(float(each.pop("down_seconds", 0)) for each in listed)
            faults = convert([each for each in listed if each], list[Fault])
        except (ValueError, TypeError, AttributeError, msgspec.ValidationError) as error:
            raise bad_request(f"no list of faults: {error}") from error
        self.faults.set(*faults)
        self._down_seconds = down

    async def _suffer(self, struck: list[Fault], receive: Receive) -> None:
        for fault in struck:
            if fault.latency_seconds:
                await asyncio.sleep(fault.latency_seconds)
            if fault.hang:
                gone = asyncio.ensure_future(_until_disconnect(receive))
                changed = asyncio.ensure_future(self.faults.changed())
                await asyncio.wait((gone, changed), return_when=asyncio.FIRST_COMPLETED)
                gone.cancel()
                changed.cancel()
                raise _Cut
            if fault.status:
                raise refusal(fault)

    async def _stream(self, watcher: Watcher, receive: Receive, send: Send) -> None:
        self._watchers.add(watcher)
        gone = asyncio.ensure_future(_until_disconnect(receive))
        gone.add_done_callback(lambda _: watcher.close())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [_JSON]})
            # The head goes out at once: a client must know that its watch has begun.
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            async for batch in watcher.lines(self._bookmark_seconds):
                await send({"type": "http.response.body", "body": batch, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._watchers.discard(watcher)

    def close_watches(self) -> None:
        """End every watch, so that their clients come again."""
        for watcher in list(self._watchers):
            watcher.close()


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cut(receive: Receive) -> None:
    """Abort the connection below this request: uvicorn's `receive` belongs to an object that has it."""
    getattr(receive, "__self__").transport.abort()  # noqa: B009 - not part of the ASGI type
    await _until_disconnect(receive)


def _verb(request: Request, target: Target | None) -> tuple[str, str]:
    if target is None:
        return "get", ""
    plural = target.plural
    if request.method == "GET":
        if target.watch or request.flag("watch"):
            return "watch", plural
        return ("get" if target.name else "list"), plural
    if request.method == "PATCH":
        kind = request.header(b"content-type").partition(";")[0]
        return ("apply" if kind == "application/apply-patch+yaml" else "patch"), plural
    if request.method == "DELETE":
        return ("delete" if target.name else "deletecollection"), plural
    return {"POST": "create", "PUT": "update"}.get(request.method, request.method.lower()), plural


def _failure(error: ApiError) -> Answer:
    return Answer(orjson.dumps(error.status()), status=error.code, headers=error.headers)
