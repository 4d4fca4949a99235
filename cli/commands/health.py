"""`moor health`: the health of objects in a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from cli.manifest_files import FILE, print_json, read_objects, read_settings, settings_option
from common.core.keys import Object


@click.command()
@click.argument("file", metavar="FILE", type=FILE)
@settings_option
@click.option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="Format."
)
def health(file: Path, settings: Path | None, output: str) -> None:
    """Say how each object in FILE (- for standard input) does, from its own fields.

    Objects of kinds without a rule have no health: null in JSON.
    """
    from common.adapters.clock import SystemClock
    from common.core.errors import MooringsError

    try:
        config = read_settings(settings)
        rows = [_row(obj, SystemClock().now()) for obj in read_objects(file)]
    except (MooringsError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if any(one.health_lua for one in config.customizations):
        click.echo("warning: health scripts of the settings are not run yet", err=True)
    if output == "json":
        print_json(rows)
        return
    for row in rows:
        place = f"{row['namespace']}/{row['name']}" if row["namespace"] else row["name"]
        message = f"  {row['message']}" if row["message"] else ""
        click.echo(f"{row['status'] or '-':<12} {row['kind']} {place}{message}")


def _row(obj: Object, now: datetime) -> dict[str, str | None]:
    from common.core.health import assess
    from common.core.keys import key_of

    key, found = key_of(obj), assess(obj, now)
    return {
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "status": str(found.status) if found else None,
        "message": found.message if found else "",
    }
