"""Merging, removing and extracting by schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.core.typed.fields import EMPTY, FieldSet
from common.core.typed.merge import extract, field_set, merge, remove, with_named
from common.core.typed.nulls import without_nulls
from common.core.typed.schema import ANY

from .samples import WIDGET, copied, widget

NAMES = st.sampled_from("abcd")
ENV = st.lists(NAMES, unique=True, max_size=3).flatmap(
    lambda names: st.tuples(*(st.builds(lambda v, n=n: {"name": n, "value": v}, NAMES) for n in names)).map(
        list
    )
)
CONTAINER = st.fixed_dictionaries(
    {},
    optional={
        "image": NAMES,
        "command": st.lists(NAMES, min_size=1, max_size=2),
        "limits": st.dictionaries(NAMES, NAMES, min_size=1, max_size=2),
        "env": ENV.filter(bool),
    },
)
CONTAINERS = st.dictionaries(NAMES, CONTAINER, min_size=1, max_size=4).map(
    lambda items: [{"name": name, **body} for name, body in items.items()]
)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "replicas": st.integers(0, 3),
        "selector": st.dictionaries(NAMES, NAMES, min_size=1, max_size=2),
        "args": st.lists(NAMES, min_size=1, max_size=3),
        "containers": CONTAINERS,
        "extra": st.dictionaries(
            NAMES, st.dictionaries(NAMES, NAMES, min_size=1, max_size=2), min_size=1, max_size=2
        ),
    },
)
OBJECTS = st.builds(
    lambda spec, labels, finalizers: widget(spec or {"replicas": 1}, labels=labels, finalizers=finalizers),
    SPECS,
    st.dictionaries(NAMES, NAMES, min_size=1, max_size=3),
    st.lists(NAMES, unique=True, min_size=1, max_size=3),
)


@settings(max_examples=30)
@given(OBJECTS, OBJECTS)
def test_applied_wins_and_nothing_is_lost(live: Any, applied: Any) -> None:
    """After a merge the applied fields are there as they were given, and live's others as they were."""
    merged = merge(live, applied, WIDGET)
    mine = field_set(applied, WIDGET)
    assert extract(merged, mine, WIDGET) == extract(applied, mine, WIDGET)
    assert field_set(merged, WIDGET) == field_set(live, WIDGET) | mine


@settings(max_examples=30)
@given(OBJECTS, OBJECTS)
def test_merge_is_idempotent_and_shares(live: Any, applied: Any) -> None:
    """Merging again changes nothing, and what does not change is the same object."""
    before = copied(live)
    merged = merge(live, applied, WIDGET)
    assert merge(merged, applied, WIDGET) is merged
    assert merge(live, copied(live), WIDGET) is live
    assert live == before


@settings(max_examples=30)
@given(OBJECTS, OBJECTS)
def test_remove_and_extract_part_an_object(obj: Any, other: Any) -> None:
    """What is removed is not there any more; what is extracted is nothing else."""
    fields = field_set(obj, WIDGET) & field_set(other, WIDGET)
    left = without_nulls(remove(obj, fields, WIDGET), WIDGET)
    assert not field_set(left or {}, WIDGET) & fields
    assert field_set(extract(obj, fields, WIDGET) or {}, WIDGET) & fields == fields
    assert extract(obj, field_set(obj, WIDGET), WIDGET) == obj


def spec_of(live: Any, applied: Any) -> Any:
    """The merged spec of two specs."""
    return merge(widget(live), widget(applied), WIDGET)["spec"]


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ("abc", "b", "abc"),
        ("abc", "cb", "acb"),
        ("abc", "ca", "bca"),
        ("abc", "bxa", "bcxa"),
        ("ab", "xy", "abxy"),
        ("ab", "xa", "xab"),
        ("abcd", "dbx", "acdbx"),
        ("", "ab", "ab"),
        ("ab", "", "ab"),
    ],
)
def test_order_of_lists_with_keys(live: str, applied: str, merged: str) -> None:
    """Applied items have applied's order; live's others stay where they were among their neighbours."""

    def containers(names: str) -> Any:
        return {"containers": [{"name": name} for name in names]}

    out = spec_of(containers(live), containers(applied))["containers"]
    assert "".join(item["name"] for item in out) == merged


def test_sets_are_joined() -> None:
    """An item of a set is there once."""
    out = merge(widget(finalizers=["a", "b"]), widget(finalizers=["c", "b"]), WIDGET)
    assert out["metadata"]["finalizers"] == ["a", "c", "b"]


def test_atomic_values_are_replaced() -> None:
    """Atomic maps and lists have one owner and one value."""
    out = spec_of({"selector": {"a": "1"}, "args": ["x", "y"]}, {"selector": {"b": "2"}, "args": ["z"]})
    assert out == {"selector": {"b": "2"}, "args": ["z"]}


def test_duplicates_in_live_are_replaced() -> None:
    """Items of live that share a key cannot be merged with; those applied does not name stay."""
    live = {
        "containers": [{"name": "a", "image": "1"}, {"name": "a", "image": "2"}, {"name": "b"}, {"name": "b"}]
    }
    assert spec_of(live, {"containers": [{"name": "a", "image": "3"}]})["containers"] == [
        {"name": "a", "image": "3"},
        {"name": "b"},
        {"name": "b"},
    ]


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ({"replicas": 1}, {"replicas": None}, {"replicas": None}),
        ({"containers": [{"name": "a"}]}, {"containers": None}, {"containers": [{"name": "a"}]}),
        ({"extra": {"a": 1}}, {"extra": None}, {"extra": {"a": 1}}),
        ({"args": ["a"]}, {"args": None}, {"args": None}),
        ({"extra": {"a": [1]}}, {"extra": {"a": {"b": 1}}}, {"extra": {"a": {"b": 1}}}),
        ({"extra": {}}, {"extra": {"a": 1}}, {"extra": {"a": 1}}),
    ],
)
def test_nulls_and_changed_types(live: Any, applied: Any, merged: Any) -> None:
    """Null is a leaf's value, but names nothing of a granular container; another type replaces."""
    assert spec_of(live, applied) == merged


def test_field_set_of_a_document() -> None:
    """Leaves, list items and keys of free maps are fields; structs and lists on the way are not."""
    obj = widget(
        {
            "replicas": 1,
            "selector": {"a": "b"},
            "containers": [{"name": "c", "ports": [{"port": 80}], "limits": {}}],
            "extra": {"deep": {"x": None}},
            "strategy": {},
            "args": [],
        },
        labels={"l": "v"},
        finalizers=[],
    )
    assert field_set(obj, WIDGET).fields_v1() == {
        "f:apiVersion": {},
        "f:kind": {},
        "f:metadata": {"f:labels": {"f:l": {}}, "f:name": {}, "f:namespace": {}},
        "f:spec": {
            "f:args": {},
            "f:containers": {
                'k:{"name":"c"}': {
                    ".": {},
                    "f:limits": {},
                    "f:name": {},
                    "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}},
                }
            },
            "f:extra": {"f:deep": {".": {}, "f:x": {}}},
            "f:replicas": {},
            "f:selector": {},
            "f:strategy": {},
        },
    }
    assert field_set("x", WIDGET) == EMPTY


def test_duplicates_are_owned_by_their_key() -> None:
    """Items with the same key are one field."""
    fields = field_set(widget({"containers": [{"name": "a", "image": "1"}, {"name": "a"}]}), WIDGET)
    assert fields.node(("f:spec", "f:containers")) == {'k:{"name":"a"}': {}}


def test_with_named_makes_structs_members() -> None:
    """Declared fields on the way count; keys of free maps and list items only when they were members."""
    fields = FieldSet.of(
        ("f:spec", "f:containers", 'k:{"name":"a"}', "f:image"),
        ("f:spec", "f:extra", "f:free", "f:x"),
        ("f:spec", "f:containers", 'k:{"name":"b"}'),
        ("f:spec", "f:containers", 'k:{"name":"b"}', "f:env", 'k:{"name":"x"}', "f:value"),
    )
    assert set(with_named(fields, WIDGET)) == set(fields) | {
        ("f:spec",),
        ("f:spec", "f:containers"),
        ("f:spec", "f:extra"),
        ("f:spec", "f:containers", 'k:{"name":"b"}', "f:env"),
    }


def test_remove_empties_containers_to_null() -> None:
    """A map or list that loses all that it had is null; an atomic one goes as a whole."""
    obj = widget(
        {"containers": [{"name": "a", "image": "i"}], "extra": {"x": 1}, "args": ["a"], "replicas": 1}
    )
    fields = FieldSet.of(
        ("f:spec", "f:containers", 'k:{"name":"a"}'),
        ("f:spec", "f:extra", "f:x"),
        ("f:spec", "f:args", "f:stale"),
        ("f:spec", "f:replicas", "f:stale"),
        ("f:spec", "f:selector", "f:stale"),
        ("f:absent",),
    )
    obj["spec"]["selector"] = {"a": "b"}
    out = remove(obj, fields, WIDGET)
    assert out["spec"] == {"containers": None, "extra": None, "args": None, "replicas": 1, "selector": None}
    assert remove(obj, EMPTY, WIDGET) is obj


def test_remove_inside_items() -> None:
    """Fields go, the item and its neighbours stay."""
    obj = widget({"containers": [{"name": "a", "image": "i"}, {"name": "b"}]})
    fields = FieldSet.of(("f:spec", "f:containers", 'k:{"name":"a"}', "f:image"))
    assert remove(obj, fields, WIDGET)["spec"]["containers"] == [{"name": "a"}, {"name": "b"}]


def test_extract_keeps_keys() -> None:
    """An item without its keys would be nobody."""
    obj = widget(
        {"containers": [{"name": "a", "image": "i", "command": ["x"]}, {"name": "b"}]}, finalizers=["f", "g"]
    )
    fields = FieldSet.of(
        ("f:spec", "f:containers", 'k:{"name":"a"}', "f:image"),
        ("f:metadata", "f:finalizers", 'v:"g"'),
    )
    assert extract(obj, fields, WIDGET) == {
        "metadata": {"finalizers": ["g"]},
        "spec": {"containers": [{"name": "a", "image": "i"}]},
    }


def test_extract_of_nothing_is_null() -> None:
    """Containers without any member are not kept; empty ones that are members are."""
    obj = widget({"containers": [{"name": "a"}], "extra": {}, "strategy": {"type": "x"}})
    fields = FieldSet.of(
        ("f:spec", "f:containers", 'k:{"name":"gone"}'),
        ("f:spec", "f:extra"),
        ("f:spec", "f:strategy", "f:gone"),
    )
    assert extract(obj, fields, WIDGET) == {"spec": {"containers": None, "extra": {}, "strategy": None}}


def test_extract_of_a_bare_item() -> None:
    """An item that is a member by itself comes with its keys alone."""
    obj = widget({"containers": [{"name": "a", "image": "i"}]})
    fields = FieldSet.of(("f:spec", "f:containers", 'k:{"name":"a"}'))
    assert extract(obj, fields, WIDGET) == {"spec": {"containers": [{"name": "a"}]}}


def test_deduced_maps_are_granular_and_lists_atomic() -> None:
    """Nothing is known of the kind, so maps merge and lists do not."""
    assert merge({"a": {"x": 1}, "l": [1]}, {"a": {"y": 2}, "l": [2]}, ANY) == {
        "a": {"x": 1, "y": 2},
        "l": [2],
    }


def test_without_nulls_keeps_nullable() -> None:
    """Null is no field to a server, unless the schema says that it is a value."""
    obj = widget(
        {"replicas": None, "note": None, "containers": [{"name": "a", "image": None}], "args": ["x"]}
    )
    assert without_nulls(obj, WIDGET)["spec"] == {"note": None, "containers": [{"name": "a"}], "args": ["x"]}
    clean = widget({"containers": [{"name": "a"}], "replicas": 1})
    assert without_nulls(clean, WIDGET) is clean
    two = widget(
        {"replicas": None, "paused": None, "containers": [{"name": "a", "image": None}]}, labels={"a": None}
    )
    assert without_nulls(two, WIDGET) == widget({"containers": [{"name": "a"}]}, labels={})
    assert without_nulls("x", WIDGET) == "x"
