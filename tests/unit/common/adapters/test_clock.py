"""The clocks: aware, UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from common.adapters.clock import SystemClock
from common.adapters.memory.clock import SettableClock


def test_system_clock_is_aware_and_now() -> None:
    """It says what the machine says, in UTC."""
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now.timestamp() - time.time()) < 5


def test_settable_clock_stands_until_moved() -> None:
    """Tests decide what time it is."""
    clock = SettableClock()
    assert clock.now() == clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    clock.advance(1.5)
    assert clock.seconds() == datetime(2026, 1, 1, 0, 0, 1, 500000, tzinfo=UTC).timestamp()
    clock.set(datetime(2026, 6, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now().isoformat() == "2026-06-01T10:00:00+00:00"


def test_settable_clock_wants_a_zone() -> None:
    """A naive time is refused."""
    with pytest.raises(ValueError, match="aware"):
        SettableClock().set(datetime(2026, 1, 1))
