"""Go's durations: read, printed, refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.errors import InvalidInput
from common.core.model.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("3m", timedelta(minutes=3)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5s", timedelta(seconds=1.5)),
        (".5h", timedelta(minutes=30)),
        ("1.s", timedelta(seconds=1)),
        ("250ms", timedelta(milliseconds=250)),
        ("7us", timedelta(microseconds=7)),
        ("7µs", timedelta(microseconds=7)),
        ("1999ns", timedelta(microseconds=1)),
        ("-1m", timedelta(minutes=-1)),
        ("+1m", timedelta(minutes=1)),
        ("1m1m", timedelta(minutes=2)),
        ("0", timedelta()),
        ("-0", timedelta()),
    ],
)
def test_what_go_reads(text: str, length: timedelta) -> None:
    """The grammar of time.ParseDuration, to the microsecond."""
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "5", "3x", "m", "1 m", "1m ", "1d", "--1s", ".s", "٣m", "99999999h"])
def test_what_go_refuses(text: str) -> None:
    """No unit, an unknown one, spaces, other digits, more than 64 bits of nanoseconds."""
    with pytest.raises(InvalidInput):
        parse_duration(text)


def test_a_bare_number_counts_as_seconds_where_allowed() -> None:
    """As in the backoff of a retry."""
    assert parse_duration("5", bare_seconds=True) == timedelta(seconds=5)
    assert parse_duration("-5", bare_seconds=True) == timedelta(seconds=-5)
    assert parse_duration("5m", bare_seconds=True) == timedelta(minutes=5)
    with pytest.raises(InvalidInput):
        parse_duration("5.5", bare_seconds=True)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(microseconds=7), "7µs"),
        (timedelta(microseconds=1500), "1.5ms"),
        (timedelta(milliseconds=1500), "1.5s"),
        (timedelta(minutes=3), "3m0s"),
        (timedelta(minutes=90), "1h30m0s"),
        (timedelta(minutes=-90), "-1h30m0s"),
    ],
)
def test_printed_as_go_prints(length: timedelta, text: str) -> None:
    """Duration.String()."""
    assert format_duration(length) == text


@given(st.timedeltas(timedelta(days=-9999), timedelta(days=9999)))
def test_round_trip(length: timedelta) -> None:
    """What is printed is read as the same."""
    assert parse_duration(format_duration(length)) == length


@given(st.text(alphabet="0123456789.hmsnu-+ ", max_size=8))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else comes out of it."""
    try:
        parse_duration(text)
    except InvalidInput as error:
        assert error.errors[0].object == "duration"  # noqa: PT017 - either way is right
