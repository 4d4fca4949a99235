"""`moor proj`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from cli.printing import at_path, output_option, print_fields, print_table, print_value
from cli.rest import Api, connected


@click.group()
def proj() -> None:
    """Projects: what may be deployed from where to where."""


@proj.command("list")
@output_option("wide", "name", "json", "yaml")
@connected
def list_projects(api: Api, output: str) -> None:
    """List projects."""
    found = api.get("/api/v1/projects").get("items") or []
    if output in ("json", "yaml"):
        print_value(found, output)
    elif output == "name":
        for one in found:
            click.echo(one["metadata"]["name"])
    else:
        print_table(
            ("NAME", "DESCRIPTION", "DESTINATIONS", "SOURCES", "CLUSTER-RESOURCES", "NAMESPACE-RESOURCES"),
            (_row(one) for one in found),
        )


def _row(project: dict[str, Any]) -> tuple[object, ...]:
    spec = project.get("spec") or {}
    return (
        project["metadata"]["name"],
        spec.get("description"),
        _some(
            [
                f"{one.get('server') or one.get('name')},{one.get('namespace')}"
                for one in _list(spec, "destinations")
            ]
        ),
        _some(_list(spec, "sourceRepos")),
        _some(_kinds(spec, "clusterResourceWhitelist")),
        _some(_kinds(spec, "namespaceResourceWhitelist"))
        if _list(spec, "namespaceResourceWhitelist")
        else "<all>",
    )


def _list(spec: dict[str, Any], name: str) -> list[Any]:
    return list(spec.get(name) or [])


def _kinds(spec: dict[str, Any], name: str) -> list[str]:
    return [f"{one.get('group', '')}/{one.get('kind', '')}" for one in _list(spec, name)]


def _some(values: list[str]) -> str:
    """One as it is, several as their number: a row stays a line."""
    return "<none>" if not values else str(values[0]) if len(values) == 1 else f"{len(values)} entries"


@proj.command("get")
@click.argument("name", metavar="NAME")
@output_option("wide", "name", "json", "yaml")
@connected
def get_project(api: Api, name: str, output: str) -> None:
    """Show one project."""
    found = api.get(f"/api/v1/projects/{quote(name, safe='')}")
    spec = found.get("spec") or {}
    if output in ("json", "yaml"):
        print_value(found, output)
        return
    if output == "name":
        click.echo(found["metadata"]["name"])
        return
    destinations = [
        f"{one.get('server') or one.get('name')},{one.get('namespace')}"
        for one in _list(spec, "destinations")
    ]
    print_fields([("Name", found["metadata"]["name"]), ("Description", at_path(spec, "description"))])
    for title, values in (
        ("Destinations", destinations),
        ("Repositories", _list(spec, "sourceRepos")),
        ("Cluster kinds", _kinds(spec, "clusterResourceWhitelist")),
        ("  denied", _kinds(spec, "clusterResourceBlacklist")),
        ("Namespaced kinds", _kinds(spec, "namespaceResourceWhitelist") or ["<all>"]),
        ("  denied", _kinds(spec, "namespaceResourceBlacklist")),
    ):
        first, *rest = [str(value) for value in values] or ["<none>"]
        print_fields([(title, first)])
        for value in rest:
            click.echo(f"{'':<20}{value}")
