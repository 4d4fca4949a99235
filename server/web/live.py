"""`/events`: tells a page that what it shows has changed; it asks for its own fragment then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import StreamingResponse

from server.feed import Change
from server.service import Service

PULSE_SECONDS = 15.0
CALM_SECONDS = 0.3
"""At most one event in this time, whatever happens."""


async def events(request: Request) -> StreamingResponse:
    """Server-sent events named `changed`; with `application=namespace/name`, of that one alone.

    `since` is the feed's number when the page was made: what came between the two is told at once.
    """
    service: Service = request.app.state.service
    only, since = request.query_params.get("application", ""), request.query_params.get("since", "")
    return StreamingResponse(
        _events(service, only, since), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


async def _events(service: Service, only: str, since: str) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    async with service.feed.listen() as listener:
        if since != str(service.feed.sequence):
            yield b"event: changed\ndata: \n\n"
        while not service.feed.ended:
            changes = await listener.next(PULSE_SECONDS)
            if not changes:
                yield b": alive\n\n"
            elif concerns(changes, only):
                yield b"event: changed\ndata: \n\n"
                await asyncio.sleep(CALM_SECONDS)


def concerns(changes: list[Change], only: str) -> bool:
    """Whether a page should look again."""
    return not only or any(change.key is None or str(change.key) == only for change in changes)
