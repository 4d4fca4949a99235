"""`/api/v1/stream/applications`: what is there, and then what changes, a JSON document each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
from anyio import to_thread
from starlette.responses import StreamingResponse

from common.core.keys import AppKey, Object
from common.ports import Applications
from server.api.applications import without_managed_fields
from server.api.finding import Filters, everything, filters_of
from server.feed import Change
from server.http.call import Call
from server.service import Service

PULSE_SECONDS = 15.0
"""How often a quiet stream says that it is alive, so that proxies keep it and dead clients are found."""


async def stream_applications(call: Call) -> StreamingResponse:
    """Lines for a program, events for a browser's EventSource."""
    filters = await to_thread.run_sync(filters_of, call)
    as_events = "text/event-stream" in call.request.headers.get("accept", "")
    lines = _lines(call.service, filters, as_events=as_events)
    kind = "text/event-stream" if as_events else "application/json"
    return StreamingResponse(lines, media_type=kind, headers={"x-accel-buffering": "no"})


async def _lines(service: Service, filters: Filters, *, as_events: bool) -> AsyncIterator[bytes]:
    before, after = (b"data: ", b"\n\n") if as_events else (b"", b"\n")
    known: set[AppKey] = set()
    async with service.feed.listen() as listener:
        for event in await to_thread.run_sync(_current, service, filters, known):
            yield before + orjson.dumps(event) + after
        while not service.feed.ended:
            changes = await listener.next(PULSE_SECONDS)
            if not changes:
                yield b":\n\n" if as_events else b"\n"
                continue
            for event in await to_thread.run_sync(events_of, service, filters, known, changes):
                yield before + orjson.dumps(event) + after


def _event(kind: str, app: Object) -> dict[str, Any]:
    return {"result": {"type": kind, "application": without_managed_fields(app)}}


def _current(service: Service, filters: Filters, known: set[AppKey]) -> list[dict[str, Any]]:
    """Everything, when nothing of it was told yet; else what came, changed or went."""
    found = {_key(app): app for app in everything(service) if filters.admit(app)}
    events = [_event("MODIFIED" if key in known else "ADDED", app) for key, app in found.items()]
    gone = sorted(known - found.keys())
    known.clear()
    known.update(found)
    return events + [_gone(key) for key in gone]


def events_of(
    service: Service, filters: Filters, known: set[AppKey], changes: list[Change]
) -> list[dict[str, Any]]:
    """The events of changes; `known` is what this client was told of, and is brought up to date."""
    if any(change.key is None for change in changes):
        return _current(service, filters, known)
    keys = [change.key for change in changes if change.key is not None]
    events = []
    for key, app in zip(keys, _many(service.ports.applications, keys), strict=True):
        if app is not None and filters.admit(app):
            events.append(_event("MODIFIED" if key in known else "ADDED", app))
            known.add(key)
        elif key in known:
            events.append(_gone(key))
            known.discard(key)
    return events


def _many(applications: Applications, keys: list[AppKey]) -> list[Object | None]:
    return applications.many(keys)


def _gone(key: AppKey) -> dict[str, Any]:
    return _event("DELETED", {"metadata": {"name": key.name, "namespace": key.namespace}})


def _key(app: Object) -> AppKey:
    return AppKey(app["metadata"].get("namespace", ""), app["metadata"]["name"])
