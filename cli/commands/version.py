"""`moor version`."""

from __future__ import annotations

import platform
from typing import Any

import click

from cli.go_flags import GoCommand
from cli.printing import output_option, print_value
from cli.rest import RestError, rest_options, session
from cli.rest_settings import NoServer
from common import __version__


@click.command(cls=GoCommand)
@click.option("--client", "client_only", is_flag=True, help="Ask no server.")
@click.option("--short", is_flag=True, help="Versions only.")
@output_option("wide", "json", "yaml")
@rest_options
@click.pass_context
def version(context: click.Context, /, client_only: bool, short: bool, output: str, **where: Any) -> None:
    """Print the version of this command and of the server; exits with 1 when the server cannot be asked."""
    said: dict[str, Any] = {
        "client": {
            "Version": f"v{__version__}",
            "Platform": f"{platform.system().lower()}/{platform.machine()}",
            "PythonVersion": platform.python_version(),
        }
    }
    failure: RestError | None = None
    if not client_only:
        try:
            with session(context, where) as api:
                said["server"] = api.get("/api/version")
        except NoServer:
            said["server"] = None
        except RestError as error:
            failure = error
    if output in ("json", "yaml"):
        print_value(said, output)
    else:
        for side, values in said.items():
            _print(side, values, short=short)
    if failure is not None:
        raise failure


def _print(side: str, values: dict[str, Any] | None, *, short: bool) -> None:
    if values is None:
        click.echo(f"{side}: none is known (moor login SERVER)")
        return
    click.echo(f"{side}: {values.get('Version')}")
    if not short:
        for name in ("Platform", "PythonVersion"):
            click.echo(f"  {name}: {values.get(name)}")
