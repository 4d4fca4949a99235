"""Version ranges: the cases below are what Masterminds' semver 3.4 answers for them."""

# ruff: noqa: E501, SIM905 (tables)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.errors import InvalidInput
from common.core.semver_ranges import parse_range, parse_version

VERSIONS = (
    "0.0.1 0.1.0 0.2.3 1.0.0 1.0.0-rc.1 1.2.0 1.2.3 v1.2.4 1.3.0-beta.2 1.10.0 2.0.0 2.1.0-alpha 3.0.0 11.1.0"
).split()

# fmt: off
CASES: list[tuple[str, str | None]] = [
    ('*', '0.0.1 0.1.0 0.2.3 1.0.0 1.2.0 1.2.3 v1.2.4 1.10.0 2.0.0 3.0.0 11.1.0'),
    ('x', '0.0.1 0.1.0 0.2.3 1.0.0 1.2.0 1.2.3 v1.2.4 1.10.0 2.0.0 3.0.0 11.1.0'),
    ('', None),
    ('1', '1.0.0 1.2.0 1.2.3 v1.2.4 1.10.0'),
    ('1.x', '1.0.0 1.2.0 1.2.3 v1.2.4 1.10.0'),
    ('1.2', '1.2.0 1.2.3 v1.2.4'),
    ('1.2.x', '1.2.0 1.2.3 v1.2.4'),
    ('v1.2.3', '1.2.3'),
    ('=1.2.3', '1.2.3'),
    ('!=1.2.3', '0.0.1 0.1.0 0.2.3 1.0.0 1.2.0 v1.2.4 1.10.0 2.0.0 3.0.0 11.1.0'),
    ('!=1.2', '0.0.1 0.1.0 0.2.3 1.0.0 1.10.0 2.0.0 3.0.0 11.1.0'),
    ('!=1', '0.0.1 0.1.0 0.2.3 2.0.0 3.0.0 11.1.0'),
    ('!=x', '0.0.1 0.1.0 0.2.3 1.0.0 1.2.0 1.2.3 v1.2.4 1.10.0 2.0.0 3.0.0 11.1.0'),
    ('>1', '2.0.0 3.0.0 11.1.0'),
    ('>1.2', '1.10.0 2.0.0 3.0.0 11.1.0'),
    ('>1.2.3', 'v1.2.4 1.10.0 2.0.0 3.0.0 11.1.0'),
    ('<2', '0.0.1 0.1.0 0.2.3 1.0.0 1.2.0 1.2.3 v1.2.4 1.10.0'),
    ('<=1', '0.0.1 0.1.0 0.2.3 1.0.0 1.2.0 1.2.3 v1.2.4 1.10.0'),
    ('<=1.2', '0.0.1 0.1.0 0.2.3 1.0.0 1.2.0 1.2.3 v1.2.4'),
    ('<=x', '0.0.1'),
    ('>=1.2.3, <2', '1.2.3 v1.2.4 1.10.0'),
    ('>=1.2 <1.10', '1.2.0 1.2.3 v1.2.4'),
    ('>=1.0.0-0', '1.0.0 1.0.0-rc.1 1.2.0 1.2.3 v1.2.4 1.3.0-beta.2 1.10.0 2.0.0 2.1.0-alpha 3.0.0 11.1.0'),
    ('^1.2', '1.2.0 1.2.3 v1.2.4 1.10.0'),
    ('^0.2.3', '0.2.3'),
    ('^0.0.1', '0.0.1'),
    ('^0', '0.0.1 0.1.0 0.2.3'),
    ('^0.0', '0.0.1'),
    ('~1.2', '1.2.0 1.2.3 v1.2.4'),
    ('~1.2.3', '1.2.3 v1.2.4'),
    ('~1', '1.0.0 1.2.0 1.2.3 v1.2.4 1.10.0'),
    ('~>1.2.3', '1.2.3 v1.2.4'),
    ('~0.0.0', '0.0.1 0.1.0 0.2.3 1.0.0 1.2.0 1.2.3 v1.2.4 1.10.0 2.0.0 3.0.0 11.1.0'),
    ('1.0.0 - 1.2.3', '1.0.0 1.2.0 1.2.3'),
    ('1.2 - 2', '1.2.0 1.2.3 v1.2.4 1.10.0 2.0.0'),
    ('1.x || >=3', '1.0.0 1.2.0 1.2.3 v1.2.4 1.10.0 3.0.0 11.1.0'),
    ('>=1.0.0-0, <1.2.0', '1.0.0 1.0.0-rc.1'),
    ('=>2', '2.0.0 3.0.0 11.1.0'),
    ('=<0.2', '0.0.1 0.1.0 0.2.3'),
    ('^1.0.0-0', '1.0.0 1.0.0-rc.1 1.2.0 1.2.3 v1.2.4 1.3.0-beta.2 1.10.0'),
    ('<1 || >2', '0.0.1 0.1.0 0.2.3 3.0.0 11.1.0'),
    ('==1', None),
    ('>= 1.2.x, != 1.2.3', '1.2.0 v1.2.4 1.10.0 2.0.0 3.0.0 11.1.0'),
    ('main', None),
    ('1.2.3.4', None),
    ('release-1.x', None),
    ('v1.*', '1.0.0 1.2.0 1.2.3 v1.2.4 1.10.0'),
    ('~1.3.0-beta', '1.3.0-beta.2'),
    ('!=1.2.x-0', '0.0.1 0.1.0 0.2.3 1.0.0 1.0.0-rc.1 1.2.0 1.2.3 v1.2.4 1.3.0-beta.2 1.10.0 2.0.0 2.1.0-alpha 3.0.0 11.1.0'),
    ('1.0.0-rc.01', None),
]
# fmt: on


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_ranges_are_masterminds(text: str, expected: str | None) -> None:
    """What is in the range; None where the text is no range."""
    if expected is None:
        with pytest.raises(InvalidInput):
            parse_range(text)
        return
    found = parse_range(text)
    assert [v for v in VERSIONS if (one := parse_version(v)) and found.allows(one)] == expected.split()


def test_a_huge_text_is_no_range() -> None:
    """Hostile input is answered at once."""
    with pytest.raises(InvalidInput, match="256"):
        parse_range(">=1" + " " * 300)


@pytest.mark.parametrize("text", ["", "main", "1.2.3.4", "1.x", "1.0.0-rc.01", "-1"])
def test_what_is_no_version(text: str) -> None:
    """Branches, ranges, numeric prerelease parts with a leading zero."""
    assert parse_version(text) is None


def test_versions_are_ordered_as_semantic_versioning_says() -> None:
    """Its own example, and what a tag may look like."""
    texts = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 v1.1 2".split()
    found = [one for text in texts if (one := parse_version(text))]
    assert [one.original for one in sorted(found, key=lambda one: one.order)] == texts


numbers = st.integers(0, 30)


@given(st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers))
def test_less_and_greater_or_equal_part_the_versions(
    one: tuple[int, int, int], two: tuple[int, int, int]
) -> None:
    """Every version is in exactly one of `<v` and `>=v`."""
    left, right = (".".join(map(str, numbers)) for numbers in (one, two))
    version = parse_version(left)
    assert version is not None
    assert parse_range(f"<{right}").allows(version) != parse_range(f">={right}").allows(version)
    assert parse_range(f"<{right} || >={right}").allows(version)
