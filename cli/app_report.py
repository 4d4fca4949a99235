"""One application as text: what it is, how it does, its last operation, its objects."""

from __future__ import annotations

from typing import Any

import click

from cli.app_names import name_of
from cli.commands.app_list import sources_of, sync_policy
from cli.printing import at_path, colored, print_fields, print_table

App = dict[str, Any]


def print_application(app: App, server: str) -> None:
    """What it is and how it does."""
    which = name_of(app)
    destination = at_path(app, "spec", "destination", default={})
    print_fields(
        [
            ("Name", which),
            ("Project", at_path(app, "spec", "project", default="default")),
            ("Server", destination.get("name") or destination.get("server") or ""),
            ("Namespace", destination.get("namespace") or ""),
            ("URL", f"{server}/applications/{which.namespace}/{which.name}"),
        ]
    )
    for source in sources_of(app):
        click.echo("Source:")
        place = ("Chart", source["chart"]) if source.get("chart") else ("Path", source.get("path") or "")
        print_fields(
            [
                ("- Repo", source.get("repoURL") or ""),
                ("  Target", source.get("targetRevision") or ""),
                (f"  {place[0]}", place[1]),
            ]
        )
    sync, health = at_path(app, "status", "sync", default={}), at_path(app, "status", "health", default={})
    word = str(sync.get("status") or "Unknown")
    print_fields(
        [
            ("Sync Policy", sync_policy(app)),
            ("Sync Status", f"{colored(word)}{_at(app)}"),
            ("Health Status", colored(str(health.get("status") or "Unknown"))),
        ]
    )
    conditions = at_path(app, "status", "conditions", default=[])
    if conditions:
        click.echo()
        print_table(
            ("CONDITION", "MESSAGE", "LAST TRANSITION"),
            ((one.get("type"), one.get("message"), one.get("lastTransitionTime")) for one in conditions),
        )


def _at(app: App) -> str:
    sync = at_path(app, "status", "sync", default={})
    revisions = sync.get("revisions") or [sync.get("revision")]
    shown = ", ".join(short(str(one)) for one in revisions if one)
    targets = ", ".join(str(one.get("targetRevision") or "HEAD") for one in sources_of(app))
    return f" to {targets} ({shown})" if shown else f" to {targets}" if targets else ""


def short(revision: str) -> str:
    """Seven digits of a commit; a chart's version as it is."""
    is_commit = len(revision) == 40 and all(one in "0123456789abcdef" for one in revision)
    return revision[:7] if is_commit else revision


def print_operation(app: App) -> None:
    """The last operation, or the one under way."""
    state = at_path(app, "status", "operationState", default={})
    if not state:
        return
    click.echo()
    print_fields(
        [
            ("Operation", "Sync"),
            ("Sync Revision", at_path(state, "syncResult", "revision")),
            ("Phase", colored(str(state.get("phase") or ""))),
            ("Start", state.get("startedAt") or ""),
            ("Finished", state.get("finishedAt") or ""),
            ("Message", " ".join(str(state.get("message") or "").split())),
        ]
    )


def print_parameters(app: App) -> None:
    """Helm's parameters and Kustomize's images of its sources."""
    rows = [
        (source.get("path") or source.get("chart"), one.get("name"), one.get("value"))
        for source in sources_of(app)
        for one in at_path(source, "helm", "parameters", default=[])
    ]
    rows += [
        (source.get("path"), "image", image)
        for source in sources_of(app)
        for image in at_path(source, "kustomize", "images", default=[])
    ]
    if rows:
        click.echo()
        print_table(("SOURCE", "NAME", "VALUE"), rows)


def print_resources(app: App) -> None:
    """The objects, each with what the last operation said of it."""
    said = {
        _key(one): one
        for one in at_path(app, "status", "operationState", "syncResult", "resources", default=[])
    }
    rows = []
    for one in at_path(app, "status", "resources", default=[]):
        result = said.pop(_key(one), {})
        message = at_path(one, "health", "message") or result.get("message")
        rows.append((*_key(one), one.get("status"), at_path(one, "health", "status"), _hook(one), message))
    rows += [
        (
            *key,
            result.get("status") or result.get("hookPhase"),
            "",
            result.get("hookType"),
            result.get("message"),
        )
        for key, result in said.items()
    ]
    if rows:
        print_table(("GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE"), rows)


def _key(one: dict[str, Any]) -> tuple[str, str, str, str]:
    return (
        str(one.get("group") or ""),
        str(one.get("kind") or ""),
        str(one.get("namespace") or ""),
        str(one.get("name") or ""),
    )


def _hook(one: dict[str, Any]) -> str:
    return "Yes" if one.get("hook") else ""
