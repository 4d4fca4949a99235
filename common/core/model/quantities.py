"""Kubernetes quantities: `500m`, `1.5Gi`, `2e3`, exactly.

The grammar is that of kubernetes.io, "Quantity": a signed decimal and a binary suffix, a decimal suffix or
an exponent.
"""

from __future__ import annotations

import re
from fractions import Fraction

from common.core.errors import InvalidInput

EXPECTED = "a quantity such as 500m, 1.5Gi or 10M"

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {f"{letter}i": power for power, letter in enumerate("KMGTPE", 1)}


def parse_quantity(value: str | float) -> Fraction:
    """The number that it stands for. A number counts as the text it prints as.

    Raises:
        InvalidInput: it is none.
    """
    match = _QUANTITY.fullmatch(str(value))
    if match is None or isinstance(value, bool):
        raise InvalidInput("quantity", "", found=value, expected=EXPECTED)
    number, suffix, exponent = match.groups()
    if suffix in _BINARY:
        return Fraction(number) * Fraction(1024) ** _BINARY[suffix]
    return Fraction(number) * Fraction(10) ** int(exponent or _DECIMAL.get(suffix or "", 0))


def compare_quantities(a: str | float, b: str | float) -> int:
    """Below 0, 0 or above 0, as `a` is smaller than, equal to or larger than `b`.

    Raises:
        InvalidInput: one of them is no quantity.
    """
    first, second = parse_quantity(a), parse_quantity(b)
    return (first > second) - (first < second)


def format_quantity(number: Fraction) -> str:
    """A short decimal spelling, with the largest suffix that needs no fraction: `500m`, `10M`, `3`. What is
    smaller than a nano is rounded away from zero, as Kubernetes does.
    """
    nanos = number * 10**9
    whole = -(-nanos.numerator // nanos.denominator) if nanos > 0 else nanos.numerator // nanos.denominator
    if whole == 0:
        return "0"
    scales = sorted({"": 0, **_DECIMAL}.items(), key=lambda item: -item[1])
    suffix, power = next(scale for scale in scales if whole % 10 ** (scale[1] + 9) == 0)
    return f"{whole // 10 ** (power + 9)}{suffix}"
