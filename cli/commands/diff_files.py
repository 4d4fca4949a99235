"""`moor diff`: live objects against desired ones, both from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.manifest_files import FILE, print_json, read_objects, read_settings, settings_option
from common.core.compare.ignore import IgnoreRule
from common.core.compare.structural import DriftPath
from common.core.keys import Object, ObjectKey


@click.command("diff")
@click.argument("live_file", metavar="LIVE.yaml", type=FILE)
@click.argument("desired_file", metavar="DESIRED.yaml", type=FILE)
@settings_option
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format."
)
@click.pass_context
def diff(
    context: click.Context, live_file: Path, desired_file: Path, settings: Path | None, output: str
) -> None:
    """Compare the objects of LIVE.yaml with those of DESIRED.yaml as a comparison in a cluster would.

    Fields that desired does not name are no difference, nor are what the server adds, other spellings of a
    quantity, or the order of a list with keys. Exits with 0 without a difference, 1 with one, 2 on an error.
    """
    from common.core.errors import MooringsError
    from common.core.keys import key_of

    try:
        rules = list(read_settings(settings).ignore_differences)
        live = {key_of(obj): obj for obj in read_objects(live_file)}
        desired = {key_of(obj): obj for obj in read_objects(desired_file)}
        rows = [
            row
            for key in sorted({*live, *desired})
            if (row := _row(key, live.get(key), desired.get(key), rules)) is not None
        ]
    except (MooringsError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        context.exit(2)
    if output == "json":
        print_json(rows)
    else:
        for row in rows:
            _print(row)
    context.exit(1 if rows else 0)


def _row(
    key: ObjectKey, live: Object | None, desired: Object | None, rules: list[IgnoreRule]
) -> dict[str, Any] | None:
    row = {"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name}
    if live is None or desired is None:
        return {**row, "change": "created" if live is None else "removed", "paths": []}
    paths = _drift(key, live, desired, rules)
    if not paths:
        return None
    shown = [{"path": p.text, "live": p.live, "desired": p.desired} for p in paths]
    return {**row, "change": "changed", "paths": shown}


def _drift(key: ObjectKey, live: Object, desired: Object, rules: list[IgnoreRule]) -> tuple[DriftPath, ...]:
    from common.core.compare.ignore import ignored_for
    from common.core.compare.normalise import normalised
    from common.core.compare.structural import structural
    from common.core.keys import gvk_of
    from common.core.typed.schema import DEDUCED
    from sandbox.schemas import typed_definitions

    schema = typed_definitions().kind(gvk_of(desired)) or DEDUCED
    both = normalised(desired, live, ignored_for(key, rules), schema, delete_paths=_delete_paths)
    return structural(both.desired, both.live, schema).paths


def _delete_paths(expression: str, document: object) -> object:
    import jq

    from common.core.errors import InvalidInput

    try:
        return jq.compile(f"del({expression})").input_value(document).first()
    except ValueError as error:
        raise InvalidInput(
            "ignoreDifferences", "jqPathExpressions", found=expression, expected=f"a jq path: {error}"
        ) from error


def _print(row: dict[str, Any]) -> None:
    kind = f"{row['group']}/{row['kind']}" if row["group"] else row["kind"]
    place = f"{row['namespace']}/{row['name']}" if row["namespace"] else row["name"]
    sign, color = {"created": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}[
        row["change"]
    ]
    click.echo(click.style(f"{sign} {kind} {place}", fg=color))
    for path in row["paths"]:
        from common.core.compare.blame import shown

        click.echo(f"    {path['path']}: {shown(path['live'])} → {shown(path['desired'])}")
