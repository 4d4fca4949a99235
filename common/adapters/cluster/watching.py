"""LIST and WATCH of one API server in asyncio: any number of kinds on one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
import orjson

from common.adapters.cluster.credentials import Credential, Credentials
from common.adapters.cluster.errors import error_from, error_from_status
from common.adapters.cluster.tls import tls_context
from common.core.access import ClusterAccess
from common.core.errors import ClusterError, ClusterUnreachable
from common.core.keys import Object
from common.ports import ApiResource, WatchEvent

PAGE_SIZE = 500


class WatchTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long a watcher waits, in seconds."""

    connect_seconds: float = 5.0
    page_seconds: float = 60.0
    """For one page of a LIST."""
    watch_seconds: int = 300
    """After which the server is asked to end a watch by itself."""
    silence_seconds: float = 150.0
    """A watch that says nothing for this long is stalled: bookmarks come about once a minute."""


class WatchSource:
    """Lists and watches kinds of one cluster. Belongs to one event loop; `close` it."""

    def __init__(self, access: ClusterAccess, times: WatchTimes | None = None) -> None:
        self.access = access
        self._times = times or WatchTimes()
        self._credentials = Credentials(access)
        self._session: aiohttp.ClientSession | None = None
        self._pair: tuple[str, str] | None = None
        self._context: ssl.SSLContext | None = None

    def path(self, row: ApiResource, namespace: str = "") -> str:
        """The address of a kind's collection."""
        root = f"/apis/{row.gvk.group}/{row.gvk.version}" if row.gvk.group else f"/api/{row.gvk.version}"
        place = f"/namespaces/{namespace}" if namespace else ""
        return f"{self.access.server.rstrip('/')}{root}{place}/{row.plural}"

    async def pages(
        self, row: ApiResource, namespace: str = "", *, selector: str = ""
    ) -> AsyncIterator[tuple[list[Object], str]]:
        """A LIST page by page, each with the list's resourceVersion; items carry apiVersion and kind.

        Raises:
            WatchExpired: the continue token is too old. The pages so far are no complete list.
        """
        query = {"limit": str(PAGE_SIZE)} | ({"labelSelector": selector} if selector else {})
        named = {"apiVersion": row.gvk.api_version, "kind": row.gvk.kind}
        while True:
            page = await self._page(f"{self.path(row, namespace)}?{urlencode(query)}")
            meta = page.get("metadata") or {}
            items = [{**named, **item} for item in page.get("items") or ()]
            yield items, str(meta.get("resourceVersion") or "")
            if not meta.get("continue"):
                return
            query["continue"] = meta["continue"]

    async def watch(
        self, row: ApiResource, resource_version: str, namespace: str = "", *, selector: str = ""
    ) -> AsyncIterator[list[WatchEvent]]:
        """Events after a resourceVersion, in the batches in which they arrive, until the server ends it.

        Raises:
            WatchExpired: the resourceVersion is too old (410, as a status or within the stream).
            ClusterUnreachable: broken off, or silent for too long.
        """
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(self._times.watch_seconds),
        } | ({"labelSelector": selector} if selector else {})
        address = f"{self.path(row, namespace)}?{urlencode(query)}"
        async with self._get(address, silence=self._times.silence_seconds, total=None) as response:
            _keep_alive(response)
            rest = b""
            with _translated(self._where):
                async for chunk in response.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    events = [self._event(line) for line in lines if line]
                    if events:
                        yield events

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def _where(self) -> str:
        return f"cluster {self.access.name or self.access.id}"

    def _event(self, line: bytes) -> WatchEvent:
        try:
            event = orjson.loads(line)
            kind, obj = event["type"], event["object"]
        except (ValueError, KeyError, TypeError) as error:
            raise ClusterUnreachable(f"{self._where}: a watch event is no JSON event") from error
        if kind == "ERROR":
            raise error_from_status(int(obj.get("code") or 500), obj, what=f"{self._where}: watch")
        return WatchEvent(kind, obj)

    async def _page(self, address: str) -> Mapping[str, Any]:
        times = self._times
        async with self._get(address, silence=times.page_seconds, total=times.page_seconds) as response:
            with _translated(self._where):
                body = await response.read()
        try:
            page = orjson.loads(body)
        except ValueError as error:
            raise ClusterUnreachable(f"{self._where}: a LIST's answer is not JSON") from error
        if not isinstance(page, dict):
            raise ClusterUnreachable(f"{self._where}: a LIST's answer is no JSON object")
        return page

    @contextlib.asynccontextmanager
    async def _get(
        self, address: str, *, silence: float, total: float | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        response = await self._request(address, silence=silence, total=total)
        if response.status == 401 and self._credentials.can_change:
            response.release()
            self._credentials.forget(await self._credential())
            response = await self._request(address, silence=silence, total=total)
        try:
            if response.status >= 400:
                with _translated(self._where):
                    body = await response.read()
                headers = {name.lower(): value for name, value in response.headers.items()}
                raise error_from(response.status, body, headers, what=f"{self._where}: list or watch")
            yield response
        finally:
            response.close()

    async def _request(self, address: str, *, silence: float, total: float | None) -> aiohttp.ClientResponse:
        credential = await self._credential()
        session = self._session
        if session is None:
            session = self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), auto_decompress=True, trust_env=False
            )
        headers = {"Accept": "application/json", "User-Agent": "moorings"}
        if credential.authorization:
            headers["Authorization"] = credential.authorization
        timeout = aiohttp.ClientTimeout(
            total=total, sock_connect=self._times.connect_seconds, sock_read=silence
        )
        with _translated(self._where):
            return await session.get(
                address,
                headers=headers,
                timeout=timeout,
                ssl=self._tls(credential),
                server_hostname=self.access.server_name or None,
                proxy=self.access.proxy_url or None,
                allow_redirects=False,
            )

    async def _credential(self) -> Credential:
        """Plugins and token files block: not on the event loop."""
        if self._credentials.can_change:
            return await asyncio.to_thread(self._credentials.current)
        return self._credentials.current()

    def _tls(self, credential: Credential) -> ssl.SSLContext | bool:
        if not self.access.server.startswith("https:"):
            return True
        pair = (credential.client_cert, credential.client_key)
        if self._context is None or self._pair != pair:
            self._context = tls_context(self.access, client_cert=pair[0], client_key=pair[1])
            self._pair = pair
        return self._context


@contextlib.contextmanager
def _translated(where: str) -> Iterator[None]:
    try:
        yield
    except ClusterError:
        raise
    except TimeoutError as error:
        raise ClusterUnreachable(f"{where}: no answer in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise ClusterUnreachable(f"{where}: {error or type(error).__name__}") from error


def _keep_alive(response: aiohttp.ClientResponse) -> None:
    """Notice a server that vanished without a word within about 25 s, long before the silence limit."""
    connection = response.connection
    transport = connection.transport if connection is not None else None
    sock = transport.get_extra_info("socket") if transport is not None else None
    if sock is None:
        return
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
