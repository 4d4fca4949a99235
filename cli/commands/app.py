"""`moor app`: the verbs and flags that Argo CD's users know."""

from __future__ import annotations

import click

from cli.lazy import Lazy, Table

COMMANDS: Table = {
    "list": ("cli.commands.app_list:list_apps", "List applications."),
    "get": ("cli.commands.app_get:get", "Show one application."),
    "create": ("cli.commands.app_create:create", "Create an application."),
    "set": ("cli.commands.app_set:set_app", "Change an application's source, destination or policy."),
    "sync": ("cli.commands.app_sync:sync", "Make live equal to what the repository says."),
    "diff": ("cli.commands.app_diff:diff", "Show how live differs from what the repository says."),
    "wait": ("cli.commands.app_wait:wait", "Wait until applications are synced and healthy."),
    "history": ("cli.commands.app_history:history", "Show what was deployed when."),
    "rollback": ("cli.commands.app_history:rollback", "Go back to an earlier entry of the history."),
    "refresh": ("cli.commands.app_refresh:refresh", "Fetch and compare now; changes nothing."),
    "manifests": ("cli.commands.app_manifests:manifests", "Print an application's manifests."),
    "resources": ("cli.commands.app_get:resources", "List an application's objects."),
    "logs": ("cli.commands.app_manifests:logs", "Print logs of an application's pods."),
    "terminate-op": ("cli.commands.app_refresh:terminate", "End the operation that is under way."),
    "delete": ("cli.commands.app_delete:delete", "Delete applications."),
}


@click.group(cls=Lazy, table=COMMANDS)
def app() -> None:
    """Applications.

    An application is named NAME, or NAMESPACE/NAME outside of the home namespace.
    """
