"""Times as Kubernetes writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from common.core.timestamps import parse_time, rfc3339


def test_times_are_utc_and_whole_seconds() -> None:
    """Other zones are converted, fractions are cut."""
    moment = datetime(2026, 1, 1, 1, 0, 0, 999999, tzinfo=timezone(timedelta(hours=1)))
    assert rfc3339(moment) == "2026-01-01T00:00:00Z"


def test_a_time_without_a_zone_is_a_mistake() -> None:
    """Every datetime is aware."""
    with pytest.raises(ValueError, match="zone"):
        rfc3339(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00.5+01:00", datetime(2025, 12, 31, 23, 0, 0, 500000, tzinfo=UTC)),
        ("2026-01-01T00:00:00.0000", None),
        ("2026-01-01", None),
        ("yesterday in the afternoon", None),
        (None, None),
    ],
)
def test_times_are_read(text: object, found: datetime | None) -> None:
    """None for what is no time."""
    assert parse_time(text) == found
