"""A tiny HTTP server that does exactly what a test says, down to the bytes and the closed sockets."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

import orjson


class Request(NamedTuple):
    """What arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


Answer = bytes | None
"""Raw bytes to send; None closes the connection without an answer."""


def answer(status: int, body: object = None, headers: str = "", *, raw: bytes | None = None) -> bytes:
    """A complete HTTP answer."""
    data = raw if raw is not None else orjson.dumps(body)
    kind = f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    head = f"HTTP/1.1 {status} X\r\n{kind}{headers}\r\n"
    return head.encode() + data


class ScriptedServer:
    """Listens on 127.0.0.1; `handler` makes the answer to each request."""

    def __init__(self, handler: Callable[[Request], Answer], context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._handler = handler
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            with sock, sock.makefile("rb") as stream:
                while line := stream.readline():
                    method, path, _ = line.decode().split(" ")
                    headers = {}
                    while (header := stream.readline().decode().strip()) != "":
                        name, _, value = header.partition(": ")
                        headers[name.lower()] = value
                    body = stream.read(int(headers.get("content-length", 0)))
                    request = Request(method, path, headers, body, number)
                    self.requests.append(request)
                    reply = self._handler(request)
                    if reply is None:
                        sock.shutdown(socket.SHUT_RDWR)
                        return
                    sock.sendall(reply)

    def drop_connections(self) -> None:
        """Close every open connection, as a restarted API server or a load balancer does."""
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        self._open.clear()

    def close(self) -> None:
        """Stop, and wait for the threads."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()
        for thread in self._threads:
            thread.join(5)


@contextlib.contextmanager
def scripted(
    handler: Callable[[Request], Answer], context: ssl.SSLContext | None = None
) -> Iterator[ScriptedServer]:
    """A running server."""
    server = ScriptedServer(handler, context)
    try:
        yield server
    finally:
        server.close()


PODS = {
    "kind": "APIGroupDiscoveryList",
    "items": [
        {
            "metadata": {"name": ""},
            "versions": [
                {
                    "version": "v1",
                    "freshness": "Current",
                    "resources": [
                        {"resource": "pods", "responseKind": {"kind": "Pod"}, "scope": "Namespaced"},
                        {
                            "resource": "configmaps",
                            "responseKind": {"kind": "ConfigMap"},
                            "scope": "Namespaced",
                        },
                        {"resource": "namespaces", "responseKind": {"kind": "Namespace"}, "scope": "Cluster"},
                    ],
                }
            ],
        }
    ],
}


def api(handler: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    """Discovery of pods, configmaps and namespaces; the rest goes to the handler."""

    def handle(request: Request) -> Answer:
        path = re.sub(r"\?.*", "", request.path)
        if path == "/version":
            return answer(200, {"gitVersion": "v1.36.3"})
        if path == "/api":
            return answer(200, PODS)
        if path == "/apis":
            return answer(200, {"kind": "APIGroupDiscoveryList", "items": []})
        return handler(request)

    return handle
