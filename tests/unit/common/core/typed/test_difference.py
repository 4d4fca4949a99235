"""What changed between two objects, as ownership counts it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from common.core.typed.difference import compare
from common.core.typed.fields import EMPTY, FieldSet, render_path
from common.core.typed.merge import field_set, with_named

from .samples import WIDGET, copied, widget
from .test_merge import OBJECTS


def changes(old: Any, new: Any) -> dict[str, list[str]]:
    """The three sets of two specs' difference, for reading."""
    found = compare(widget(old), widget(new), WIDGET)
    named = {"added": found.added, "modified": found.modified, "removed": found.removed}
    return {name: [render_path(path) for path in fields] for name, fields in named.items() if fields}


@settings(max_examples=30)
@given(OBJECTS, OBJECTS)
def test_laws(old: Any, new: Any) -> None:
    """Equal objects do not differ; the way back adds what the way there removed; the new is added."""
    there, back = compare(old, new, WIDGET), compare(new, old, WIDGET)
    assert (there.added, there.removed, there.modified) == (back.removed, back.added, back.modified)
    assert not compare(old, copied(old), WIDGET)
    assert bool(there) is (old != new and bool(there.added or there.modified or there.removed))
    assert there.added & with_named(field_set(old, WIDGET), WIDGET) == EMPTY
    assert field_set(new, WIDGET) - field_set(old, WIDGET) - there.added == EMPTY


def test_containers_come_and_go_with_what_is_in_them() -> None:
    """A struct that is new is a field that was added, and so is each thing in it."""
    assert changes({}, {"strategy": {"type": "x"}, "containers": [{"name": "a"}]}) == {
        "added": [
            "spec.containers",
            'spec.containers[name="a"]',
            'spec.containers[name="a"].name',
            "spec.strategy",
            "spec.strategy.type",
        ]
    }
    assert changes({"strategy": {}, "args": []}, {}) == {"removed": ["spec.args", "spec.strategy"]}


def test_leaves_are_modified() -> None:
    """Scalars and atomic values change as a whole; equal ones do not."""
    old = {"replicas": 1, "args": ["a"], "selector": {"a": "b"}, "ratio": 1, "paused": True}
    new = {"replicas": 2, "args": ["b"], "selector": {"a": "c"}, "ratio": 1.0, "paused": 1}
    assert changes(old, new) == {"modified": ["spec.args", "spec.paused", "spec.replicas", "spec.selector"]}


def test_null_is_an_empty_container() -> None:
    """From null to a map, what is in the map is added; from null to nothing in it, nothing changed."""
    assert changes({"extra": None}, {"extra": {"a": 1}}) == {"added": ["spec.extra.a"]}
    assert changes({"containers": [{"name": "a"}]}, {"containers": None}) == {
        "removed": ['spec.containers[name="a"]', 'spec.containers[name="a"].name']
    }
    assert changes({"extra": None}, {"extra": {}}) == {"modified": ["spec.extra"]}
    assert changes({"extra": {}}, {"extra": {}}) == {}


def test_a_changed_type_is_modified() -> None:
    """Where anything may be, a list in place of a map is another value."""
    assert changes({"extra": {"a": {"b": 1}}}, {"extra": {"a": [1]}}) == {
        "modified": ["spec.extra.a"],
        "removed": ["spec.extra.a.b"],
    }
    assert changes({"extra": {"a": 1}}, {"extra": {"a": {"b": 1}}}) == {
        "added": ["spec.extra.a.b"],
        "modified": ["spec.extra.a"],
    }
    assert changes({"extra": {"a": 1}}, {"extra": {"a": [1]}}) == {"modified": ["spec.extra.a"]}


def test_duplicate_items_are_owned_as_one() -> None:
    """Items that share a key count by the key alone: coming, going and changing."""
    one, two = [{"name": "a", "image": "1"}], [{"name": "a", "image": "1"}, {"name": "a", "image": "2"}]
    other = [{"name": "a", "image": "1"}, {"name": "a", "image": "3"}]
    key = 'spec.containers[name="a"]'
    inside = [f"{key}.image", f"{key}.name"]
    assert changes({"containers": one}, {"containers": two}) == {"added": [key], "removed": [key, *inside]}
    assert changes({"containers": two}, {"containers": one}) == {"added": [key, *inside], "removed": [key]}
    assert changes({"containers": two}, {"containers": other}) == {"modified": [key]}
    assert changes({"containers": two}, {"containers": copied(two)}) == {}
    rest = [{"name": "b"}]
    assert changes({"containers": two + rest}, {"containers": rest}) == {"removed": [key]}
    assert changes({"containers": rest}, {"containers": rest + two}) == {"added": [key]}
    assert changes({}, {"containers": two}) == {"added": ["spec.containers", key]}


def test_what_is_ignored_does_not_differ() -> None:
    """Whole branches can be left out of a comparison."""
    found = compare(widget({"replicas": 1}), widget({"paused": True}), WIDGET)
    assert found.without_below(EMPTY) is found
    assert not found.without_below(FieldSet.of(("f:spec",)))
    assert not compare(None, None, WIDGET)
