"""Annotations are read as text, whatever a hostile manifest puts there."""

from __future__ import annotations

from common.core.annotations import annotation, has_option, label, listed


def test_an_annotation_is_text() -> None:
    """A number is read as the text that it shows as."""
    assert annotation({"metadata": {"annotations": {"a": 1}}}, "a") == "1"
    assert label({"metadata": {"labels": {"a": "b"}}}, "a") == "b"


def test_what_is_missing_or_malformed_is_empty() -> None:
    """No metadata, no annotations, a null: empty."""
    assert annotation({}, "a") == ""
    assert annotation({"metadata": {"annotations": []}}, "a") == ""
    assert annotation({"metadata": {"annotations": {"a": None}}}, "a") == ""


def test_lists_have_commas_and_spaces() -> None:
    """Parts in their order, without the spaces around them and without empty ones."""
    obj = {"metadata": {"annotations": {"o": "Prune=false, Validate=false,,"}}}
    assert listed(obj, "o") == ("Prune=false", "Validate=false")
    assert has_option(obj, "o", "Validate=false")
    assert not has_option(obj, "o", "Validate=true")
    assert not has_option(None, "o", "Validate=false")
