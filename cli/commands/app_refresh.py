"""`moor app refresh` and `moor app terminate-op`."""

from __future__ import annotations

import click

from cli.app_names import app_name as parse_name
from cli.app_names import chosen, name_of, one, several
from cli.go_flags import GoCommand
from cli.printing import at_path, output_option, print_table, print_value
from cli.rest import Api, connected


@click.command(cls=GoCommand)
@several
@click.option("--hard", is_flag=True, help="Without anything that is cached.")
@output_option("wide", "name", "json", "yaml")
@connected
def refresh(
    api: Api, names: tuple[str, ...], selector: str, app_namespace: str, hard: bool, output: str
) -> None:
    """Fetch and compare now, and show how the applications are then. Changes nothing on their clusters."""
    how = "hard" if hard else "normal"
    apps = [which.fetch(api, refresh=how) for which in chosen(api, names, selector, app_namespace)]
    if output in ("json", "yaml"):
        print_value(apps, output)
    elif output == "name":
        for app in apps:
            click.echo(name_of(app))
    else:
        print_table(
            ("NAME", "STATUS", "HEALTH", "REVISION"),
            (
                (
                    name_of(app),
                    at_path(app, "status", "sync", "status", default="Unknown"),
                    at_path(app, "status", "health", "status", default="Unknown"),
                    at_path(app, "status", "sync", "revision"),
                )
                for app in apps
            ),
        )


@click.command("terminate-op")
@one
@connected
def terminate(api: Api, name: str, app_namespace: str) -> None:
    """End the operation that is under way."""
    which = parse_name(name, app_namespace)
    api.delete(f"{which.path}/operation", appNamespace=which.namespace)
    click.echo(f"the operation of {which} is ending")
