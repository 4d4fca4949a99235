"""`moor app manifests` and `moor app logs`."""

from __future__ import annotations

import click
import orjson

from cli.app_names import app_name, one
from cli.go_flags import GoCommand
from cli.managed import managed, side
from cli.manifest_files import print_objects
from cli.printing import output_option
from cli.rest import UNIMPLEMENTED, Api, RestError, connected


@click.command()
@one
@click.option("--revision", default="", help="At this commit, branch or tag.")
@click.option(
    "--source",
    type=click.Choice(["git", "live"]),
    default="git",
    show_default=True,
    help="What the repository says, or what the cluster has.",
)
@output_option("yaml", "json", "name")
@connected
def manifests(api: Api, name: str, app_namespace: str, revision: str, source: str, output: str) -> None:
    """Print an application's manifests. Values of Secrets are hidden."""
    which = app_name(name, app_namespace)
    if source == "live":
        items = managed(api, which, revision=revision)
        objects = [live for item in items if (live := side(item, "liveState")) is not None]
    else:
        found = api.get(f"{which.path}/manifests", appNamespace=which.namespace, revision=revision)
        objects = [orjson.loads(text) for text in found.get("manifests") or []]
    print_objects(objects, output)


@click.command(cls=GoCommand)
@one
@click.option("--group", default="", help="Of pods of an object of this group.")
@click.option("--kind", default="", help="Of pods of an object of this kind.")
@click.option("--namespace", default="", help="Of pods in this namespace.")
@click.option("--name", "object_name", default="", help="Of pods of this object.")
@click.option("-c", "--container", default="", help="Of this container.")
@click.option("-f", "--follow", is_flag=True, help="Go on as more comes.")
@click.option("--tail", type=int, default=0, help="So many lines from the end.")
@connected
def logs(
    api: Api,
    name: str,
    app_namespace: str,
    group: str,
    kind: str,
    namespace: str,
    object_name: str,
    container: str,
    follow: bool,
    tail: int,
) -> None:
    """Print logs of an application's pods, where the server serves them.

    It does not yet: `kubectl logs` on the destination cluster has them. Pods of sandbox clusters run no
    containers and have none.
    """
    which = app_name(name, app_namespace)
    try:
        found = api.get(
            f"{which.path}/logs",
            appNamespace=which.namespace,
            group=group,
            kind=kind,
            namespace=namespace,
            resourceName=object_name,
            container=container,
            follow=follow,
            tailLines=tail,
        )
    except RestError as error:
        if error.status != UNIMPLEMENTED:
            raise
        raise RestError(
            f"{error.message} (pods of sandbox clusters run no containers: they have no logs)",
            status=error.status,
        ) from error
    click.echo(found.get("content") or "", nl=False)
