"""`moor app list`."""

from __future__ import annotations

from typing import Any

import click

from cli.app_names import APPLICATIONS, name_of, namespace_option, selector_option
from cli.printing import at_path, output_option, print_table, print_value
from cli.rest import Api, connected

_TITLES = (
    *("NAME", "CLUSTER", "NAMESPACE", "PROJECT", "STATUS", "HEALTH", "SYNCPOLICY", "CONDITIONS"),
    *("REPO", "PATH", "TARGET"),
)


@click.command("list")
@selector_option
@namespace_option
@click.option("-p", "--project", "projects", multiple=True, help="Those of this project; may repeat.")
@click.option("-r", "--repo", default="", help="Those of this repository.")
@click.option("-c", "--cluster", default="", help="Those on this cluster, by name or address.")
@output_option("wide", "name", "json", "yaml")
@connected
def list_apps(
    api: Api,
    selector: str,
    app_namespace: str,
    projects: tuple[str, ...],
    repo: str,
    cluster: str,
    output: str,
) -> None:
    """List applications."""
    found = api.get(APPLICATIONS, selector=selector, appNamespace=app_namespace, projects=projects, repo=repo)
    apps = [app for app in found.get("items") or [] if not cluster or cluster in _cluster_names(app)]
    if output in ("json", "yaml"):
        print_value(apps, output)
    elif output == "name":
        for app in apps:
            click.echo(name_of(app))
    else:
        print_table(_TITLES, (_row(app) for app in apps))


def _cluster_names(app: dict[str, Any]) -> set[str]:
    destination = at_path(app, "spec", "destination", default={})
    names = {str(destination.get("server") or ""), str(destination.get("name") or "")} - {""}
    home = {"in-cluster", "https://kubernetes.default.svc"}
    return names | home if names & home else names


def sources_of(app: dict[str, Any]) -> list[dict[str, Any]]:
    """`spec.sources`, or the one `spec.source`."""
    many = at_path(app, "spec", "sources", default=[])
    single = at_path(app, "spec", "source", default=None)
    return list(many) or ([single] if single else [])


def sync_policy(app: dict[str, Any]) -> str:
    """The policy in one word, with what is automated."""
    automated = at_path(app, "spec", "syncPolicy", "automated", default=None)
    if automated is None or automated.get("enabled") is False:
        return "Manual"
    return "Auto-Prune" if automated.get("prune") else "Auto"


def _row(app: dict[str, Any]) -> tuple[object, ...]:
    destination = at_path(app, "spec", "destination", default={})
    conditions = sorted({str(one.get("type")) for one in at_path(app, "status", "conditions", default=[])})
    source = (sources_of(app) or [{}])[0]
    return (
        name_of(app),
        destination.get("name") or destination.get("server"),
        destination.get("namespace"),
        at_path(app, "spec", "project", default="default"),
        at_path(app, "status", "sync", "status", default="Unknown"),
        at_path(app, "status", "health", "status", default="Unknown"),
        sync_policy(app),
        ",".join(conditions) or "<none>",
        source.get("repoURL"),
        source.get("path") or source.get("chart"),
        source.get("targetRevision"),
    )
