"""Label selectors."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.errors import InvalidInput
from server.api.selectors import parse_selector, selected

LABELS = {"team": "sea", "tier": "web"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ("team=sea", True),
        ("team==sea,tier=web", True),
        ("team!=sea", False),
        ("other!=x", True),
        ("team in (sea, land)", True),
        ("team notin (sea,land)", False),
        ("other notin (x)", True),
        ("team", True),
        ("!team", False),
        ("!other , tier", True),
        ("team=", False),
    ],
)
def test_terms_hold_as_kubernetes_says(text: str, holds: bool) -> None:
    """All of them must; a label that is not there satisfies the negated ones."""
    assert selected(parse_selector(text), LABELS) is holds


@pytest.mark.parametrize("text", ["a=(b", "a in b", "=b", "a in (b", "!"])
def test_what_is_no_selector_is_refused(text: str) -> None:
    """With what was expected."""
    with pytest.raises(InvalidInput):
        parse_selector(text)


@given(st.text(alphabet="ab=!,() in", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """And nothing else happens."""
    with contextlib.suppress(InvalidInput):
        parse_selector(text)
