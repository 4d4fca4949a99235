"""The rows of `table.yaml`."""

from __future__ import annotations

import enum
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

import msgspec
import yaml

from common.core.convert import convert


class Disposition(enum.StrEnum):
    """What Moorings does with a name now."""

    HONOUR = "honour"
    """It works, and is tested."""
    ACCEPT = "accept"
    """It is read, and has no meaning here."""
    LATER = "later"
    """Not yet; a condition or check says so."""
    REFUSE = "refuse"
    """An error that says why."""


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One name."""

    where: str
    """The object, or the part of one, that has it."""
    name: str
    """A field's path, a key, an annotation; with `*` for any text."""
    now: Disposition
    note: str = ""


@cache
def rows() -> tuple[Row, ...]:
    """All rows, in the order of the table."""
    text = (files("common.compatibility") / "table.yaml").read_bytes()
    return convert(yaml.load(text, Loader=_LOADER), tuple[Row, ...])  # noqa: S506 - safe loaders


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def row_of(where: str, name: str) -> Row | None:
    """The row of a name: the very one before one with `*`, and of those the most telling one."""
    named = [row for row in rows() if row.where == where]
    for row in named:
        if row.name == name:
            return row
    matching = [row for row in named if "*" in row.name and fnmatchcase(name, row.name)]
    return max(matching, key=lambda row: len(row.name), default=None)
