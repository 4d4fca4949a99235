"""`moor app delete`."""

from __future__ import annotations

import sys

import click

from cli.app_names import chosen, several
from cli.go_flags import GoCommand
from cli.rest import Api, connected
from cli.waiting import until_gone


@click.command(cls=GoCommand)
@several
@click.option("--cascade/--no-cascade", default=True, show_default=True, help="Delete its objects too.")
@click.option(
    "-p",
    "--propagation-policy",
    type=click.Choice(["foreground", "background"]),
    default="foreground",
    show_default=True,
    help="How its objects are deleted.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--wait", is_flag=True, help="Until they are gone.")
@click.option("--timeout", type=click.FloatRange(0), default=0, metavar="SECONDS", help="0: without end.")
@connected
def delete(
    api: Api,
    names: tuple[str, ...],
    selector: str,
    app_namespace: str,
    cascade: bool,
    propagation_policy: str,
    yes: bool,
    wait: bool,
    timeout: float,
) -> None:
    """Delete applications, and with them their objects unless --no-cascade is given."""
    which = chosen(api, names, selector, app_namespace)
    if not yes:
        _confirm([str(name) for name in which], cascade=cascade)
    for name in which:
        policy = propagation_policy if cascade else ""
        api.delete(name.path, appNamespace=name.namespace, cascade=cascade, propagationPolicy=policy)
        if not wait:
            click.echo(f"application {name} is being deleted")
    if wait:
        for name in which:
            until_gone(api, name, timeout_seconds=timeout)
            click.echo(f"application {name} is deleted")


def _confirm(names: list[str], *, cascade: bool) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: confirm with --yes")
    what = "with all of its objects" if cascade else "and leave its objects"
    for name in names:
        click.confirm(f"Delete application {name} {what}?", abort=True, err=True)
