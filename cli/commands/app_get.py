"""`moor app get` and `moor app resources`."""

from __future__ import annotations

from typing import Any

import click

from cli.app_names import AppName, app_name, one
from cli.app_report import print_application, print_operation, print_parameters, print_resources
from cli.app_tree import print_tree
from cli.go_flags import GoCommand
from cli.printing import output_option, print_table, print_value
from cli.rest import Api, connected


@click.command(cls=GoCommand)
@one
@click.option("--refresh", is_flag=True, help="Fetch and compare first.")
@click.option("--hard-refresh", is_flag=True, help="The same, without anything that is cached.")
@click.option("--show-operation", is_flag=True, help="Show the last operation too.")
@click.option("--show-params", is_flag=True, help="Show the sources' parameters too.")
@output_option("wide", "tree", "name", "json", "yaml")
@connected
def get(
    api: Api,
    name: str,
    app_namespace: str,
    refresh: bool,
    hard_refresh: bool,
    show_operation: bool,
    show_params: bool,
    output: str,
) -> None:
    """Show one application, with the status and health of its objects."""
    which = app_name(name, app_namespace)
    how = "hard" if hard_refresh else "normal" if refresh else ""
    app = which.fetch(api, refresh=how)
    if output in ("json", "yaml"):
        print_value(app, output)
        return
    if output == "name":
        click.echo(AppName(app["metadata"]["name"], app["metadata"].get("namespace", "")))
        return
    print_application(app, api.target.server)
    if show_operation:
        print_operation(app)
    if show_params:
        print_parameters(app)
    click.echo()
    if output == "tree":
        print_tree(_nodes(api, which), app)
    else:
        print_resources(app)


@click.command(cls=GoCommand)
@one
@click.option("--orphaned", is_flag=True, help="Only objects in its namespaces that are nobody's.")
@output_option("wide", "tree", "name", "json", "yaml")
@connected
def resources(api: Api, name: str, app_namespace: str, orphaned: bool, output: str) -> None:
    """List an application's objects, with those that they own."""
    which = app_name(name, app_namespace)
    nodes = _nodes(api, which, orphaned=orphaned)
    if output in ("json", "yaml"):
        print_value(nodes, output)
    elif output == "tree":
        print_tree(nodes, which.fetch(api))
    elif output == "name":
        for node in nodes:
            click.echo(_path(node))
    else:
        print_table(
            ("GROUP", "KIND", "NAMESPACE", "NAME", "HEALTH", "ORPHANED"),
            (
                (
                    *(node.get(field) for field in ("group", "kind", "namespace", "name")),
                    (node.get("health") or {}).get("status"),
                    "Yes" if orphaned else "No",
                )
                for node in nodes
            ),
        )


def _nodes(api: Api, which: AppName, *, orphaned: bool = False) -> list[dict[str, Any]]:
    found = api.get(f"{which.path}/resource-tree", appNamespace=which.namespace)
    return list(found.get("orphanedNodes" if orphaned else "nodes") or [])


def _path(node: dict[str, Any]) -> str:
    group, namespace = node.get("group") or "", node.get("namespace") or ""
    kind = str(node["kind"]).lower() + (f".{group}" if group else "")
    return f"{namespace}/{kind}/{node['name']}" if namespace else f"{kind}/{node['name']}"
