"""`moor cluster`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from cli.app_sources import pair
from cli.cluster_access import contexts_of, described
from cli.go_flags import GoCommand
from cli.printing import at_path, output_option, print_table, print_value
from cli.rest import Api, RestError, connected


@click.group()
def cluster() -> None:
    """Clusters that applications are deployed to."""


@cluster.command("list")
@output_option("wide", "server", "name", "json", "yaml")
@connected
def list_clusters(api: Api, output: str) -> None:
    """List clusters, and whether their API servers answer."""
    found = api.get("/api/v1/clusters").get("items") or []
    if output in ("json", "yaml"):
        print_value(found, output)
    elif output in ("server", "name"):
        for one in found:
            click.echo(one[output])
    else:
        print_table(
            ("SERVER", "NAME", "VERSION", "APPS", "STATUS", "MESSAGE", "PROJECT"),
            (_row(one) for one in found),
        )


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    state = one.get("connectionState") or {}
    apps = at_path(one, "info", "applicationsCount", default=0)
    status, message = state.get("status"), state.get("message")
    return (one["server"], one["name"], one.get("serverVersion"), apps, status, message, one.get("project"))


@cluster.command("add", cls=GoCommand)
@click.argument("context_name", required=False, metavar="[CONTEXT]")
@click.option("--kubeconfig", default="", metavar="FILE", help="Else $KUBECONFIG, else ~/.kube/config.")
@click.option("--name", default="", help="What it is called; the context's name when left out.")
@click.option("--namespace", "namespaces", multiple=True, help="Only this namespace; may repeat.")
@click.option("--cluster-resources", is_flag=True, help="With --namespace: objects of the cluster too.")
@click.option("--project", default="", help="Only for applications of this project.")
@click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="Label it.")
@click.option("--upsert", is_flag=True, help="Change the one that is there.")
@click.option("-y", "--yes", is_flag=True, help="Nothing is asked anyway; for scripts that say so.")
@connected
def add_cluster(
    api: Api,
    context_name: str | None,
    kubeconfig: str,
    name: str,
    namespaces: tuple[str, ...],
    cluster_resources: bool,
    project: str,
    labels: tuple[str, ...],
    upsert: bool,
    yes: bool,
) -> None:
    """Declare the cluster of a kubeconfig's CONTEXT, with the credentials that the context has.

    Nothing is created on the cluster itself: what the context may do there is what Moorings may do.
    """
    del yes
    if not context_name:
        known = ", ".join(contexts_of(kubeconfig)) or "none"
        raise click.UsageError(f"name a context; the kubeconfig has: {known}")
    body = described(kubeconfig, context_name) | {
        "namespaces": list(namespaces),
        "clusterResources": cluster_resources,
        "project": project,
        "labels": dict(pair(text, "--label") for text in labels),
    }
    body["name"] = name or body["name"]
    answer = api.post("/api/v1/clusters", body, upsert=upsert)
    click.echo(f"cluster {answer['name']} ({answer['server']}) is declared")
    state = answer.get("connectionState") or {}
    if state.get("status") == "Failed":
        click.echo(f"warning: it does not answer: {state.get('message')}", err=True)


@cluster.command("rm", cls=GoCommand)
@click.argument("clusters", nargs=-1, required=True, metavar="SERVER|NAME...")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@connected
def remove_cluster(api: Api, clusters: tuple[str, ...], yes: bool) -> None:
    """Forget clusters; nothing on them is touched."""
    if not yes:
        click.confirm(f"Forget {', '.join(clusters)}?", abort=True, err=True)
    for one in clusters:
        kind = "" if "://" in one else "name"
        try:
            api.delete(f"/api/v1/clusters/{quote(one, safe='')}", **{"id.type": kind})
        except RestError as error:
            raise RestError(f"{one}: {error.message}", status=error.status) from error
        click.echo(f"cluster {one} is forgotten")
