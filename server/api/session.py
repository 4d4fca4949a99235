"""`/api/v1/session`: log in, who am I, log out."""

from __future__ import annotations

from typing import Any

from anyio import to_thread

from server.auth.gate import COOKIE, drop_cookie, same_origin, set_cookie
from server.auth.tokens import ISSUER, LIFETIME_SECONDS
from server.http.bodies import field
from server.http.call import Call, JsonAnswer
from server.http.faults import Code, Fault


def address_of(call: Call) -> str:
    """Where a request comes from."""
    client = call.request.client
    return client.host if client else ""


async def create(call: Call) -> JsonAnswer:
    """A token for a name and a password; for browsers as a cookie too."""
    body = call.object
    username, password = field(body, "username", str), field(body, "password", str)
    headers = call.request.headers
    if ("origin" in headers or "sec-fetch-site" in headers) and not same_origin(headers):
        raise Fault(Code.PERMISSION_DENIED, "a login must come from our own pages")
    if not username or not password:
        raise Fault(Code.UNAUTHENTICATED, "no credentials supplied")
    token = await to_thread.run_sync(call.service.accounts.log_in, username, password, address_of(call))
    answer = JsonAnswer({"token": token})
    set_cookie(answer, token, secure=not call.service.settings.insecure, seconds=LIFETIME_SECONDS)
    return answer


def user_info(call: Call) -> dict[str, Any]:
    """Who the token belongs to."""
    return {"loggedIn": True, "username": call.user, "iss": ISSUER, "groups": []}


async def delete(call: Call) -> JsonAnswer:
    """Refuse the token from now on."""
    await to_thread.run_sync(call.service.accounts.log_out, call.request.scope["claims"])
    answer = JsonAnswer({})
    if COOKIE in call.request.cookies:
        drop_cookie(answer, secure=not call.service.settings.insecure)
    return answer
