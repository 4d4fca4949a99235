"""Plain scalars: the cases are what sigs.k8s.io/yaml 1.6 answers for them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.yaml_scalars import WrongTag, as_json, as_key, resolve, resolve_tagged

TAG = "tag:yaml.org,2002:"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("Y", True),
        ("on", True),
        ("n", False),
        ("OFF", False),
        ("tRue", "tRue"),
        ("", None),
        ("~", None),
        ("Null", None),
        ("hello", "hello"),
        ("0644", 420),
        ("0o14", 12),
        ("08", 8),
        ("09.5", 9.5),
        ("0x1F", 31),
        ("-0x1", -1),
        ("0b11", 3),
        ("0b12", "0b12"),
        ("1_000", 1000),
        ("_1", "_1"),
        ("+12", 12),
        ("22:30", "22:30"),
        ("190:20:30", "190:20:30"),
        ("2020-01-01", "2020-01-01"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("1.0", 1),
        ("1.5", 1.5),
        (".5", 0.5),
        (".5_0", ".5_0"),
        (".", "."),
        ("-", "-"),
        ("5.", 5),
        ("1e3", 1000),
        ("1e400", "1e400"),
        ("9223372036854775807", 9223372036854775807),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", 18446744073709551616.0),
        ("0xFFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFFF"),
        ("=", "="),
        ("1" * 401, "1" * 401),
    ],
)
def test_plain_scalars(text: str, value: object) -> None:
    """YAML 1.1 as Kubernetes' tools read it, with the type."""
    found = as_json(resolve(text))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [".inf", "+.INF", "-.Inf", ".NaN"])
def test_json_has_no_infinity(text: str) -> None:
    """Refused, as Go's JSON does."""
    with pytest.raises(WrongTag, match="infinity"):
        as_json(resolve(text))


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        (TAG + "str", "yes", "yes"),
        (TAG + "int", "12", 12),
        (TAG + "float", "1", 1.0),
        (TAG + "float", "0x10", 16.0),
        (TAG + "bool", "yes", True),
        (TAG + "null", "~", None),
        (TAG + "binary", "aGVsbG8=", "hello"),
        (TAG + "timestamp", "2020-01-01", "2020-01-01"),
        ("!foo", "12", "12"),
    ],
)
def test_tagged_scalars(tag: str, text: str, value: object) -> None:
    """A tag says what it is; unknown ones mean text."""
    found = resolve_tagged(tag, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("tag", "text"), [("int", "x"), ("bool", "1"), ("null", "x"), ("int", "yes"), ("binary", "a")]
)
def test_a_wrong_tag_is_an_error(tag: str, text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(WrongTag):
        resolve_tagged(TAG + tag, text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("a", "a"),
        ("yes", "true"),
        ("off", "false"),
        ("8080", "8080"),
        ("1.0", "1"),
        ("1.5", "1.5"),
        ("0.1", "0.1"),
        ("0.00001", "1e-05"),
        ("1e5", "100000"),
        ("1234567.0", "1.234567e+06"),
        ("16777217.0", "1.6777216e+07"),
        ("1e300", ".inf"),
        ("-1e300", "-.inf"),
        (".inf", ".inf"),
        (".nan", ".nan"),
    ],
)
def test_keys_are_text(text: str, key: str) -> None:
    """Go's 32-bit form for floats."""
    assert as_key(resolve(text)) == key


@pytest.mark.parametrize("text", ["~", "18446744073709551615"])
def test_what_cannot_be_a_key(text: str) -> None:
    """Null, and what does not fit 64 bits with sign."""
    with pytest.raises(WrongTag, match="key"):
        as_key(resolve(text))


@given(st.integers(-(1 << 63), (1 << 64) - 1))
def test_integers_stay(number: int) -> None:
    """All that JSON in Kubernetes can hold."""
    assert resolve(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_stay(number: float) -> None:
    """Written by Python, read the same."""
    assert resolve(f"{number:.17e}") == number


@given(st.text(max_size=20))
def test_any_text_resolves_without_a_crash(text: str) -> None:
    """Hostile input."""
    found = resolve(text)
    assert found is None or isinstance(found, str | bool | int | float)
    assert not (isinstance(found, float) and math.isinf(found) and "inf" not in text.lower())
