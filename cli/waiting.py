"""Waiting for applications: asked again and again until a condition holds, with progress on a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from cli.app_names import AppName
from cli.printing import at_path
from cli.rest import NOT_FOUND, Api, RestError

App = dict[str, Any]

QUICK_SECONDS = 5.0
"""For so long it is asked often: most syncs are done by then."""
_QUICK_PAUSE, _PAUSE = 0.1, 1.0


class TimedOut(click.ClickException):
    """What was waited for has not come."""


def _nothing(line: str) -> None:
    del line


def _never(app: App) -> bool:
    del app
    return False


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A line that changes in place; nothing at all where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield _nothing
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("") as status:
        yield lambda line: status.update(escape(line))


def until(
    api: Api,
    which: AppName,
    condition: Callable[[App], bool],
    *,
    timeout_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> App:
    """The application once a condition holds; 0 seconds wait without end.

    Raises:
        TimedOut: it does not within the time; says how the application is.
        RestError: the server refused.
    """
    begin = clock()
    with _progress() as show:
        while True:
            app = which.fetch(api)
            if condition(app):
                return app
            gone = clock() - begin
            if timeout_seconds and gone >= timeout_seconds:
                raise TimedOut(f"{which}: not within {timeout_seconds:g} s; it is {state(app)}")
            show(f"{which}: {state(app)}, {gone:.0f} s")
            pause(_QUICK_PAUSE if gone < QUICK_SECONDS else _PAUSE)


def until_gone(api: Api, which: AppName, *, timeout_seconds: float) -> None:
    """Return once an application is not there any more.

    Raises:
        TimedOut: it still is after the time.
        RestError: the server refused.
    """
    try:
        until(api, which, _never, timeout_seconds=timeout_seconds)
    except RestError as error:
        if error.status != NOT_FOUND:
            raise


def state(app: App) -> str:
    """In a few words."""
    words = [
        str(at_path(app, "status", "sync", "status", default="Unknown")),
        str(at_path(app, "status", "health", "status", default="Unknown")),
    ]
    if operating(app):
        words.append("an operation is under way")
    if at_path(app, "metadata", "deletionTimestamp"):
        words.append("it is being deleted")
    return ", ".join(words)


def operating(app: App) -> bool:
    """Whether an operation is asked for or under way."""
    phase = at_path(app, "status", "operationState", "phase")
    return app.get("operation") is not None or phase in ("Running", "Terminating")


def finished(api: Api, which: AppName, *, timeout_seconds: float) -> App:
    """The application once its operation has ended.

    Raises:
        TimedOut: it has not within the time.
        ClickException: it ended without success; says why.
    """
    app = until(api, which, lambda one: not operating(one), timeout_seconds=timeout_seconds)
    operation = at_path(app, "status", "operationState", default={})
    if operation.get("phase") != "Succeeded":
        said = " ".join(str(operation.get("message") or "nothing was said").split())
        raise click.ClickException(f"{which}: the operation ended as {operation.get('phase')}: {said}")
    return app
