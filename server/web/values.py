"""Small parts of view models: badges, ages, short revisions."""

from __future__ import annotations

from datetime import datetime

import msgspec

from common.core.timestamps import parse_time

_TONES = {
    "Synced": "good",
    "Healthy": "good",
    "Succeeded": "good",
    "Pruned": "good",
    "OutOfSync": "warn",
    "Progressing": "busy",
    "Running": "busy",
    "Terminating": "busy",
    "Suspended": "idle",
    "Missing": "warn",
    "Degraded": "bad",
    "Failed": "bad",
    "Error": "bad",
    "SyncFailed": "bad",
    "PruneSkipped": "idle",
}
_WORDS = {"OutOfSync": "Out of sync", "SyncFailed": "Failed", "PruneSkipped": "Not pruned"}


class Badge(msgspec.Struct, frozen=True):
    """A status as a coloured mark with its word."""

    text: str
    tone: str
    """good, warn, bad, busy or idle: also the icon's name."""


def badge(status: str) -> Badge:
    """The mark of a status; an unknown one is grey."""
    return Badge(_WORDS.get(status, status or "Unknown"), _TONES.get(status, "idle"))


_COMMIT = 40


def short(revision: str) -> str:
    """A commit's first seven digits; a chart's version as it is."""
    return revision[:7] if len(revision) == _COMMIT else revision


def age(moment: str, now: datetime) -> str:
    """How long ago, in the largest unit that counts; empty for no time."""
    then = parse_time(moment)
    if then is None:
        return ""
    seconds = max(0, int((now - then).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit} ago"
    return f"{seconds}s ago" if seconds >= 5 else "now"


def repository(url: str) -> str:
    """An address without its scheme and `.git`."""
    return url.partition("://")[2].removesuffix(".git") or url
