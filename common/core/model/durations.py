"""Durations as Go writes them: `3m`, `1h30m`, `1.5s`.

The grammar is that of Go's `time.ParseDuration`; a bare number counts as seconds where Argo CD allows it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction

from common.core.errors import InvalidInput

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_WHOLE = re.compile(rf"([+-]?)((?:{_PART.pattern})+)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)
_LIMIT = 1 << 63
"""Go keeps nanoseconds in 64 bits: about 292 years."""

EXPECTED = "a duration such as 30s, 3m or 1h30m"


def parse_duration(text: str, *, bare_seconds: bool = False) -> timedelta:
    """The length of time; what is below a microsecond is cut. Negative ones are read as such.

    `bare_seconds`: whether a number without a unit counts as seconds.

    Raises:
        InvalidInput: it is none, or longer than Go can hold.
    """
    if bare_seconds and _NUMBER.fullmatch(text):
        text = f"{text}s"
    whole = _WHOLE.fullmatch(text)
    if text in ("0", "+0", "-0"):
        return timedelta()
    if whole is None:
        raise InvalidInput("duration", "", found=text, expected=EXPECTED)
    total = sum(
        (Fraction(number) * _NANOSECONDS[unit] for number, unit in _PART.findall(whole[2])), Fraction()
    )
    if total >= _LIMIT:
        raise InvalidInput("duration", "", found=text, expected="less than 292 years")
    length = timedelta(microseconds=int(total / 1000))
    return -length if whole[1] == "-" else length


def format_duration(length: timedelta) -> str:
    """As Go prints it: `1h30m0s`, `1.5s`, `250ms`, `0s`."""
    micros = length // timedelta(microseconds=1)
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    if micros == 0:
        return "0s"
    if micros < 1_000:
        return f"{sign}{micros}µs"
    if micros < 1_000_000:
        return f"{sign}{_decimal(micros, 1_000)}ms"
    minutes, rest = divmod(micros, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{_decimal(rest, 1_000_000)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else f"{sign}{seconds}"


def _decimal(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    fraction = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)
