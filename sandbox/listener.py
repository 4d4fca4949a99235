"""One listening socket and the HTTP server behind it. It can go down, and come back on the same port."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

_BACKLOG = 1024
_GRACE_SECONDS = 2.0


class PortInUse(OSError):
    """Somebody else listens there."""


class Listener:
    """Serves an ASGI application on one address."""

    def __init__(self, app: Any, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self.host = host
        self.port = port
        self._tls = tls
        self._config = Config(
            app,
            http=HttpToolsProtocol,
            ws="none",
            lifespan="off",
            loop="uvloop",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=300,
        )
        self._config.load()
        self._server_state = ServerState()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen.

        Raises:
            PortInUse: the port is taken.
        """
        if self._server is not None:
            return
        taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind((self.host, self.port))
        except OSError as error:
            taken.close()
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(error.errno, f"port {self.port} on {self.host} is in use") from error
            raise
        self.port = taken.getsockname()[1]
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol, sock=taken, ssl=self._tls, backlog=_BACKLOG
        )

    def _protocol(self) -> asyncio.Protocol:
        return HttpToolsProtocol(config=self._config, server_state=self._server_state, app_state={})

    def shut(self) -> None:
        """Stop listening and cut every connection at once, as a server that crashed would."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()

    async def close(self) -> None:
        """Stop listening; let the requests that run end, for a moment; then cut."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._server_state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                while self._server_state.tasks:
                    await asyncio.wait(list(self._server_state.tasks))
        self.shut()
        for task in list(self._server_state.tasks):
            task.cancel()
        if self._server_state.tasks:
            await asyncio.gather(*self._server_state.tasks, return_exceptions=True)
        # Aborted transports tell their protocols in the loop's next turn.
        await asyncio.sleep(0)
