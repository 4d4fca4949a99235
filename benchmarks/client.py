"""The tightest client we know how to write: one socket, one `sendall` a request, no library in between.

It is what the floor is made with, so that Moorings is compared with the API server's limit and not with a
slow client. It is not for anything else: no retries, no redirects, no errors but one.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import msgspec
import orjson

from benchmarks.workload import Object


class RequestFailed(Exception):
    """The API server answered with an error."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An API server as the sandbox describes it."""

    server: str
    token: str
    ca_data: str


class TightClient:
    """One kept-alive connection, for one thread."""

    def __init__(self, target: Target) -> None:
        parts = urlsplit(target.server)
        self._host = parts.netloc
        self._token = target.token
        plain = socket.create_connection((parts.hostname, parts.port), timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https":
            context = ssl.create_default_context(cadata=target.ca_data)
            self._socket: socket.socket = context.wrap_socket(plain, server_hostname=parts.hostname)
        else:
            self._socket = plain

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def request(self, method: str, path: str, body: object = None, content_type: str = "json") -> bytes:
        """One exchange; the answer's body. Raises RequestFailed."""
        payload = b"" if body is None else orjson.dumps(body)
        self._socket.sendall(self._head(method, path, len(payload), content_type) + payload)
        received = self._socket.recv(65536)
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, found = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        chunks, size = [found], len(found)
        while size < length:
            chunk = self._more()
            chunks.append(chunk)
            size += len(chunk)
        answer = b"".join(chunks)
        if not head.startswith(b"HTTP/1.1 2"):
            raise RequestFailed(f"{method} {path}: {answer[:300].decode(errors='replace')}")
        return answer

    def lines(self, path: str) -> Iterator[bytes]:
        """A watch: one line an event. Raises TimeoutError when there is none for a minute."""
        self._socket.sendall(self._head("GET", path, 0, "json"))
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        kept = received.partition(b"\r\n\r\n")[2]
        # Chunks begin with their size on a line of its own, which is no JSON; a chunk is whole lines.
        while True:
            *whole, kept = kept.split(b"\n")
            for line in whole:
                if line.startswith(b"{"):
                    yield line
            kept += self._more()

    def _head(self, method: str, path: str, length: int, content_type: str) -> bytes:
        return (
            f"{method} {path} HTTP/1.1\r\nhost: {self._host}\r\nauthorization: Bearer {self._token}\r\n"
            f"accept: application/json\r\ncontent-type: application/{content_type}\r\n"
            f"content-length: {length}\r\n\r\n"
        ).encode()

    def _more(self) -> bytes:
        chunk = self._socket.recv(65536)
        if not chunk:
            raise RequestFailed("the connection was closed")
        return chunk


def path_of(obj: Object) -> str:
    """Where an object of the workload is."""
    meta, kind = obj["metadata"], obj["kind"].lower()
    version = obj["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    where = f"/namespaces/{meta['namespace']}" if "namespace" in meta else ""
    return f"{root}{where}/{kind}s/{meta['name']}"


def eight_at_once(
    target: Target, count: int, do: Callable[[TightClient, int], object], *, threads: int = 8
) -> None:
    """Do something for each number below `count`, on so many connections. Raises what a `do` raised."""
    numbers = iter(range(count))
    lock = threading.Lock()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            client = TightClient(target)
            with contextlib.closing(client):
                while not failures:
                    with lock:
                        number = next(numbers, None)
                    if number is None:
                        return
                    do(client, number)
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            failures.append(error)

    crew = [threading.Thread(target=work, name=f"floor-{place}") for place in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    if failures:
        raise failures[0]


def request_count(client: TightClient) -> int:
    """How many requests the sandbox has seen, this one included."""
    return int(orjson.loads(client.request("GET", "/sandbox/faults"))["requests"])


def set_latency(client: TightClient, seconds: float) -> None:
    """Delay every request by so much; 0 for none."""
    client.request("POST", "/sandbox/faults", [{"latency_seconds": seconds}] if seconds else [])
