"""Scalars that servers take for the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.compare.values import equal_quantities, equal_scalars, quantity
from common.core.typed.schema import Scalar


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("1000m", 1),
        ("0.5", Decimal("0.5")),
        (".5", Decimal("0.5")),
        ("1Gi", 2**30),
        ("1024Mi", 2**30),
        ("1k", 1000),
        ("1E", 10**18),
        ("1Ei", 2**60),
        ("1e3", 1000),
        ("2E-1", Decimal("0.2")),
        ("-5n", Decimal("-5e-9")),
        ("+3u", Decimal("3e-6")),
        ("1.", 1),
        ("", None),
        ("x", None),
        ("1KB", None),
        ("1 Gi", None),
    ],
)
def test_quantity(text: str, number: Any) -> None:
    """Decimal, binary and exponent forms, as kubernetes.io lists them."""
    assert quantity(text) == number


@given(st.integers(-1000, 1000))
def test_milli(count: int) -> None:
    """A thousand thousandths are one."""
    assert equal_quantities(f"{count * 1000}m", count)


@pytest.mark.parametrize(
    ("a", "b", "kind", "expected"),
    [
        ("a", "a", Scalar.STRING, True),
        ("a", "b", Scalar.STRING, False),
        (1, 1.0, Scalar.INTEGER, True),
        ("1", 1, Scalar.STRING, False),
        ("1000m", 1, Scalar.QUANTITY, True),
        ("1Gi", "1024Mi", Scalar.QUANTITY, True),
        ("1Gi", "1G", Scalar.QUANTITY, False),
        (True, "1", Scalar.QUANTITY, False),
        ("odd", "odder", Scalar.QUANTITY, False),
        ("80", 80, Scalar.INT_OR_STRING, None),
        ("81", 80, Scalar.INT_OR_STRING, False),
        ("1000m", "1", Scalar.ANY, None),
        ("a", "b", Scalar.ANY, False),
        ("aGk=", "aGk=\n", Scalar.BYTES, True),
        ("aGk=", "aGo=", Scalar.BYTES, False),
        ("a", "b", Scalar.BYTES, False),
        (1, "aGo=", Scalar.BYTES, False),
        ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", Scalar.TIME, True),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", Scalar.TIME, False),
        ("2026-01-01", 3, Scalar.TIME, False),
        ("x", "y", Scalar.TIME, False),
    ],
)
def test_equal_scalars(a: Any, b: Any, kind: Scalar, expected: bool | None) -> None:
    """By what the schema says the value is; None where only the server can tell."""
    assert equal_scalars(a, b, kind) is expected
