"""Whose a field is."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.compare.blame import Blame, blame, shown
from common.core.typed.entries import Entry
from common.core.typed.fields import FieldSet


def entry(manager: str, *paths: tuple[str, ...], time: str = "", subresource: str = "") -> Entry:
    """An Update entry."""
    return Entry(
        manager=manager,
        operation="Update",
        api_version="v1",
        time=time,
        subresource=subresource,
        fields=FieldSet.of(*paths),
    )


REPLICAS = ("f:spec", "f:replicas")


def test_the_owner() -> None:
    """Who has the path in managedFields, with operation, subresource and time."""
    found = blame(
        REPLICAS, [entry("hpa", REPLICAS, time="2026-01-01T12:03:11Z", subresource="scale")], ours="m"
    )
    assert found == Blame(manager="hpa", operation="Update", subresource="scale", time="2026-01-01T12:03:11Z")
    assert str(found) == "by hpa (scale), 12:03:11"
    assert str(Blame(manager="x", operation="Apply")) == "by x"


def test_the_latest_of_several_and_another_rather_than_us() -> None:
    """Shared fields: the others are more likely to have changed it, the last of them most."""
    entries = [
        entry("m", REPLICAS, time="3"),
        entry("old", REPLICAS, time="1"),
        entry("new", REPLICAS, time="2"),
    ]
    found = blame(REPLICAS, entries, ours="m")
    assert found is not None
    assert found.manager == "new"


def test_atomic_values_and_what_is_below() -> None:
    """An owner of the whole list owns what is in it; else who owns something below a path."""
    inside = ("f:spec", "f:args", "i:0")
    found = blame(inside, [entry("whole", inside[:2]), entry("other", REPLICAS)], ours="m")
    assert found is not None
    assert found.manager == "whole"
    below = blame(("f:spec",), [entry("below", REPLICAS)], ours="m")
    assert below is not None
    assert below.manager == "below"


def test_nobody() -> None:
    """A removed field has no owner."""
    assert blame(("f:x",), [entry("a", REPLICAS)], ours="m") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "nothing"), ("x", "x"), (3, "3"), ({"a": [1]}, '{"a":[1]}'), ("x" * 80, "x" * 57 + "...")],
)
def test_shown(value: Any, text: str) -> None:
    """Values fit into a sentence."""
    assert shown(value) == text
