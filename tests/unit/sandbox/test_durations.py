"""Spans as kubectl shows them and as annotations write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.durations import age, human, parse_seconds

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (200, "3m20s"), (600, "10m"), (10799, "179m"),
        (10800, "3h"), (12000, "3h20m"), (28800, "8h"), (172799, "47h"), (172800, "2d"), (180000, "2d2h"),
        (691200, "8d"), (63072000, "2y"), (66000000, "2y33d"),
    ],
)  # fmt: skip
def test_spans_get_coarser_with_age(seconds: int, shown: str) -> None:
    """kubectl's own steps."""
    assert human(seconds) == shown


def test_ages() -> None:
    """From a timestamp; what is none says so."""
    assert age("2026-01-02T03:04:00Z", NOW) == "5s"
    assert age(None, NOW) == "<unknown>"
    assert age("yesterday", NOW) == "<invalid>"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("300ms", 0.3), ("2s", 2.0), ("1m30s", 90.0), ("1.5h", 5400.0), ("x", None), ("2", None)],
)
def test_annotation_durations(text: str, seconds: float | None) -> None:
    """Units are needed; anything else is no duration."""
    assert parse_seconds(text) == seconds
