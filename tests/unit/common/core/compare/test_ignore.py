"""ignoreDifferences, read and carried out."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.compare.ignore import (
    Ignored,
    IgnoreRule,
    ignored_for,
    owned_by,
    parse_pointer,
    without_ignored,
)
from common.core.convert import convert
from common.core.errors import InvalidInput
from common.core.keys import ObjectKey
from common.core.typed.fields import EMPTY, FieldSet
from common.core.typed.managed import apply
from tests.unit.common.core.typed.samples import NOW, WIDGET, widget

KEY = ObjectKey("apps", "Deployment", "ns", "web")


def no_jq(expression: str, document: object) -> object:
    """No test reaches it unless it passes its own."""
    raise AssertionError(expression)


def cut(obj: Any, ignored: Ignored, *, foreign: FieldSet = EMPTY, delete_paths: Any = no_jq) -> Any:
    """The object without what is ignored."""
    return without_ignored(obj, ignored, WIDGET, foreign=foreign, delete_paths=delete_paths)


@pytest.mark.parametrize(
    ("rule", "selected"),
    [
        ({"group": "apps", "kind": "Deployment"}, True),
        ({"group": "*", "kind": "*"}, True),
        ({"kind": "Deployment"}, False),
        ({"group": "apps", "kind": "StatefulSet"}, False),
        ({"group": "apps", "kind": "Deployment", "name": "web", "namespace": "ns"}, True),
        ({"group": "apps", "kind": "Deployment", "name": "other"}, False),
        ({"group": "apps", "kind": "Deployment", "namespace": "other"}, False),
        ({"group": "app*", "kind": "Deployment"}, False),
    ],
)
def test_selection(rule: dict[str, str], selected: bool) -> None:
    """By group, kind, name and namespace; a star is only all, an empty group is the core group."""
    assert IgnoreRule(**rule).selects(KEY) is selected


def test_rules_are_read_from_an_application() -> None:
    """The field names are Argo CD's; what several rules say adds up."""
    rules = convert(
        [
            {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]},
            {"group": "*", "kind": "*", "managedFieldsManagers": ["hpa"], "jqPathExpressions": [".spec.x"]},
            {"kind": "Other", "jsonPointers": ["/spec"]},
        ],
        list[IgnoreRule],
    )
    ignored = ignored_for(KEY, rules)
    assert ignored == Ignored(
        pointers=(("spec", "replicas"),), expressions=(".spec.x",), managers=frozenset({"hpa"})
    )
    assert ignored
    assert not ignored_for(KEY, [])


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("/spec/replicas", ("spec", "replicas")),
        ("/a~1b/m~0n", ("a/b", "m~n")),
        ("/~01", ("~1",)),
        ("/", ("",)),
    ],
)
def test_pointers(text: str, tokens: tuple[str, ...]) -> None:
    """RFC 6901: ~1 is a slash, ~0 a tilde, in that order."""
    assert parse_pointer(text) == tokens


@pytest.mark.parametrize("text", ["", "spec", "/a~2", "/~"])
def test_bad_pointers(text: str) -> None:
    """What is no pointer is said, not ignored."""
    with pytest.raises(InvalidInput):
        parse_pointer(text)


@pytest.mark.parametrize(
    ("pointer", "spec"),
    [
        (("spec", "replicas"), {"args": ["a", "b"], "containers": [{"name": "c", "image": "i"}]}),
        (("spec", "args", "0"), {"replicas": 1, "args": ["b"], "containers": [{"name": "c", "image": "i"}]}),
        (
            ("spec", "containers", "0", "image"),
            {"replicas": 1, "args": ["a", "b"], "containers": [{"name": "c"}]},
        ),
    ],
)
def test_pointers_cut(pointer: tuple[str, ...], spec: Any) -> None:
    """Fields and items by index."""
    obj = widget({"replicas": 1, "args": ["a", "b"], "containers": [{"name": "c", "image": "i"}]})
    assert cut(obj, Ignored(pointers=(pointer,)))["spec"] == spec


@pytest.mark.parametrize(
    "pointer",
    [
        ("spec", "gone"),
        ("spec", "gone", "x"),
        ("spec", "args", "9"),
        ("spec", "args", "*"),
        ("spec", "args", "0", "x"),
    ],
)
def test_pointers_to_nothing(pointer: tuple[str, ...]) -> None:
    """No wildcards, and what is not there is not missed."""
    obj = widget({"args": ["a"]})
    assert cut(obj, Ignored(pointers=(pointer,))) is obj


def test_managers() -> None:
    """What the named managers own in live is left out of both sides."""
    live = apply(None, widget({"replicas": 5, "paused": True}), WIDGET, manager="hpa", now=NOW).object
    foreign = owned_by(live, ["hpa", "none"])
    assert foreign == FieldSet.of(("f:spec", "f:paused"), ("f:spec", "f:replicas"))
    assert owned_by(live, []) == EMPTY
    assert owned_by(live, ["other"]) == EMPTY
    out = cut(widget({"replicas": 3, "args": ["a"]}), Ignored(managers=frozenset({"hpa"})), foreign=foreign)
    assert out["spec"] == {"args": ["a"]}


def test_expressions() -> None:
    """jq runs elsewhere, on what is left; a document that it makes no object of is empty."""
    seen: list[object] = []

    def delete(expression: str, document: object) -> object:
        seen.append((expression, document))
        return {"kind": "cut"} if expression == ".a" else "odd"

    assert cut({"kind": "X"}, Ignored(expressions=(".a",)), delete_paths=delete) == {"kind": "cut"}
    assert cut({"kind": "X"}, Ignored(expressions=(".a", ".b")), delete_paths=delete) == {}
    assert seen == [(".a", {"kind": "X"}), (".a", {"kind": "X"}), (".b", {"kind": "cut"})]
