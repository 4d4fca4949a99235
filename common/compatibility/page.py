"""docs/compatibility.md, made from the table."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from operator import attrgetter

from common.compatibility.table import Disposition, Row, rows

_HEAD = """<!-- Written by `python -m common.compatibility --write`; do not edit. -->

# Compatibility

What installations of Argo CD 3.6 carry, and what Moorings does with it now. Names are those of its published
API. The same table is read by the program: a name that is not honoured is said in a condition on the
Application or by `moor migrate check`, never passed over in silence.

| word | meaning |
|---|---|
| honour | works, and is tested |
| accept | is read, and has no meaning here |
| later | not yet |
| refuse | an error says why |
"""


def page() -> str:
    """The whole page."""
    counts = Counter(row.now for row in rows())
    total = ", ".join(f"{counts[one]} {one}" for one in Disposition if counts[one])
    parts = [_HEAD, f"\nNow: {total}.\n"]
    for where, group in groupby(rows(), key=attrgetter("where")):
        parts.append(f"\n## {where}\n\n| name | now | note |\n|---|---|---|\n")
        parts += [_line(row) for row in group]
    return "".join(parts)


def _line(row: Row) -> str:
    name = row.name if row.where == "Behaviour" else f"`{row.name}`"
    return f"| {name} | {row.now} | {row.note} |\n".replace("|  |", "| |")
