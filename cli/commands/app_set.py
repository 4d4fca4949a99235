"""`moor app set`."""

from __future__ import annotations

from typing import Any

import click

from cli.app_names import app_name, one
from cli.app_options import changed, spec_options
from cli.go_flags import GoCommand
from cli.rest import Api, connected


@click.command("set", cls=GoCommand)
@one
@spec_options
@connected
def set_app(api: Api, /, name: str, app_namespace: str, **given: Any) -> None:
    """Change an application's source, parameters, destination or policy; what is not named stays."""
    which = app_name(name, app_namespace)
    if all(value in (None, (), "") for value in given.values()):
        raise click.UsageError("nothing to set: name at least one option")
    spec = which.fetch(api)["spec"]
    wanted = changed(spec, given)
    if wanted == spec:
        click.echo(f"application {which} is like that already")
        return
    api.put(f"{which.path}/spec", wanted, appNamespace=which.namespace)
    click.echo(f"application {which} is changed")
