"""Kubernetes quantities, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.errors import InvalidInput
from common.core.model.quantities import compare_quantities, format_quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500m", Fraction(1, 2)),
        ("1.5Gi", Fraction(3, 2) * 2**30),
        ("10M", Fraction(10_000_000)),
        ("2e3", Fraction(2000)),
        ("1E", Fraction(10**18)),
        ("1E2", Fraction(100)),
        ("5e-1", Fraction(1, 2)),
        (".5", Fraction(1, 2)),
        ("-1k", Fraction(-1000)),
        ("1n", Fraction(1, 10**9)),
        (3, Fraction(3)),
        (0.1, Fraction(1, 10)),
    ],
)
def test_read(text: str | float, number: Fraction) -> None:
    """Binary and decimal suffixes, exponents, plain numbers; no rounding."""
    assert parse_quantity(text) == number


@pytest.mark.parametrize("text", ["", "m", "1 Gi", "1KI", "1K", "1e", "1Mi2", "nan", "inf", True])
def test_refused(text: str | bool) -> None:
    """What an API server would not take either."""
    with pytest.raises(InvalidInput):
        parse_quantity(text)


def test_compared_by_size() -> None:
    """However they are written, and beyond what floating point can tell apart."""
    assert compare_quantities("1000m", 1) == 0
    assert compare_quantities("1Gi", "1G") > 0
    assert compare_quantities("9007199254740992", "9007199254740993") < 0


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(1, 2), "500m"),
        (Fraction(10_000_000), "10M"),
        (Fraction(1001), "1001"),
        (Fraction(-3), "-3"),
        (Fraction(1, 3 * 10**9), "1n"),
        (Fraction(-1, 3 * 10**9), "-1n"),
    ],
)
def test_printed(number: Fraction, text: str) -> None:
    """With the largest suffix that needs no fraction."""
    assert format_quantity(number) == text


@given(st.integers(-(10**30), 10**30))
def test_round_trip(nanos: int) -> None:
    """Whole nanos are exact."""
    number = Fraction(nanos, 10**9)
    assert parse_quantity(format_quantity(number)) == number


@given(
    st.text(alphabet="0123456789.eEKMGimn-+", max_size=7), st.text(alphabet="0123456789.eEKMGimn", max_size=7)
)
def test_the_order_is_total(a: str, b: str) -> None:
    """Comparing the other way around gives the opposite."""
    try:
        assert compare_quantities(a, b) == -compare_quantities(b, a)
    except InvalidInput as error:
        assert error.errors[0].object == "quantity"  # noqa: PT017 - either way is right
