"""Attempts to log in, one-time links and revoked tokens in memory, on a clock that is given."""

from __future__ import annotations

from datetime import datetime, timedelta

from common.ports import Clock


class MemoryLogins:
    """`ports.Logins`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._attempts: dict[str, tuple[int, datetime]] = {}
        self._once: dict[str, datetime] = {}
        self._revoked: dict[str, datetime] = {}

    def attempt(self, who: str, *, window_seconds: float) -> int:
        """See `Logins.attempt`."""
        now = self._clock.now()
        count, ends = self._attempts.get(who, (0, now))
        if ends <= now:
            count, ends = 0, now + timedelta(seconds=window_seconds)
        self._attempts[who] = (count + 1, ends)
        return count + 1

    def forgive(self, who: str) -> None:
        """See `Logins.forgive`."""
        self._attempts.pop(who, None)

    def hand_out(self, token: str, *, seconds: float) -> None:
        """See `Logins.hand_out`."""
        self._once[token] = self._clock.now() + timedelta(seconds=seconds)

    def take(self, token: str) -> bool:
        """See `Logins.take`."""
        ends = self._once.pop(token, None)
        return ends is not None and ends > self._clock.now()

    def revoke(self, token_id: str, *, seconds: float) -> None:
        """See `Logins.revoke`."""
        self._revoked[token_id] = self._clock.now() + timedelta(seconds=seconds)

    def revoked(self, token_id: str) -> bool:
        """See `Logins.revoked`."""
        ends = self._revoked.get(token_id)
        return ends is not None and ends > self._clock.now()
