"""The manifest-generate-paths annotation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.errors import InvalidInput
from common.core.inputs import generate_paths
from common.core.keys import Object


def app(text: str) -> Object:
    """An Application with the annotation."""
    return {"metadata": {"annotations": {"argocd.argoproj.io/manifest-generate-paths": text}}}


@pytest.mark.parametrize(
    ("text", "source", "paths"),
    [
        (".", "apps/a", ("apps/a",)),
        (".;../base", "apps/a", ("apps/a", "apps/base")),
        ("/shared; .", "apps/a/", ("apps/a", "shared")),
        ("/", "apps/a", ("",)),
        (".", "", ("",)),
        ("*.yaml;/x/*/y", "apps/a", ("apps/a", "x")),
        ("/apps/{a,b}/z;", "", ("apps",)),
        ("b/../c", "a", ("a/c",)),
    ],
)
def test_paths(text: str, source: str, paths: tuple[str, ...]) -> None:
    """Relative to the source, or from the root; wildcards stand for their directory."""
    assert generate_paths(app(text), source) == paths


@pytest.mark.parametrize("obj", [{}, app(""), app(" ; ")])
def test_without_it_nothing_is_said(obj: Object) -> None:
    """None: what the renderer reads decides."""
    assert generate_paths(obj, "a") is None


@pytest.mark.parametrize(
    ("text", "source"), [("..", ""), ("../../x", "a"), ("/../x", "a"), ("*/../../..", "a")]
)
def test_no_path_leaves_the_repository(text: str, source: str) -> None:
    """The error names the part."""
    with pytest.raises(InvalidInput, match="manifest-generate-paths"):
        generate_paths(app(text), source)


@given(st.text("ab./*;", max_size=12), st.sampled_from(["", "a", "a/b"]))
def test_what_comes_out_is_within(text: str, source: str) -> None:
    """Or it is refused."""
    try:
        found = generate_paths(app(text), source) or ()
    except InvalidInput:
        return
    assert all(not path.startswith("/") and path.split("/")[0] != ".." for path in found)
