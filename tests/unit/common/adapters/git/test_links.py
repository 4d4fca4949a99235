"""Which links of a tree stay inside it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.adapters.git.links import stays_inside


@pytest.mark.parametrize(
    ("path", "links", "inside"),
    [
        ("l", {"l": "x"}, True),
        ("a/l", {"a/l": "../x"}, True),
        ("a/l", {"a/l": "../../x"}, False),
        ("l", {"l": "/etc"}, False),
        ("l", {"l": "."}, True),
        ("l", {"l": ".."}, False),
        ("a/l", {"a/l": ".."}, True),
        ("l", {"l": "l"}, False),
        ("z", {"z": "a/b/../../..", "a/b": "."}, False),
        ("z", {"z": "d/../x", "d": "e/f"}, True),
        ("a/b", {"a": "x", "a/b": "y"}, False),
        ("l", {"l": "m/x", "m": "/etc"}, False),
    ],
)
def test_links_are_followed_as_the_kernel_would(path: str, links: dict[str, str], inside: bool) -> None:
    """Also through other links, and step by step."""
    assert stays_inside(path, links) is inside


NAMES = st.sampled_from(["a", "b", "c"])
TARGETS = st.lists(st.sampled_from(["a", "b", "c", "..", "."]), min_size=1, max_size=5).map("/".join)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(PATHS, TARGETS, max_size=6))
def test_no_link_that_is_made_leads_out(links: dict[str, str]) -> None:
    """Checked with the kernel: every link that is judged harmless resolves below the root."""
    kept = {path: target for path, target in links.items() if stays_inside(path, links)}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "outer" / "root"
        root.mkdir(parents=True)
        for path, target in sorted(kept.items()):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).symlink_to(target)
        for path in kept:
            found = os.path.realpath(root / path)
            assert Path(found).is_relative_to(root)
