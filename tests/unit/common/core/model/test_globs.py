"""Globs in gobwas's grammar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.model.globs import matches


@pytest.mark.parametrize(
    ("pattern", "text", "separator", "expected"),
    [
        ("*", "anything/at all", "", True),
        ("a*", "abc", "", True),
        ("a*", "ba", "", False),
        ("https://h/*", "https://h/a", "/", True),
        ("https://h/*", "https://h/a/b", "/", False),
        ("https://h/**", "https://h/a/b", "/", True),
        ("a?c", "abc", "", True),
        ("a?c", "a/c", "/", False),
        ("[a-c]x", "bx", "", True),
        ("[!a-c]x", "bx", "", False),
        ("[^a]x", "bx", "", True),
        ("{a,b*}c", "bbc", "", True),
        ("{a,b}c", "cc", "", False),
        ("a,b", "a,b", "", True),
        ("a}", "a}", "", True),
        (r"a\*", "a*", "", True),
        (r"a\*", "ab", "", False),
        ("a\\", "a\\", "", True),
        ("{a", "a", "", False),
        ("[a", "[a", "", False),
        ("[z-a]", "z", "", False),
        ("a.c", "abc", "", False),
        ("", "", "", True),
        ("a", "ab", "", False),
    ],
)
def test_matching(pattern: str, text: str, separator: str, expected: bool) -> None:
    """The whole text; `*` stops at the separator, `**` does not; an unreadable pattern matches nothing."""
    assert matches(pattern, text, separator=separator) is expected


@given(st.text(alphabet="ab*?[]{}!^-,\\/&|~", max_size=8), st.text(alphabet="ab/-", max_size=5))
def test_any_pattern_gives_an_answer(pattern: str, text: str) -> None:
    """No pattern raises, or warns."""
    assert matches(pattern, text, separator="/") in (True, False)
