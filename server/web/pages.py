"""The pages: read on a thread, present, render."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from anyio import to_thread
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from common.core.errors import MooringsError
from common.core.keys import AppKey
from common.core.model.application import parse_application, read_application
from common.operations.inspect import managed
from common.operations.tree import resource_tree
from server.api.applications import ask_refresh, delete_application
from server.api.clusters import cluster_name
from server.api.finding import app_key, stored
from server.api.operating import request_end, request_rollback, request_sync
from server.auth.gate import drop_cookie, same_origin, set_cookie
from server.auth.tokens import LIFETIME_SECONDS
from server.http.bodies import read_body
from server.http.faults import Code, Fault, fault_of
from server.service import Service
from server.web.app_view import app_view, differences, tree_view
from server.web.forms import read_form
from server.web.list_view import list_view, read_query
from server.web.live import events

_FORM_BYTES = 64_000
_TEMPLATES = Environment(
    loader=PackageLoader("server.web", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_APP = "/applications/{namespace}/{name}"


def routes() -> list[Route | Mount]:
    """All pages, their fragments and what their forms ask for."""
    return [
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        Route("/", _start),
        Route("/login", _login, methods=["GET", "POST"]),
        Route("/login/once", _login_once),
        Route("/logout", _logout, methods=["POST"]),
        Route("/events", events),
        Route("/applications", _list),
        Route(_APP, partial(_page, "application.html", _about)),
        Route(f"{_APP}/live", partial(_page, "live.html", _about)),
        Route(f"{_APP}/past", partial(_page, "past.html", _about)),
        Route(f"{_APP}/tree", partial(_page, "tree.html", _tree)),
        Route(f"{_APP}/differences", partial(_page, "differences.html", _differences)),
        *(Route(f"{_APP}/{name}", partial(_act, act), methods=["POST"]) for name, act in _ACTIONS.items()),
    ]


def _html(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    shown = _TEMPLATES.get_template(template).render(
        user=request.scope.get("user", ""), root=request.scope.get("root_path", ""), **values
    )
    return HTMLResponse(shown, status_code=status)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _start(request: Request) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/applications", status_code=303)


async def _login(request: Request) -> Response:
    back = _own_path(request.query_params.get("return", ""))
    if request.method == "GET":
        return _html(request, "login.html", error="", back=back)
    if not same_origin(request.headers):
        raise Fault(Code.PERMISSION_DENIED, "a login must come from our own pages")
    form = read_form(await read_body(request, _FORM_BYTES))
    back = _own_path(form.get("return", ""))
    address = request.client.host if request.client else ""
    accounts = _service(request).accounts
    try:
        token = await to_thread.run_sync(
            accounts.log_in, form.get("username", ""), form.get("password", ""), address
        )
    except Fault as fault:
        return _html(request, "login.html", status=fault.http, error=fault.message, back=back)
    answer = RedirectResponse(request.scope.get("root_path", "") + back, status_code=303)
    set_cookie(answer, token, secure=not _service(request).settings.insecure, seconds=LIFETIME_SECONDS)
    return answer


def _own_path(text: str) -> str:
    """Where to go after a login: a page of ours and nothing else."""
    parts = urlsplit(unquote(text))
    ours = not parts.scheme and not parts.netloc and parts.path.startswith("/applications")
    return f"{parts.path}?{parts.query}".rstrip("?") if ours and "\\" not in text else "/applications"


async def _login_once(request: Request) -> Response:
    """Log in by a link that counts once. The page that answers goes on by itself: a redirect would be taken
    for part of whatever the link was clicked in, and the cookie not sent.
    """
    service = _service(request)
    token = await to_thread.run_sync(service.accounts.log_in_once, request.query_params.get("token", ""))
    if token is None:
        error = "This link was used already, or has ended. Log in with your password."
        return _html(request, "login.html", status=401, error=error, back="/applications")
    answer = _html(request, "welcome.html")
    set_cookie(answer, token, secure=not service.settings.insecure, seconds=LIFETIME_SECONDS)
    return answer


async def _logout(request: Request) -> Response:
    await to_thread.run_sync(_service(request).accounts.log_out, request.scope["claims"])
    answer = RedirectResponse(f"{request.scope.get('root_path', '')}/login", status_code=303)
    drop_cookie(answer, secure=not _service(request).settings.insecure)
    return answer


async def _list(request: Request) -> Response:
    service = _service(request)
    query, since = read_query(request.query_params), service.feed.sequence

    def present() -> Any:
        return list_view(
            service.roster.rows(),
            query,
            clusters=_clusters(service),
            home=service.ports.namespace,
            now=service.ports.clock.now(),
        )

    return _html(request, "applications.html", since=since, view=await to_thread.run_sync(present))


def _clusters(service: Service) -> Mapping[str, str]:
    """Names of clusters by their server."""
    fleet = service.fleet.current()
    return {str(one.id): cluster_name(one, fleet.home) for one in (fleet.home, *fleet.clusters)}


Present = Callable[[Service, AppKey], dict[str, Any]]


async def _page(template: str, present: Present, request: Request) -> Response:
    service = _service(request)
    since = service.feed.sequence
    key = await to_thread.run_sync(_key, request)
    try:
        values = await to_thread.run_sync(present, service, key)
    except (MooringsError, Fault) as error:
        fault = error if isinstance(error, Fault) else fault_of(error)
        page = "failed.html" if template in ("tree.html", "differences.html") else "gone.html"
        # htmx shows no error's body: a fragment that fails says so with 200, a page with its status.
        status = 200 if request.headers.get("hx-request") else fault.http
        return _html(request, page, status=status, message=fault.message, name=key.name)
    return _html(request, template, since=since, **values)


def _key(request: Request) -> AppKey:
    return app_key(_service(request), request.path_params["name"], request.path_params["namespace"])


def _about(service: Service, key: AppKey) -> dict[str, Any]:
    app = read_application(stored(service, key)).application
    return {"view": app_view(app, clusters=_clusters(service), now=service.ports.clock.now())}


def _tree(service: Service, key: AppKey) -> dict[str, Any]:
    app = read_application(stored(service, key)).application
    tree = resource_tree(service.ports, service.fleet.current(), app)
    return {"view": tree_view(tree, app, now=service.ports.clock.now())}


def _differences(service: Service, key: AppKey) -> dict[str, Any]:
    app = parse_application(stored(service, key))
    return {"found": differences(managed(service.ports, service.fleet.current(), app))}


Act = Callable[[Service, AppKey, Mapping[str, str], str], str]


async def _act(act: Act, request: Request) -> Response:
    """What a form asks for; a notice for htmx, the page again for a browser without scripts."""
    form = read_form(await read_body(request, _FORM_BYTES))
    key = await to_thread.run_sync(_key, request)
    root = request.scope.get("root_path", "")
    try:
        said = await to_thread.run_sync(act, _service(request), key, form, request.scope["user"])
    except (MooringsError, Fault) as error:
        message = error.message if isinstance(error, Fault) else str(error)
        return _html(request, "notice.html", message=message, tone="bad")
    page = request.url.path.rpartition("/")[0] if act is not _delete else f"{root}/applications"
    if request.headers.get("hx-request") != "true":
        return RedirectResponse(page, status_code=303)
    answer = _html(request, "notice.html", message=said, tone="good")
    if act is _delete:
        answer.headers["HX-Redirect"] = page
    return answer


def _refresh(service: Service, key: AppKey, form: Mapping[str, str], _user: str) -> str:
    how = "hard" if form.get("how") == "hard" else "normal"
    ask_refresh(service, key, how)
    return "Refreshing" if how == "normal" else "Refreshing without caches"


def _sync(service: Service, key: AppKey, form: Mapping[str, str], user: str) -> str:
    options = {name: True for name in ("prune", "dryRun") if form.get(name) == "on"}
    operation: dict[str, Any] = {"sync": dict(options)}
    if form.get("force") == "on":
        operation["sync"]["syncStrategy"] = {"hook": {"force": True}}
    request_sync(service, key, operation, user)
    return "Dry run asked for" if "dryRun" in options else "Sync asked for"


def _rollback(service: Service, key: AppKey, form: Mapping[str, str], user: str) -> str:
    text = form.get("id", "")
    if not text.isdecimal():
        raise Fault(Code.INVALID_ARGUMENT, f"id: found {text!r}, expected an entry of the history")
    request_rollback(service, key, int(text), user, prune=form.get("prune") == "on")
    return f"Rollback to deployment {text} asked for"


def _terminate(service: Service, key: AppKey, _form: Mapping[str, str], _user: str) -> str:
    request_end(service, key)
    return "The operation is being ended"


def _delete(service: Service, key: AppKey, form: Mapping[str, str], _user: str) -> str:
    if form.get("confirm") != key.name:
        raise Fault(Code.INVALID_ARGUMENT, f"type the application's name, {key.name}, to delete it")
    delete_application(service, key, cascade=form.get("cascade") == "on")
    return f"{key.name} is being deleted"


_ACTIONS: dict[str, Act] = {
    "refresh": _refresh,
    "sync": _sync,
    "rollback": _rollback,
    "terminate": _terminate,
    "delete": _delete,
}
