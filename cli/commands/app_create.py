"""`moor app create`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.app_names import APPLICATIONS, app_name, name_of
from cli.app_options import changed, spec_options
from cli.app_sources import pair
from cli.go_flags import GoCommand
from cli.manifest_files import FILE
from cli.printing import output_option, print_value
from cli.rest import Api, connected

FINALIZER = "resources-finalizer.argocd.argoproj.io"


@click.command(cls=GoCommand)
@click.argument("name", required=False, metavar="[NAME]")
@click.option("-f", "--file", type=FILE, help="Applications in a file, or - for standard input.")
@click.option("-N", "--app-namespace", default="", metavar="NAMESPACE", help="Where the application lives.")
@click.option("-l", "--label", "labels", multiple=True, metavar="KEY=VALUE", help="Label it.")
@click.option("--annotations", multiple=True, metavar="KEY=VALUE", help="Annotate it.")
@click.option("--set-finalizer", is_flag=True, help="Deleting it deletes its objects.")
@click.option("--upsert", is_flag=True, help="Change the one that is there.")
@spec_options
@output_option("text", "name", "json", "yaml")
@connected
def create(
    api: Api,
    /,
    name: str | None,
    file: Path | None,
    app_namespace: str,
    labels: tuple[str, ...],
    annotations: tuple[str, ...],
    set_finalizer: bool,
    upsert: bool,
    output: str,
    **given: Any,
) -> None:
    """Create an application from flags, or those of a file, which flags change."""
    metadata = {
        "labels": dict(pair(text, "--label") for text in labels),
        "annotations": dict(pair(text, "--annotations") for text in annotations),
        "finalizers": [FINALIZER] if set_finalizer else [],
    }
    made = _documents(file) if file else [{"metadata": {}, "spec": {}}]
    if name and len(made) != 1:
        raise click.UsageError(f"{file} holds {len(made)} applications: a NAME fits none of them")
    if not name and not file:
        raise click.UsageError("give a NAME or a file")
    wanted = [_application(one, name, app_namespace, metadata, given) for one in made]
    for one in wanted:
        answer = api.post(APPLICATIONS, one, upsert=upsert)
        if output in ("json", "yaml"):
            print_value(answer, output)
        elif output == "name":
            click.echo(name_of(answer))
        else:
            click.echo(f"application {name_of(answer)} is created")


def _documents(file: Path) -> list[dict[str, Any]]:
    from cli.manifest_files import read_objects
    from common.core.errors import MooringsError

    try:
        found = read_objects(file)
    except (OSError, MooringsError) as error:
        raise click.ClickException(str(error)) from error
    applications = [one for one in found if one.get("kind") == "Application"]
    if not applications:
        raise click.ClickException(f"{file}: found no Application")
    return applications


def _application(
    base: dict[str, Any], text: str | None, namespace: str, added: dict[str, Any], given: dict[str, Any]
) -> dict[str, Any]:
    had = base.get("metadata") or {}
    metadata: dict[str, Any] = {
        "name": had.get("name") or "",
        "namespace": namespace or had.get("namespace") or "",
        "labels": {**(had.get("labels") or {}), **added["labels"]},
        "annotations": {**(had.get("annotations") or {}), **added["annotations"]},
        "finalizers": list(dict.fromkeys([*(had.get("finalizers") or []), *added["finalizers"]])),
    }
    if text:
        which = app_name(text, namespace)
        if had.get("name") and had["name"] != which.name:
            raise click.UsageError(f"the file's application is {had['name']!r}, not {which.name!r}")
        metadata |= {"name": which.name, "namespace": which.namespace or metadata["namespace"]}
    spec = changed(base.get("spec") or {}, given)
    spec.setdefault("project", "default")
    kept = {key: value for key, value in metadata.items() if value}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": kept, "spec": spec}
