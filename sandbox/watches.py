"""WATCH: one queue per watcher, filled while a write commits and emptied as fast as its client reads."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import orjson

from sandbox.reads import Form, Test, parse_number, partial, selection
from sandbox.requests import Request
from sandbox.resources import Resource
from sandbox.state import ClusterState
from sandbox.status import bad_request, expired
from sandbox.store import Entry, Event, TooOld
from sandbox.tables import table
from sandbox.writes import raw_as

INITIAL_EVENTS_END = "k8s.io/initial-events-end"
_QUEUE_LIMIT = 20_000
"""Events that wait for a slow client; one that falls further behind is cut off and must list again."""
_DEFAULT_SECONDS = 3600.0


class Watcher:
    """One watch: what it wants to hear, and what waits to be sent."""

    def __init__(
        self, state: ClusterState, resource: Resource, namespace: str, request: Request, form: Form
    ) -> None:
        self._state = state
        self._resource = resource
        self._namespace = namespace
        self._form = form
        self._test: Test | None = selection(request, resource)
        self._bookmarks = request.flag("allowWatchBookmarks")
        self._collection = state.store.collection(resource.storage)
        self._queue: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self._closed = False
        self._columns_sent = False
        seconds = parse_number(request.query.get("timeoutSeconds") or "0", "timeoutSeconds")
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + (seconds or _DEFAULT_SECONDS)
        self._start(request)

    def _start(self, request: Request) -> None:
        asked = request.query.get("resourceVersion", "")
        initial = request.query.get("sendInitialEvents")
        if initial is not None and request.query.get("resourceVersionMatch") != "NotOlderThan":
            raise bad_request(
                "sendInitialEvents: Forbidden: sendInitialEvents requires setting resourceVersionMatch to"
                " NotOlderThan"
            )
        wants_state = asked in ("", "0") if initial is None else initial == "true"
        if wants_state:
            for entry in self._collection.select(self._namespace):
                if self._test is None or self._test(entry):
                    self._send("ADDED", entry)
            if initial == "true" and self._bookmarks:
                self._queue.append(self._bookmark(annotations={INITIAL_EVENTS_END: "true"}))
        elif asked not in ("", "0"):
            self._replay(asked)
        self._collection.listeners.add(self._on_event)
        if self._queue:
            self._ready.set()

    def _replay(self, asked: str) -> None:
        version = parse_number(asked)
        newest = self._state.store.rv
        if version > newest:
            # A version of another life of this cluster: the client must list again.
            self._give_up(str(TooOld(version, newest)))
            return
        try:
            missed = self._collection.after(version)
        except TooOld as error:
            self._give_up(str(error))
            return
        for event in missed:
            self._on_event(event)

    def _give_up(self, why: str) -> None:
        self._queue.append(_line("ERROR", orjson.dumps(expired(why).status())))
        self._closed = True

    def _on_event(self, event: Event) -> None:
        entry, test = event.entry, self._test
        if self._closed or (self._namespace and entry.key[0] != self._namespace):
            return
        kind = event.type
        if test is not None:
            now = kind != "DELETED" and test(entry)
            before = event.previous is not None and test(event.previous)
            if not now and not before:
                return
            kind = ("MODIFIED" if before else "ADDED") if now else "DELETED"
        self._send(kind, entry)
        if len(self._queue) > _QUEUE_LIMIT:
            self._queue.clear()
            self._give_up("the watcher is too slow")
        self._ready.set()

    def _send(self, kind: str, entry: Entry) -> None:
        self._queue.append(_line(kind, self._shown(entry)))

    def _shown(self, entry: Entry) -> bytes:
        form = self._form
        if form.table is not None:
            shown = table(self._state, self._resource, [entry], form.table, str(entry.rv))
            if self._columns_sent:
                shown["columnDefinitions"] = None
            self._columns_sent = True
            return orjson.dumps(shown)
        if form.partial:
            return orjson.dumps(partial(self._resource, entry))
        return raw_as(self._resource, entry)

    def _bookmark(self, annotations: dict[str, str] | None = None) -> bytes:
        meta: dict[str, Any] = {"resourceVersion": str(self._state.store.rv), "creationTimestamp": None}
        if annotations:
            meta["annotations"] = annotations
        kind = {"kind": self._resource.kind, "apiVersion": self._resource.api_version}
        if self._form.partial:
            kind = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        if self._form.table is not None:
            empty: dict[str, Any] = {
                "kind": "Table",
                "apiVersion": "meta.k8s.io/v1",
                "columnDefinitions": None,
                "rows": [],
            }
            return _line("BOOKMARK", orjson.dumps(empty | {"metadata": meta}))
        return _line("BOOKMARK", orjson.dumps(kind | {"metadata": meta}))

    def close(self) -> None:
        """End it: the client is gone, or the server stops."""
        self._closed = True
        self._ready.set()

    async def lines(self, bookmark_seconds: float) -> AsyncIterator[bytes]:
        """What to send, as it comes; several events at a time when they wait."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                if self._queue:
                    batch = b"".join(self._queue)
                    self._queue.clear()
                    self._ready.clear()
                    yield batch
                    continue
                if self._closed:
                    return
                left = self._deadline - loop.time()
                if left <= 0:
                    if self._bookmarks:
                        yield self._bookmark()
                    return
                try:
                    async with asyncio.timeout(min(left, bookmark_seconds)):
                        await self._ready.wait()
                except TimeoutError:
                    if self._bookmarks and left > bookmark_seconds:
                        yield self._bookmark()
                    continue
                self._ready.clear()
        finally:
            self._collection.listeners.discard(self._on_event)


def _line(kind: str, raw: bytes) -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + raw + b"}\n"


def single_object_request(request: Request, name: str) -> Request:
    """A watch of one object by its path: the same as a field selector by name."""
    selector = request.query.get("fieldSelector")
    by_name = f"metadata.name={name}"
    query = request.query | {"fieldSelector": f"{selector},{by_name}" if selector else by_name}
    return Request(
        method=request.method, path=request.path, query=query, headers=request.headers, body=request.body
    )
