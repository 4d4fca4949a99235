"""The ASGI application, and serving it inside a running loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from common import logging, ports
from common.adapters.redis.logins import RedisLogins
from common.core.errors import InvalidInput
from common.operations.bundle import Ports
from common.operations.fleet import VERSION, FleetReader
from common.settings import ServerSettings
from common.wiring import Engine
from server.api import routes as api_routes
from server.auth.accounts import Accounts
from server.auth.gate import Gate
from server.auth.installation import InstallationReader
from server.feed import Change, Feed
from server.http.faults import Code, Fault
from server.http.hardening import Hardening
from server.roster import Roster
from server.service import Service
from server.web import pages

log = logging.get(__name__)


def create_app(
    bundle: Ports,
    fleet: FleetReader,
    settings: ServerSettings,
    *,
    logins: ports.Logins,
    changes: ports.ApplicationChanges,
) -> Starlette:
    """The application. `changes` is its own to listen to, and to close."""
    service = _service(bundle, fleet, settings, logins, changes)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        service.feed.start()
        try:
            yield
        finally:
            await service.feed.stop()

    middleware = [
        Middleware(Hardening, tls=not settings.insecure),
        Middleware(Gate, accounts=service.accounts),
    ]
    app = Starlette(
        routes=[*api_routes.routes(), *pages.routes()],
        middleware=middleware,
        lifespan=lifespan,
        exception_handlers={HTTPException: _no_such_path},
    )
    app.state.service = service
    return app


async def _no_such_path(request: Request, error: Exception) -> Response:
    code = getattr(error, "status_code", 404)
    raise Fault(Code.NOT_FOUND, f"{request.method} {request.url.path}: there is no such path", http=code)


def _service(
    bundle: Ports,
    fleet: FleetReader,
    settings: ServerSettings,
    logins: ports.Logins,
    changes: ports.ApplicationChanges,
) -> Service:
    roster = Roster(bundle.applications)

    def touched(told: list[Change]) -> None:
        roster.touch(change.key for change in told)

    installation = InstallationReader(
        bundle.clusters.home, bundle.namespace, bundle.clock, lambda: bundle.facts.version(VERSION)
    )
    return Service(
        ports=bundle,
        fleet=fleet,
        settings=settings,
        logins=logins,
        installation=installation,
        accounts=Accounts(installation, logins, bundle.clock),
        feed=Feed(changes, on_change=touched),
        roster=roster,
    )


async def serve(engine: Engine, *, ready: Callable[[str], object], stop: asyncio.Event) -> None:
    """Serve until `stop`; `ready` gets the address once requests are answered.

    Raises:
        InvalidInput: the port is in use, or the address is not this machine's.
    """
    settings = engine.settings.server
    app = create_app(
        engine.ports,
        engine.fleet,
        settings,
        logins=RedisLogins(engine.redis),
        changes=engine.applications.changes(),
    )
    listening = _listen(settings)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            root_path=settings.root_path,
            server_header=False,
            timeout_graceful_shutdown=3,
            timeout_keep_alive=30,
            h11_max_incomplete_event_size=64 << 10,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    ending = asyncio.create_task(stop.wait())
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        if not serving.done():
            ready(address_of(listening))
        await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        app.state.service.feed.end()  # streams would hold the server up
        await serving
    finally:
        server.should_exit = True
        ending.cancel()
        listening.close()


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the loop."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # the base's own is a generator too
        """None."""
        yield


def _listen(settings: ServerSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        where = f"{settings.host}:{settings.port}"
        raise InvalidInput(
            "MOORINGS_LISTEN_PORT", "", found=where, expected=f"an address to listen on ({error.strerror})"
        ) from None
    listening.setblocking(False)
    return listening


def address_of(listening: socket.socket) -> str:
    """The address of a listening socket, as a browser on this machine has it."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{host}:{port}"
