"""The `moor` command. Modules of subcommands are imported when they run: `moor --help` stays quick."""

from __future__ import annotations

import importlib
from typing import Any

import click

from common import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("cli.up.command:up", "Run everything on this machine: sandbox clusters, Valkey, workers, page."),
    "down": ("cli.up.command:down", "Stop what `moor up` runs."),
    "worker": ("cli.commands.processes:worker", "Run a worker; settings come from the environment."),
    "beat": ("cli.commands.processes:beat", "Run a beat: it rings what is due."),
    "watch": ("cli.commands.processes:watch", "Run the watchers of clusters."),
    "server": ("cli.commands.processes:server", "Run the server: API, webhooks and page."),
    "control": ("cli.commands.processes:control", "Run beat, watchers and server in one process."),
    "tools": ("cli.commands.tools:tools", "Install programs that rendering needs."),
    "doctor": (
        "cli.commands.tools:doctor",
        "Say which programs were found, and what a missing one costs.",
    ),
    "render": ("cli.commands.render:render", "Render an Application from a working copy, without a server."),
    "diff": ("cli.commands.diff_files:diff", "Compare live and desired manifests, without a server."),
    "health": ("cli.commands.health:health", "Say how objects in a file do, without a server."),
}
"""Name → where it is, and its line in `moor --help`."""


class Lazy(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Import one."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return found

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """The table's lines, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="moor")
def cli() -> None:
    """Moorings keeps fleets of Kubernetes clusters moored to Git."""


def main(**options: Any) -> None:
    """The program. Exit codes: 0 done, 1 an error (for `diff` a difference), 2 wrong usage."""
    cli(prog_name="moor", **options)


if __name__ == "__main__":
    main()
