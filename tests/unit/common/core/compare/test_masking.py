"""Secrets' values never show."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.compare.fold import LAST_APPLIED
from common.core.compare.masking import OTHER, SAME, masked, masked_pair


def secret(data: Any, **annotations: str) -> dict[str, Any]:
    """A Secret."""
    out: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}
    if annotations:
        out["metadata"]["annotations"] = annotations
    return out


def test_equal_and_different_show() -> None:
    """Equal values have equal placeholders, different ones different, in a stable way."""
    desired, live = masked(secret({"a": "1", "b": "2", "c": "3"}), secret({"a": "1", "b": "9", "d": "4"}))
    assert desired is not None
    assert live is not None
    assert desired["data"] == {"a": SAME, "b": OTHER, "c": SAME}
    assert live["data"] == {"a": SAME, "b": SAME, "d": SAME}


def test_string_data_is_hidden_too() -> None:
    """It is folded first, so that it can be told from live's data."""
    desired, live = masked({**secret({}), "stringData": {"a": "x"}}, secret({"a": "eA=="}))
    assert desired is not None
    assert live is not None
    assert desired["data"] == live["data"] == {"a": SAME}
    assert "stringData" not in desired


def test_the_last_applied_annotation_is_hidden() -> None:
    """It holds the values once more; other annotations stay unless named."""
    live = secret({"a": "1"}, **{LAST_APPLIED: '{"data":...}', "plain": "p", "token": "t"})
    _, shown = masked(None, live, annotations=("token",))
    assert shown is not None
    assert shown["metadata"]["annotations"] == {LAST_APPLIED: SAME, "plain": "p", "token": SAME}


def test_other_kinds() -> None:
    """Objects that are no Secrets stay, but for the annotations named; odd data is hidden whole."""
    plain = {"kind": "ConfigMap", "apiVersion": "v1", "data": {"a": "b"}}
    assert masked(plain, None) == (plain, None)
    annotated = {"kind": "X", "metadata": {"annotations": {"token": "t"}}}
    desired, _ = masked(annotated, {"kind": "X"}, annotations=("token",))
    assert desired == {"kind": "X", "metadata": {"annotations": {"token": SAME}}}
    odd, _ = masked(secret("odd"), secret(None))
    assert odd is not None
    assert odd["data"] == SAME


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("f:data", "f:a"), (OTHER, SAME)),
        (("f:data",), (OTHER, SAME)),
        (("f:metadata", "f:annotations", f"f:{LAST_APPLIED}"), (OTHER, SAME)),
        (("f:metadata", "f:annotations"), (OTHER, SAME)),
        (("f:metadata", "f:labels", "f:a"), ("x", "y")),
        (("f:metadata", "f:annotations", "f:other"), ("x", "y")),
        (("f:type",), ("x", "y")),
    ],
)
def test_masked_pairs(path: tuple[str, ...], expected: tuple[str, str]) -> None:
    """One drifting path of a Secret: its values are hidden, its labels are not."""
    assert masked_pair(secret({}), path, "x", "y") == expected


def test_masked_pairs_with_one_side() -> None:
    """What is missing shows as missing; other kinds show all."""
    assert masked_pair(secret({}), ("f:data", "f:a"), "x", None) == (SAME, None)
    assert masked_pair(secret({}), ("f:data", "f:a"), None, "x") == (None, SAME)
    assert masked_pair({"kind": "X"}, ("f:data", "f:a"), "x", "y") == ("x", "y")
