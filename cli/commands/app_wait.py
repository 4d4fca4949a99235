"""`moor app wait`."""

from __future__ import annotations

import time
from typing import Any

import click

from cli.app_names import chosen, several
from cli.app_report import print_application, print_resources
from cli.go_flags import GoCommand
from cli.printing import at_path, output_option, print_value
from cli.rest import Api, connected
from cli.waiting import TimedOut, operating, until, until_gone


@click.command(cls=GoCommand)
@several
@click.option("--sync", is_flag=True, help="Until it is Synced.")
@click.option("--health", is_flag=True, help="Until it is Healthy.")
@click.option("--suspended", is_flag=True, help="Until it is Suspended; with --health, either.")
@click.option("--degraded", is_flag=True, help="Until it is Degraded; with --health, either.")
@click.option("--operation", is_flag=True, help="Until no operation is under way.")
@click.option("--delete", is_flag=True, help="Until it is gone.")
@click.option("--timeout", type=click.FloatRange(0), default=0, metavar="SECONDS", help="0: without end.")
@output_option("wide", "none", "name", "json", "yaml")
@connected
def wait(
    api: Api,
    names: tuple[str, ...],
    selector: str,
    app_namespace: str,
    sync: bool,
    health: bool,
    suspended: bool,
    degraded: bool,
    operation: bool,
    delete: bool,
    timeout: float,
    output: str,
) -> None:
    """Wait for applications: without flags until each is Synced and Healthy, and no operation is under way.

    Exits with 1 when the timeout, of all together, has passed.
    """
    deadline = time.monotonic() + timeout
    whole = not any((sync, health, suspended, degraded, operation))
    good = {
        word
        for word, wanted in (
            ("Healthy", health or whole),
            ("Suspended", suspended),
            ("Degraded", degraded),
        )
        if wanted
    }

    def reached(app: dict[str, Any]) -> bool:
        if (sync or whole) and at_path(app, "status", "sync", "status") != "Synced":
            return False
        if (operation or whole) and operating(app):
            return False
        return not good or at_path(app, "status", "health", "status") in good

    for which in chosen(api, names, selector, app_namespace):
        left = max(deadline - time.monotonic(), 0.001) if timeout else 0.0
        try:
            if delete:
                until_gone(api, which, timeout_seconds=left)
                continue
            _print(until(api, which, reached, timeout_seconds=left), output, api.target.server)
        except TimedOut as error:
            said = error.message.partition("; ")[2]
            raise TimedOut(f"{which}: not within {timeout:g} s; {said}") from error


def _print(app: dict[str, Any], output: str, server: str) -> None:
    if output in ("json", "yaml"):
        print_value(app, output)
    elif output == "name":
        click.echo(f"{app['metadata']['namespace']}/{app['metadata']['name']}")
    elif output == "wide":
        print_application(app, server)
        click.echo()
        print_resources(app)
