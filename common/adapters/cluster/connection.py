"""Requests over kept-alive connections to one API server.

The request is one `sendall`, the answer is parsed by httptools: about 30 µs of our own time a request,
where `http.client` takes 80. Every wait has a limit, and a connection is never shared by two threads.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import select
import socket
import ssl
import threading
import time
import zlib
from collections import deque
from urllib.parse import urlsplit

import httptools
import msgspec

from common.adapters.cluster.credentials import Credential, Credentials
from common.adapters.cluster.tls import tls_context
from common.core.access import ClusterAccess
from common.core.errors import ClusterError, ClusterUnreachable, InvalidInput

_FIRST_CHUNK = 16 * 1024
_CHUNK = 128 * 1024
"""What one `recv` takes: the buffer is allocated before each, and most answers fit into a TLS record."""

_LOOK_AFTER_SECONDS = 0.1
"""A connection idle for longer is looked at before it is used: that costs a system call or two."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one API server may cost us."""

    connections: int = 64
    """At the same time; a request beyond them waits for its turn, at most `read_seconds`."""
    connect_seconds: float = 5.0
    """For the TCP connection, the proxy and the TLS handshake, each."""
    read_seconds: float = 30.0
    """For a whole answer, counted from sending the request."""
    idle_seconds: float = 60.0
    """A connection idle for longer is not used again; API servers close theirs after 90 s."""
    body_bytes: int = 512 * 1024 * 1024
    """The largest answer taken, after decompression."""


class Response(msgspec.Struct):
    """A complete answer, decompressed. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Stale(Exception):
    """A kept-alive connection was closed by the server before it read our request, as far as we know."""


class _Answer:
    """Collects what httptools finds."""

    __slots__ = ("chunks", "done", "headers", "keep_alive", "limit", "parser", "size")

    def __init__(self, limit: int) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.keep_alive = False
        self.headers: dict[str, str] = {}
        self.chunks: list[bytes] = []
        self.size = 0
        self.limit = limit
        self.done = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        # The parser forgets it with the end of the message.
        self.keep_alive = self.parser.should_keep_alive()

    def on_body(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size > self.limit:
            raise ClusterError(f"the answer is larger than {self.limit} bytes")
        self.chunks.append(chunk)

    def on_message_complete(self) -> None:
        self.done = True


class _Connection:
    """One socket, used by one thread at a time."""

    __slots__ = ("generation", "idle_since", "sock", "timeout", "used")

    def __init__(self, sock: socket.socket, generation: int) -> None:
        self.sock = sock
        self.generation = generation
        self.used = False
        self.idle_since = 0.0
        self.timeout = -1.0

    def exchange(self, request: bytes, *, seconds: float, limit: int) -> tuple[Response, bool]:
        """Send, and read the whole answer; also whether the connection may be used again."""
        deadline = time.monotonic() + seconds
        try:
            if self.timeout != seconds:
                self.sock.settimeout(seconds)
                self.timeout = seconds
            self.sock.sendall(request)
            first = self.sock.recv(_FIRST_CHUNK)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            if self.used:
                raise _Stale from error
            raise
        if not first:
            if self.used:
                raise _Stale
            raise ConnectionResetError("closed without an answer")
        self.used = True
        return self._read(first, deadline=deadline, limit=limit)

    def _read(self, chunk: bytes, *, deadline: float, limit: int) -> tuple[Response, bool]:
        answer = _Answer(limit)
        while True:
            try:
                answer.parser.feed_data(chunk)
            except httptools.HttpParserError as error:
                if isinstance(error.__context__, ClusterError):
                    raise error.__context__ from None
                raise ClusterUnreachable(f"the answer is not HTTP: {error}") from error
            if answer.done:
                status = answer.parser.get_status_code()
                del answer.parser  # a cycle would keep the body until the collector comes
                return _decoded(status, answer), answer.keep_alive
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.sock.settimeout(left)
            self.timeout = left
            chunk = self.sock.recv(_CHUNK)
            if not chunk:
                raise ConnectionResetError("closed in the middle of an answer")

    def looks_closed(self) -> bool:
        """Between two answers a server has nothing to say: what can be read is the end (or rubbish)."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.close()


def _decoded(status: int, answer: _Answer) -> Response:
    body = answer.chunks[0] if len(answer.chunks) == 1 else b"".join(answer.chunks)
    if answer.headers.get("content-encoding") == "gzip":
        try:
            unpack = zlib.decompressobj(wbits=31)
            body = unpack.decompress(body, answer.limit)
        except zlib.error as error:
            raise ClusterUnreachable(f"the answer is not the gzip that it says: {error}") from error
        if unpack.unconsumed_tail:
            raise ClusterError(f"the answer is larger than {answer.limit} bytes")
        if not unpack.eof:
            raise ClusterUnreachable("the answer's gzip ends too early")
    return Response(status, answer.headers, body)


class ConnectionPool:
    """The connections to one API server, with its credentials. Safe to call from several threads."""

    def __init__(self, access: ClusterAccess, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        parts = urlsplit(access.server)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(
                f"cluster {access.id}", "server", found=access.server, expected="https://host[:port]"
            )
        self._access = access
        self._host, self._tls = parts.hostname, parts.scheme == "https"
        self._port = parts.port or (443 if self._tls else 80)
        self._proxy = _proxy(access)
        self.prefix = parts.path.rstrip("/")
        self._host_header = parts.netloc.rpartition("@")[2]
        self._credentials = Credentials(access)
        self._slots = threading.BoundedSemaphore(self._limits.connections)
        self._idle: deque[_Connection] = deque()
        self._context: tuple[tuple[str, str], ssl.SSLContext] | None = None
        self._generation = 0
        self.compress = not access.disable_compression and self._host not in ("127.0.0.1", "localhost", "::1")
        """Whether asking for gzip pays: over loopback it only costs both sides CPU."""

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        content_type: str = "application/json",
        accept: str = "application/json",
        idempotent: bool = False,
        large: bool = False,
        read_seconds: float | None = None,
    ) -> Response:
        """Send one request and read its whole answer, whatever its status.

        `idempotent`: it may be sent again when a kept-alive connection turns out to be closed.
        `large`: the answer may be worth compressing.

        Raises:
            ClusterUnreachable: no connection, a broken one, or a time-out.
            Unauthorized: there is no credential to send.
        """
        credential = self._credentials.current()
        seconds = read_seconds or self._limits.read_seconds

        def send(credential: Credential) -> Response:
            head = self._head(method, path, credential, len(body), content_type, accept, large)
            return self._send(head + body, credential, idempotent=idempotent, seconds=seconds)

        if not self._slots.acquire(timeout=seconds):
            raise ClusterUnreachable(f"{self._where}: all {self._limits.connections} connections are busy")
        try:
            response = send(credential)
            if response.status == 401 and self._credentials.can_change:
                # Refused means not done, so this is safe for every method.
                self._credentials.forget(credential)
                response = send(self._credentials.current())
            return response
        finally:
            self._slots.release()

    def close(self) -> None:
        """Close what is idle; a request under way ends by itself."""
        self._generation += 1
        while self._idle:
            self._idle.pop().close()

    @property
    def _where(self) -> str:
        return f"cluster {self._access.id}"

    def _head(
        self, method: str, path: str, credential: Credential, size: int, sends: str, accept: str, large: bool
    ) -> bytes:
        auth = f"Authorization: {credential.authorization}\r\n" if credential.authorization else ""
        gzip = "Accept-Encoding: gzip\r\n" if large and self.compress else ""
        kind = f"Content-Type: {sends}\r\nContent-Length: {size}\r\n" if size else ""
        if not size and method == "POST":
            kind = "Content-Length: 0\r\n"
        return (
            f"{method} {self.prefix}{path} HTTP/1.1\r\nHost: {self._host_header}\r\n"
            f"User-Agent: moorings\r\nAccept: {accept}\r\n{auth}{gzip}{kind}\r\n"
        ).encode("latin-1")

    def _send(self, request: bytes, credential: Credential, *, idempotent: bool, seconds: float) -> Response:
        connection = self._take(credential)
        try:
            try:
                response, keep = connection.exchange(request, seconds=seconds, limit=self._limits.body_bytes)
            except _Stale as stale:
                connection.close()
                if not idempotent:
                    raise ClusterUnreachable(f"{self._where}: the connection was closed") from stale
                connection = self._open(credential)
                response, keep = connection.exchange(request, seconds=seconds, limit=self._limits.body_bytes)
        except TimeoutError as error:
            connection.close()
            raise ClusterUnreachable(f"{self._where}: no answer within {seconds:g} s") from error
        except OSError as error:
            connection.close()
            raise ClusterUnreachable(f"{self._where}: {error}") from error
        except BaseException:
            connection.close()
            raise
        self._give_back(connection, keep=keep)
        return response

    def _take(self, credential: Credential) -> _Connection:
        now = time.monotonic()
        self._matching_context(credential)
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._open(credential)
            idle = now - connection.idle_since
            fresh = connection.generation == self._generation and idle < self._limits.idle_seconds
            if fresh and (idle < _LOOK_AFTER_SECONDS or not connection.looks_closed()):
                return connection
            connection.close()

    def _give_back(self, connection: _Connection, *, keep: bool) -> None:
        if not keep or connection.generation != self._generation:
            connection.close()
            return
        connection.idle_since = time.monotonic()
        self._idle.append(connection)

    def _matching_context(self, credential: Credential) -> ssl.SSLContext | None:
        """The TLS context; a plugin's new certificate makes a new one and retires the old connections."""
        if not self._tls:
            return None
        pair = (credential.client_cert, credential.client_key)
        kept = self._context
        if kept is not None and kept[0] == pair:
            return kept[1]
        made = tls_context(self._access, client_cert=pair[0], client_key=pair[1])
        if kept is not None:
            self._generation += 1
        self._context = (pair, made)
        return made

    def _open(self, credential: Credential) -> _Connection:
        context = self._matching_context(credential)
        generation = self._generation
        sock: socket.socket | None = None
        try:
            sock = self._connect()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if context is not None:
                sock = context.wrap_socket(sock, server_hostname=self._access.server_name or self._host)
        except (OSError, http.client.HTTPException) as error:
            if sock is not None:
                sock.close()
            raise ClusterUnreachable(f"{self._where}: {_reason(error)}") from error
        return _Connection(sock, generation)

    def _connect(self) -> socket.socket:
        seconds = self._limits.connect_seconds
        if self._proxy is None:
            return socket.create_connection((self._host, self._port), timeout=seconds)
        host, port, headers = self._proxy
        tunnel = http.client.HTTPConnection(host, port, timeout=seconds)
        tunnel.set_tunnel(self._host, self._port, headers=headers)
        tunnel.connect()
        return tunnel.sock


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no connection in time"
    return str(error) or type(error).__name__


def _proxy(access: ClusterAccess) -> tuple[str, int, dict[str, str]] | None:
    if not access.proxy_url:
        return None
    parts = urlsplit(access.proxy_url)
    if parts.scheme != "http" or not parts.hostname:
        raise InvalidInput(
            f"cluster {access.id}",
            "proxyUrl",
            found=parts.scheme,
            expected="an address like http://host:port",
        )
    headers = {}
    if parts.username:
        pair = f"{parts.username}:{parts.password or ''}".encode()
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(pair).decode()
    return parts.hostname, parts.port or 80, headers
