"""`moor app history` and `moor app rollback`."""

from __future__ import annotations

from typing import Any

import click

from cli.app_names import app_name, one
from cli.app_report import print_operation, short
from cli.go_flags import GoCommand
from cli.printing import at_path, output_option, print_table, print_value
from cli.rest import Api, connected
from cli.waiting import finished


@click.command()
@one
@output_option("wide", "id", "json", "yaml")
@connected
def history(api: Api, name: str, app_namespace: str, output: str) -> None:
    """Show what was deployed when; an entry's ID is what `rollback` takes."""
    entries = at_path(app_name(name, app_namespace).fetch(api), "status", "history", default=[])
    if output in ("json", "yaml"):
        print_value(entries, output)
    elif output == "id":
        for entry in entries:
            click.echo(entry["id"])
    else:
        print_table(("ID", "DATE", "REVISION", "BY"), (_row(entry) for entry in entries))


def _row(entry: dict[str, Any]) -> tuple[object, ...]:
    sources = entry.get("sources") or [entry.get("source") or {}]
    revisions = entry.get("revisions") or [entry.get("revision")]
    shown = ", ".join(
        f"{source.get('targetRevision') or 'HEAD'} ({short(str(revision or ''))})"
        for source, revision in zip(sources, revisions, strict=False)
    )
    by = entry.get("initiatedBy") or {}
    return (
        entry["id"],
        entry.get("deployedAt"),
        shown,
        by.get("username") or ("auto-sync" if by.get("automated") else ""),
    )


@click.command(cls=GoCommand)
@click.argument("name", metavar="NAME")
@click.argument("deployment", type=int, required=False, metavar="[ID]")
@click.option("-N", "--app-namespace", default="", metavar="NAMESPACE", help="Where the application lives.")
@click.option("--prune", is_flag=True, help="Delete objects that were not desired then.")
@click.option("--dry-run", is_flag=True, help="Ask the cluster, and change nothing.")
@click.option("--timeout", type=click.FloatRange(0), default=0, metavar="SECONDS", help="0: without end.")
@connected
def rollback(
    api: Api,
    name: str,
    deployment: int | None,
    app_namespace: str,
    prune: bool,
    dry_run: bool,
    timeout: float,
) -> None:
    """Go back to the entry ID of the history (to the one before the last when left out), and wait for it.

    An application that syncs by itself must be told not to first: `moor app set NAME --sync-policy none`.
    """
    which = app_name(name, app_namespace)
    if deployment is None:
        deployment = _previous(at_path(which.fetch(api), "status", "history", default=[]))
    body = {"id": deployment, "prune": prune, "dryRun": dry_run}
    api.post(f"{which.path}/rollback", body, appNamespace=which.namespace)
    app = finished(api, which, timeout_seconds=timeout)
    print_operation(app)


def _previous(entries: list[dict[str, Any]]) -> int:
    if len(entries) < 2:
        raise click.ClickException("the history has no entry before the last one")
    return int(entries[-2]["id"])
