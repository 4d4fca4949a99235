"""What both memories of logins must do."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import redis

from common.adapters.memory.clock import SettableClock
from common.adapters.memory.logins import MemoryLogins
from common.adapters.redis.logins import RedisLogins
from common.ports import Logins

Pair = tuple[Logins, Callable[[float], None]]


@pytest.fixture(params=["memory", "redis"])
def pair(request: pytest.FixtureRequest) -> Pair:
    """Logins and a way to let time go by."""
    if request.param == "memory":
        clock = SettableClock()
        return MemoryLogins(clock), clock.advance
    client: redis.Redis = request.getfixturevalue("valkey")
    return RedisLogins(client), time.sleep


def test_attempts_are_counted_in_their_window(pair: Pair) -> None:
    """Each name on its own; the window begins with the first, and a success forgets them."""
    logins, wait = pair
    assert [logins.attempt("a", window_seconds=0.3) for _ in range(3)] == [1, 2, 3]
    assert logins.attempt("b", window_seconds=60) == 1
    logins.forgive("b")
    assert logins.attempt("b", window_seconds=60) == 1
    wait(0.35)
    assert logins.attempt("a", window_seconds=0.3) == 1


def test_a_token_is_taken_once_and_in_time(pair: Pair) -> None:
    """The second taker gets nothing."""
    logins, wait = pair
    logins.hand_out("one", seconds=60)
    assert [logins.take("one"), logins.take("one"), logins.take("two")] == [True, False, False]
    logins.hand_out("late", seconds=0.05)
    wait(0.1)
    assert not logins.take("late")


def test_a_revocation_lasts_as_long_as_the_token(pair: Pair) -> None:
    """And concerns that token alone."""
    logins, wait = pair
    logins.revoke("t", seconds=0.2)
    assert [logins.revoked("t"), logins.revoked("u")] == [True, False]
    wait(0.25)
    assert not logins.revoked("t")
