"""`moor app diff`."""

from __future__ import annotations

from typing import Any

import click

from cli.app_names import app_name, one
from cli.go_flags import GoCommand
from cli.managed import managed, side
from cli.printing import output_option, print_value
from cli.rest import rest_options, session

ERROR = 2
"""As `kubectl diff` and diff(1): 1 is a difference."""


@click.command(cls=GoCommand)
@one
@click.option("--revision", default="", help="Compare with this commit, branch or tag.")
@click.option("--refresh", is_flag=True, help="Fetch and compare first.")
@click.option("--hard-refresh", is_flag=True, help="The same, without anything that is cached.")
@click.option("--exit-code/--no-exit-code", default=True, help="Exit with 1 when there is a difference.")
@output_option("text", "name", "json", "yaml")
@rest_options
@click.pass_context
def diff(
    context: click.Context,
    /,
    name: str,
    app_namespace: str,
    revision: str,
    refresh: bool,
    hard_refresh: bool,
    exit_code: bool,
    output: str,
    **where: Any,
) -> None:
    """Show what a sync would change, object by object.

    Exits with 0 without a difference, with 1 with one, with 2 on an error.
    """
    try:
        which = app_name(name, app_namespace)
        with session(context, where) as api:
            if refresh or hard_refresh:
                which.fetch(api, refresh="hard" if hard_refresh else "normal")
            items = [item for item in managed(api, which, revision=revision) if _differs(item)]
    except click.ClickException as error:
        error.show()
        context.exit(ERROR)
    if output in ("json", "yaml"):
        print_value([_value(item) for item in items], output)
    else:
        for item in items:
            click.echo(_title(item)) if output == "name" else _print(item)
    context.exit(1 if items and exit_code else 0)


def _differs(item: dict[str, Any]) -> bool:
    return bool(item.get("modified")) and not item.get("hook")


def _value(item: dict[str, Any]) -> dict[str, Any]:
    fields = ("group", "kind", "namespace", "name", "status", "reason", "drift")
    return {
        **{name: item.get(name) for name in fields},
        "live": side(item, "liveState"),
        "predicted": side(item, "predictedLiveState"),
    }


def _title(item: dict[str, Any]) -> str:
    kind = f"{item['group']}/{item['kind']}" if item.get("group") else str(item["kind"])
    return f"{kind} {item['namespace']}/{item['name']}" if item.get("namespace") else f"{kind} {item['name']}"


def _print(item: dict[str, Any]) -> None:
    from common.core.compare.diff import unified_diff

    click.echo(f"===== {_title(item)} ======")
    live, desired = side(item, "liveState"), side(item, "targetState")
    predicted = side(item, "predictedLiveState") if desired is not None else None
    text = unified_diff(live, predicted or desired, name=_title(item))
    for line in text.splitlines():
        color = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        click.echo(click.style(line, fg=color) if color else line)
    if not text:
        for path in item.get("drift") or []:
            click.echo(f"{path['path']}: {path.get('live')!r} → {path.get('desired')!r}")
    if item.get("reason"):
        click.echo(f"# {' '.join(str(item['reason']).split())}")
