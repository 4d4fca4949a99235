"""`moor completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes commands in SHELL.

    bash, and zsh after compinit: `source <(moor completion bash)`; fish: `moor completion fish | source`.
    """
    from cli.main import cli

    found = get_completion_class(shell)
    if found is None:  # pragma: no cover - the choices are click's own
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(cli, {}, "moor", "_MOOR_COMPLETE").source())
