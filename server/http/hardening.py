"""Around everything: security headers, and an answer for every error."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import orjson
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import logging
from common.core.errors import MooringsError
from server.http.faults import Code, Fault, fault_of

log = logging.get(__name__)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


class Hardening:
    """ASGI middleware; the outermost one."""

    def __init__(self, app: ASGIApp, *, tls: bool) -> None:
        self._app = app
        self._headers = dict(_HEADERS)
        if tls:
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_hardened(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._harden(message, scope["path"])
            await send(message)

        try:
            await self._app(scope, receive, send_hardened)
        except Exception as error:
            fault = _fault(error)
            if fault.code is Code.INTERNAL:
                log.exception("request_failed", path=scope["path"])
            if started:
                raise
            await send_fault(fault, send_hardened)

    def _harden(self, message: MutableMapping[str, Any], path: str) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if not path.startswith("/static/"):
            headers.setdefault("cache-control", "no-store")


def _fault(error: Exception) -> Fault:
    if isinstance(error, Fault):
        return error
    if isinstance(error, MooringsError):
        return fault_of(error)
    return Fault(Code.INTERNAL, "internal error; its trace is in the server's log")


async def send_fault(fault: Fault, send: Send) -> None:
    """Answer with an error."""
    body = orjson.dumps(fault.body())
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if fault.http == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": fault.http, "headers": headers})
    await send({"type": "http.response.body", "body": body})
