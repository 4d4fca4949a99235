"""Differences for people."""

from __future__ import annotations

from common.core.compare.diff import as_yaml, unified_diff


def test_unified_diff() -> None:
    """Live without what the server owns, against desired, line by line."""
    live = {"kind": "X", "metadata": {"name": "n", "uid": "u"}, "spec": {"replicas": 1}, "status": {"a": 1}}
    desired = {"kind": "X", "metadata": {"name": "n"}, "spec": {"replicas": 3}}
    assert unified_diff(live, desired, name="X/n") == (
        "--- live/X/n\n"
        "+++ desired/X/n\n"
        "@@ -2,4 +2,4 @@\n"
        " metadata:\n"
        "   name: n\n"
        " spec:\n"
        "-  replicas: 1\n"
        "+  replicas: 3\n"
    )
    assert unified_diff(desired, desired, name="X/n") == ""


def test_missing_sides() -> None:
    """A new object is all plus, a pruned one all minus."""
    assert (
        unified_diff(None, {"kind": "X"}, name="n") == "--- live/n\n+++ desired/n\n@@ -0,0 +1 @@\n+kind: X\n"
    )
    assert (
        unified_diff({"kind": "X"}, None, name="n") == "--- live/n\n+++ desired/n\n@@ -1 +0,0 @@\n-kind: X\n"
    )


def test_secrets_are_hidden() -> None:
    """A changed value shows as changed, and nowhere as itself."""
    live = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "b2xk", "b": "c2FtZQ=="}}
    text = unified_diff(
        live, {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "new", "b": "same"}}, name="s"
    )
    assert "-  a: ++++++++\n" in text
    assert "+  a: +++++++++\n" in text
    assert "   b: ++++++++" in text or "  b: ++++++++" in text
    assert not any(value in text for value in ("b2xk", "new", "bmV3", "c2FtZQ"))


def test_yaml_is_readable() -> None:
    """Text of several lines is a block, and repeated values are no aliases."""
    shared = {"x": 1}
    assert as_yaml({"b": shared, "a": "one\ntwo\n", "c": shared}) == (
        "a: |\n  one\n  two\nb:\n  x: 1\nc:\n  x: 1\n"
    )
