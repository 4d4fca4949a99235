"""The server's REST API as the commands use it: answers, or errors of one line."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from cli.commands.tools import data_dir_option
from cli.rest_settings import Target, target

if TYPE_CHECKING:
    import httpx

P = ParamSpec("P")
R = TypeVar("R")

TIMEOUT_SECONDS = 90.0
"""Longer than the server waits for a refresh."""
NOT_FOUND = 404
UNIMPLEMENTED = 501


class RestError(click.ClickException):
    """The server refused, or could not be asked; the message is the sentence to show."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        """HTTP's; 0 when there was no answer."""


class Api:
    """A session with one server."""

    def __init__(self, where: Target, *, transport: httpx.BaseTransport | None = None) -> None:
        import httpx

        from common import __version__

        self.target = where
        headers = {"user-agent": f"moor/{__version__}"}
        if where.token:
            headers["authorization"] = f"Bearer {where.token}"
        self._client = httpx.Client(
            base_url=where.server,
            headers=headers,
            verify=not where.insecure,
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            trust_env=not _is_here(where.server),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Read. Raises RestError."""
        return self.call("GET", path, query)

    def post(self, path: str, body: Mapping[str, Any], **query: Any) -> dict[str, Any]:
        """Make or ask for something. Raises RestError."""
        return self.call("POST", path, query, body)

    def put(self, path: str, body: Mapping[str, Any], **query: Any) -> dict[str, Any]:
        """Replace. Raises RestError."""
        return self.call("PUT", path, query, body)

    def delete(self, path: str, **query: Any) -> dict[str, Any]:
        """Delete. Raises RestError."""
        return self.call("DELETE", path, query)

    def call(
        self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """One request; a value of the query that is empty is left out.

        Raises:
            RestError: the server cannot be reached, or what it says went wrong.
        """
        import httpx
        import orjson

        params = {name: _text(value) for name, value in query.items() if value not in (None, "", [], ())}
        content = None if body is None else orjson.dumps(body)
        headers = {} if body is None else {"content-type": "application/json"}
        try:
            answer = self._client.request(method, path, params=params, content=content, headers=headers)
        except httpx.TimeoutException as error:
            raise RestError(f"{self.target.server} did not answer within {TIMEOUT_SECONDS:.0f} s") from error
        except httpx.HTTPError as error:
            raise RestError(f"cannot reach {self.target.server}: {error}") from error
        try:
            said = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            said = None
        if not isinstance(said, dict):
            said = {"message": f"{self.target.server} answered {method} {path} with no JSON object"}
        elif answer.is_success:
            return said
        raise RestError(_message(said, answer.status_code), status=answer.status_code)


def _is_here(server: str) -> bool:
    """No proxy leads to this machine."""
    host = urlsplit(server).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _message(said: Mapping[str, Any], status: int) -> str:
    message = " ".join(str(said.get("message") or said.get("error") or "nothing was said").split())
    if status == 401:
        return f"{message}: log in with `moor login`"
    return f"{message} (HTTP {status})" if status >= 500 and status != UNIMPLEMENTED else message


def rest_options(command: Callable[..., R]) -> Callable[..., R]:
    """The options that say which server is meant; `session` takes them."""
    for decorate in (
        data_dir_option,
        click.option("--insecure", is_flag=True, help="Do not verify the server's certificate."),
        click.option("--auth-token", default="", metavar="TOKEN", help="A token; else $MOORINGS_TOKEN."),
        click.option("--server", default="", metavar="ADDRESS", help="The server; else $MOORINGS_SERVER."),
    ):
        command = decorate(command)
    return command


def session(context: click.Context, options: dict[str, Any]) -> Api:
    """A session with the server that a command's options mean; takes these out of them.

    Tests put a transport into the context's `obj`.

    Raises:
        NoServer: nothing says which.
    """
    named = context.get_parameter_source("data_dir")
    where = target(
        server=options.pop("server"),
        token=options.pop("auth_token"),
        insecure=options.pop("insecure"),
        data_dir=options.pop("data_dir"),
        explicit_data_dir=named in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT),
    )
    return Api(where, transport=context.obj)


def connected(command: Callable[Concatenate[Api, P], R]) -> Callable[..., R]:
    """Give a command's function a session as its first argument, and the command the options for it."""

    @rest_options
    @click.pass_context
    @functools.wraps(command)
    def with_api(context: click.Context, /, *args: P.args, **options: P.kwargs) -> R:
        with session(context, options) as api:
            return command(api, *args, **options)

    return with_api
