"""The `moor` command. Modules of subcommands are imported when they run: `moor --help` stays quick."""

from __future__ import annotations

from typing import Any

import click

from cli.lazy import Lazy, Table
from common import __version__

COMMANDS: Table = {
    "up": ("cli.up.command:up", "Run everything on this machine: sandbox clusters, Valkey, workers, page."),
    "down": ("cli.up.command:down", "Stop what `moor up` runs."),
    "worker": ("cli.commands.processes:worker", "Run a worker; settings come from the environment."),
    "beat": ("cli.commands.processes:beat", "Run a beat: it rings what is due."),
    "watch": ("cli.commands.processes:watch", "Run the watchers of clusters."),
    "server": ("cli.commands.processes:server", "Run the server: API, webhooks and page."),
    "control": ("cli.commands.processes:control", "Run beat, watchers and server in one process."),
    "login": ("cli.commands.login:login", "Log in to a server, and remember it."),
    "logout": ("cli.commands.login:logout", "Log out of a server, and forget it."),
    "app": ("cli.commands.app:app", "Applications: list, get, create, sync, diff, wait, …"),
    "cluster": ("cli.commands.cluster:cluster", "Clusters: list, add, rm."),
    "repo": ("cli.commands.repo:repo", "Repositories: list, add, rm."),
    "proj": ("cli.commands.proj:proj", "Projects: list, get."),
    "tools": ("cli.commands.tools:tools", "Install programs that rendering needs."),
    "doctor": (
        "cli.commands.tools:doctor",
        "Say which programs were found, and what a missing one costs.",
    ),
    "render": ("cli.commands.render:render", "Render an Application from a working copy, without a server."),
    "diff": ("cli.commands.diff_files:diff", "Compare live and desired manifests, without a server."),
    "health": ("cli.commands.health:health", "Say how objects in a file do, without a server."),
    "version": ("cli.commands.version:version", "Print the version of this command and of the server."),
    "completion": (
        "cli.commands.completion:completion",
        "Print a script that completes commands in a shell.",
    ),
}
"""Name → where it is, and its line in `moor --help`."""


@click.group(cls=Lazy, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="moor")
def cli() -> None:
    """Moorings keeps fleets of Kubernetes clusters moored to Git."""


def main(**options: Any) -> None:
    """The program. Exit codes: 0 done, 1 an error (for `diff` a difference), 2 wrong usage."""
    cli(prog_name="moor", **options)


if __name__ == "__main__":
    main()
