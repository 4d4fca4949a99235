"""LIST and WATCH in asyncio, against scripted answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from common.adapters.cluster.watching import WatchSource, WatchTimes
from common.core.access import ClusterAccess
from common.core.errors import ClusterUnreachable, Forbidden, WatchExpired
from common.core.keys import ClusterId, GroupVersionKind
from common.ports import ApiResource, WatchEvent
from tests.unit.common.adapters.cluster.scripted_server import (
    Answer,
    Request,
    ScriptedServer,
    answer,
    scripted,
)

DEPLOYMENTS = ApiResource(
    gvk=GroupVersionKind("apps", "v1", "Deployment"), plural="deployments", namespaced=True
)


def _stream(*parts: bytes, end: bool = True) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + (b"0\r\n\r\n" if end else b"")


def _line(event: str, version: int, **more: Any) -> bytes:
    obj = {"metadata": {"name": "a", "resourceVersion": str(version)}} | more
    return orjson.dumps({"type": event, "object": obj}) + b"\n"


@asynccontextmanager
async def _source(
    handler: Callable[[Request], Answer], **access: Any
) -> AsyncIterator[tuple[WatchSource, ScriptedServer]]:
    with scripted(handler) as server:
        times = WatchTimes(silence_seconds=0.3, page_seconds=2)
        source = WatchSource(ClusterAccess(id=ClusterId("c"), server=server.url, **access), times)
        try:
            yield source, server
        finally:
            await source.close()


async def _all(source: WatchSource) -> list[WatchEvent]:
    return [event async for events in source.watch(DEPLOYMENTS, "7") for event in events]


async def test_pages_are_followed_and_items_named() -> None:
    """The continue token, the selector, the namespace; apiVersion and kind are filled in."""

    def pages(request: Request) -> bytes:
        last = "continue" in request.path
        meta = {"resourceVersion": "9"} | ({} if last else {"continue": "t"})
        return answer(200, {"metadata": meta, "items": [{"metadata": {"name": "b" if last else "a"}}]})

    async with _source(pages) as (source, server):
        found = [page async for page in source.pages(DEPLOYMENTS, "d", selector="a=b")]
    assert [items[0]["metadata"]["name"] for items, _ in found] == ["a", "b"]
    assert (found[0][0][0]["apiVersion"], found[0][0][0]["kind"], found[1][1]) == (
        "apps/v1",
        "Deployment",
        "9",
    )
    parts = urlsplit(server.requests[1].path)
    assert parts.path == "/apis/apps/v1/namespaces/d/deployments"
    assert parse_qs(parts.query) == {"limit": ["500"], "continue": ["t"], "labelSelector": ["a=b"]}


async def test_events_come_whole_however_they_are_cut() -> None:
    """A line may be split over chunks; a batch is what one chunk completed."""
    first, second, third = _line("ADDED", 8), _line("MODIFIED", 9), _line("BOOKMARK", 12)
    raw = _stream(first[:10], first[10:] + second + third[:5], third[5:])
    async with _source(lambda _: raw) as (source, server):
        events = await _all(source)
    assert [(e.type, e.object["metadata"]["resourceVersion"]) for e in events] == [
        ("ADDED", "8"), ("MODIFIED", "9"), ("BOOKMARK", "12"),
    ]  # fmt: skip
    query = parse_qs(urlsplit(server.requests[0].path).query)
    assert (query["resourceVersion"], query["allowWatchBookmarks"], query["watch"]) == (
        ["7"],
        ["true"],
        ["1"],
    )


@pytest.mark.parametrize(
    "raw",
    [
        answer(410, {"kind": "Status", "reason": "Expired"}),
        _stream(_line("ERROR", 0, kind="Status", code=410, reason="Expired")),
    ],
    ids=["as-status", "within-the-stream"],
)
async def test_expired_version(raw: bytes) -> None:
    """410 in both its forms."""
    async with _source(lambda _: raw) as (source, _):
        with pytest.raises(WatchExpired):
            await _all(source)


@pytest.mark.parametrize(
    "raw",
    [
        _stream(b"no json\n"),
        _stream(_line("ADDED", 8), end=False),
        None,
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
    ],
    ids=["broken-event", "stalled", "cut", "silent"],
)
async def test_broken_and_stalled_watches_are_unreachable(raw: bytes | None) -> None:
    """Nothing is known of what happened: go on from the last version, or list again."""
    async with _source(lambda _: raw) as (source, _):
        async with asyncio.timeout(3):
            with pytest.raises(ClusterUnreachable):
                await _all(source)


async def test_refusal_has_its_type() -> None:
    """Rights that are missing are not an outage."""
    status = {"kind": "Status", "reason": "Forbidden", "message": "deployments is forbidden"}
    async with _source(lambda _: answer(403, status)) as (source, _):
        with pytest.raises(Forbidden, match="deployments is forbidden"):
            await _all(source)


async def test_rotated_token_is_taken_up(tmp_path: Path) -> None:
    """A 401 makes the token file be read again, once."""
    file = tmp_path / "token"
    file.write_text("old")

    def guard(request: Request) -> bytes:
        if request.headers["authorization"] == "Bearer old":
            file.write_text("new")
            return answer(401, {})
        return answer(200, {"metadata": {"resourceVersion": "1"}, "items": []})

    async with _source(guard, bearer_token_file=str(file)) as (source, server):
        assert [page async for page in source.pages(DEPLOYMENTS)] == [([], "1")]
    assert len(server.requests) == 2
