"""Whose a drifting field is, from live's managedFields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from common.core.typed.entries import Entry
from common.core.typed.fields import Path


class Blame(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote a field, and when."""

    manager: str
    operation: str
    subresource: str = ""
    time: str = ""
    """RFC 3339, UTC, of the manager's last write; empty when managedFields does not say."""

    def __str__(self) -> str:
        name = f"{self.manager} ({self.subresource})" if self.subresource else self.manager
        clock = self.time[11:19]
        return f"by {name}, {clock}" if clock else f"by {name}"


def blame(path: Path, entries: Iterable[Entry], *, ours: str) -> Blame | None:
    """Who owns the path, or an atomic value around it, or something below it; of several the latest, and
    rather another than `ours`. None when nobody does, as for a field that was removed.
    """
    ranked = [
        (rank, entry.manager != ours, entry.time, entry.manager, entry)
        for entry in entries
        if (rank := _rank(path, entry))
    ]
    if not ranked:
        return None
    entry = max(ranked, key=lambda row: row[:4])[4]
    return Blame(
        manager=entry.manager,
        operation=entry.operation,
        subresource=entry.subresource,
        time=entry.time,
    )


def _rank(path: Path, entry: Entry) -> int:
    """3: the path or what holds it as a whole; 2: something below; 0: nothing of it."""
    if entry.fields.covers(path):
        return 3
    return 2 if entry.fields.node(path) else 0


_LONGEST = 60


def shown(value: Any) -> str:
    """A value in a sentence: scalars as they are, containers as JSON, shortened."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
