"""What the commands show: tables, JSON, YAML; colours only on a terminal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from cli.manifest_files import print_json

_COLORS = {
    "green": ("Synced", "Healthy", "Succeeded", "Successful", "Pruned"),
    "yellow": ("OutOfSync", "Progressing", "Missing", "Running", "Terminating", "Suspended", "PruneSkipped"),
    "red": ("Degraded", "Failed", "Error", "SyncFailed"),
    "magenta": ("Unknown",),
}
_COLOR_OF = {word: color for color, words in _COLORS.items() for word in words}

Command = Callable[..., Any]


def output_option(*formats: str) -> Callable[[Command], Command]:
    """`-o` with these formats, the first being what it is when left out."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Format.",
    )


def colored(word: str) -> str:
    """A status in its colour. click takes it away where the output is no terminal."""
    color = _COLOR_OF.get(word.strip())
    return click.style(word, fg=color) if color and not os.environ.get("NO_COLOR") else word


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as what is in them; statuses in colour. Rows of one line, whatever is in them."""
    texts = [[" ".join(str("" if cell is None else cell).splitlines()) for cell in row] for row in rows]
    lines = [list(titles), *texts]
    widths = [max(len(line[place]) for line in lines) for place in range(len(titles))]
    for number, line in enumerate(lines):
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        shown = cells if number == 0 else [colored(cell) for cell in cells]
        click.echo("  ".join(shown).rstrip())


def print_fields(pairs: Iterable[tuple[str, object]]) -> None:
    """`Name:  value` lines; empty values are shown as such."""
    for name, value in pairs:
        click.echo(f"{name + ':':<20}{value}".rstrip())


def print_value(value: Any, output: str) -> None:
    """As JSON or as YAML."""
    if output == "json":
        print_json(value)
    else:
        from common.core.compare.diff import as_yaml

        click.echo(as_yaml(value), nl=False)


def at_path(value: Any, *path: str, default: Any = "") -> Any:
    """A value within nested mappings; the default where a step is missing, null or no mapping."""
    for name in path:
        if not isinstance(value, dict) or value.get(name) is None:
            return default
        value = value[name]
    return value
