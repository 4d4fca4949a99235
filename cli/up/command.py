"""`moor up` and `moor down`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import click
import msgspec
import orjson

from cli.commands.tools import data_dir_option
from cli.up.settings import PortInUse, UpSettings
from cli.up.supervisor import AlreadyRunning, Supervisor, data_dir_lock
from common.core.convert import convert

STOP_TIMEOUT_SECONDS = 30.0


@click.command()
@data_dir_option
@click.option("--clusters", type=click.IntRange(1, 64), default=2, show_default=True, help="How many.")
@click.option(
    "--kubeconfig",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Use this cluster as the home cluster, and start no sandbox.",
)
@click.option("--context", default="", help="Its context; the current one when left out.")
@click.option("--namespace", default="argocd", show_default=True, help="Where Applications live.")
@click.option("--redis", "redis_url", default="", help="Use this Redis, and start no Valkey.", metavar="URL")
@click.option("--example/--no-example", default=True, help="Create the example repository and Applications.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker processes.")
@click.option("--concurrency", type=click.IntRange(1, 1000), default=8, show_default=True, help="Threads.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the page.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="Its port.")
@click.option("--verbose", is_flag=True, help="Show every part's log on the terminal.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: one line on stdout when all is ready, and nothing else.",
)
def up(output: str, data_dir: Path, kubeconfig: Path | None, **options: object) -> None:
    """Run everything on this machine, until Ctrl-C.

    Starts an embedded Valkey, sandbox clusters, an example Git repository with Applications on it, workers,
    beat, watchers and the page. A second start goes on where the first one stopped.
    """
    settings = convert(
        {
            **options,
            "data_dir": data_dir.expanduser().absolute(),
            "kubeconfig": kubeconfig and kubeconfig.absolute(),
            "example": bool(options["example"]) and kubeconfig is None,
        },
        UpSettings,
    )
    try:
        with data_dir_lock(settings.data_dir):
            code = asyncio.run(_up(settings, output))
    except AlreadyRunning as error:
        raise click.ClickException(str(error)) from error
    sys.exit(code)


async def _up(settings: UpSettings, output: str) -> int:
    from cli.up.part import PartFailed
    from cli.up.run import bring_up
    from common.core.errors import MooringsError
    from sandbox.example import ExampleError

    supervisor = Supervisor()
    supervisor.stop_on_signals()
    try:
        ready = await bring_up(settings, supervisor, lambda line: _progress(line, output))
        if output == "json":
            click.echo(orjson.dumps(msgspec.to_builtins(ready)).decode())
            sys.stdout.flush()
        else:
            from cli.up.report import report

            click.echo(report(ready))
        await supervisor.watch(lambda sentence: click.echo(f"moor up: {sentence}", err=True))
    except (PartFailed, PortInUse, MooringsError, ExampleError) as error:
        click.echo(f"moor up: {error}", err=True)
        return 1
    except asyncio.CancelledError:
        return 130
    finally:
        _progress("stopping", output)
        await supervisor.stop()
        settings.ready_file.unlink(missing_ok=True)
    return 0


def _progress(line: str, output: str) -> None:
    if output != "json" or sys.stderr.isatty():
        click.echo(f"  {line} …", err=True)


@click.command()
@data_dir_option
def down(data_dir: Path) -> None:
    """Stop what `moor up` runs on a data directory, and wait until it has ended."""
    lock = data_dir.expanduser() / "up.lock"
    pid = _holder(lock)
    if pid is None:
        click.echo("moor up is not running", err=True)
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while _holder(lock) is not None:
        if time.monotonic() > deadline:
            raise click.ClickException(
                f"moor up (process {pid}) has not ended within {STOP_TIMEOUT_SECONDS:.0f} s"
            )
        time.sleep(0.05)


def _holder(lock: Path) -> int | None:
    """The process that holds the data directory; None when nobody does."""
    import fcntl

    with contextlib.suppress(FileNotFoundError), lock.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            text = file.read().strip()
            return int(text) if text.isdigit() else None
    return None
