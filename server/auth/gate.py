"""Every request is authenticated but those that log in, ask whether we live, or carry a webhook's signature.

A cookie is sent by a browser whoever made it ask, so a change that comes with one must come from our own
pages: the browser says so in Sec-Fetch-Site, or in Origin.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.auth.accounts import Accounts
from server.auth.tokens import InvalidToken
from server.http.faults import Code, Fault

COOKIE = "argocd.token"
"""Argo CD's name for it."""
_OPEN = frozenset(
    {
        ("GET", "/healthz"),
        ("POST", "/api/webhook"),
        ("POST", "/api/v1/session"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("GET", "/login/once"),
    }
)
_SAFE = ("GET", "HEAD", "OPTIONS")


class Gate:
    """ASGI middleware: sets `scope["user"]` and `scope["claims"]`, or refuses."""

    def __init__(self, app: ASGIApp, accounts: Accounts) -> None:
        self._app = app
        self._accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or _is_open(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        token, from_cookie = _token(request)
        try:
            scope["claims"] = await to_thread.run_sync(self._accounts.identify, token)
        except InvalidToken as error:
            if not _is_page(scope):
                raise Fault(Code.UNAUTHENTICATED, str(error)) from None
            await _to_login(request)(scope, receive, send)
            return
        scope["user"] = scope["claims"].name
        if from_cookie and request.method not in _SAFE and not same_origin(request.headers):
            raise Fault(
                Code.PERMISSION_DENIED, "a change that comes with a cookie must come from our own pages"
            )
        await self._app(scope, receive, send)


def _is_open(scope: Scope) -> bool:
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    path = scope["path"]
    return (method, path) in _OPEN or (method == "GET" and path.startswith("/static/"))


def _token(request: Request) -> tuple[str, bool]:
    """The token, and whether a browser may have sent it unasked."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip(), False
    return request.cookies.get(COOKIE, ""), True


def same_origin(headers: Headers) -> bool:
    """Whether the browser says that one of our own pages asks. What says nothing is no browser of today, and
    not one of our pages.
    """
    site = headers.get("sec-fetch-site")
    if site:
        return site == "same-origin"
    origin = headers.get("origin")
    return bool(origin) and urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _is_page(scope: Scope) -> bool:
    path = scope["path"]
    return path in ("/", "/events", "/logout") or str(path).startswith("/applications")


def _to_login(request: Request) -> Response:
    back = quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""), safe="")
    where = f"{request.scope.get('root_path', '')}/login"
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": where})
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(f"{where}?return={back}", status_code=303)
    return RedirectResponse(where, status_code=303) if request.method == "POST" else Response(status_code=401)


def set_cookie(response: Response, token: str, *, secure: bool, seconds: int) -> None:
    """Give the token to a browser."""
    response.set_cookie(
        COOKIE, token, max_age=seconds, path="/", secure=secure, httponly=True, samesite="strict"
    )


def drop_cookie(response: Response, *, secure: bool) -> None:
    """Take it away."""
    response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="strict")
