"""A clock that stands still until it is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SettableClock:
    """`ports.Clock` for tests."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        """What it was set to."""
        return self._now

    def set(self, now: datetime) -> None:
        """Show this from now on. Raises ValueError for a time without its zone."""
        if now.tzinfo is None:
            raise ValueError(f"the clock needs an aware time, found {now!r}")
        self._now = now.astimezone(UTC)

    def advance(self, seconds: float) -> None:
        """Let so much time go by."""
        self._now += timedelta(seconds=seconds)

    def seconds(self) -> float:
        """The same as seconds since 1970, as the due set wants it."""
        return self._now.timestamp()
