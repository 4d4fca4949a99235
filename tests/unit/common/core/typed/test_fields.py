"""FieldsV1 and the sets that it writes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.core.errors import InvalidInput
from common.core.typed.fields import (
    EMPTY,
    FieldSet,
    Path,
    canonical,
    field,
    key_element,
    keys_of,
    render_path,
    server_path,
    value_element,
)

SCALARS = st.one_of(st.text(max_size=4), st.integers(-5, 5), st.booleans())
ELEMENTS = st.one_of(
    st.text(max_size=4).map(field),
    SCALARS.map(value_element),
    st.dictionaries(st.text(min_size=1, max_size=3), SCALARS, min_size=1, max_size=2).map(key_element),
    st.integers(0, 9).map(lambda index: f"i:{index}"),
)
PATHS = st.lists(ELEMENTS, min_size=1, max_size=4).map(tuple)
PATH_SETS = st.sets(PATHS, max_size=12)


def paths_of(fields: FieldSet) -> set[Path]:
    """The members as a plain set, the model of every operation."""
    return set(fields)


@settings(max_examples=25)
@given(PATH_SETS)
def test_round_trip(paths: set[Path]) -> None:
    """What is written is read back as the same set, and a set has the paths it was made of."""
    fields = FieldSet.of(*paths)
    assert paths_of(fields) == paths
    assert FieldSet.parse(fields.fields_v1()) == fields
    assert len(fields) == len(paths)
    assert bool(fields) is bool(paths)


@settings(max_examples=25)
@given(PATH_SETS, PATH_SETS)
def test_operations_are_those_of_sets(a: set[Path], b: set[Path]) -> None:
    """Union, intersection and difference are those of the sets of paths."""
    one, two = FieldSet.of(*a), FieldSet.of(*b)
    assert paths_of(one | two) == a | b
    assert paths_of(one & two) == a & b
    assert paths_of(one - two) == a - b
    assert paths_of(one) == a
    assert (one == two) is (a == b)
    assert one | two == two | one
    assert one - one == EMPTY
    assert one & one == one | one == one


@settings(max_examples=25)
@given(PATH_SETS, PATH_SETS)
def test_without_below_takes_whole_branches(a: set[Path], b: set[Path]) -> None:
    """The deep difference also takes what is below a member of the other set."""
    left = {path for path in a if not any(path[: len(other)] == other for other in b)}
    assert paths_of(FieldSet.of(*a).without_below(FieldSet.of(*b))) == left


@settings(max_examples=25)
@given(PATH_SETS, PATHS)
def test_membership(paths: set[Path], path: Path) -> None:
    """A path is in the set when it was put in, and not when only something around it was."""
    fields = FieldSet.of(*paths)
    assert (path in fields) is (path in paths)
    assert all(fields.has(member) for member in paths)
    assert not fields.has(())


def test_operations_on_leaves_and_branches() -> None:
    """A branch and the leaf at its foot are told apart, whichever side has which."""
    leaf, branch = FieldSet.of(("f:a",)), FieldSet.of(("f:a", "f:b"))
    both = FieldSet.of(("f:a",), ("f:a", "f:b"))
    assert leaf | branch == branch | leaf == both | leaf == both
    assert both | branch == both
    assert both & leaf == leaf
    assert leaf & branch == EMPTY
    assert both - leaf == branch
    assert both - branch == leaf
    assert branch - leaf == branch
    assert both.without_below(leaf) == EMPTY
    assert branch.without_below(both) == EMPTY
    assert FieldSet.of(("f:a", "f:b"), ("f:a", "f:c")).without_below(branch) == FieldSet.of(("f:a", "f:c"))
    shared = FieldSet(dict(both.tree))
    assert shared | both == shared & both == both
    assert shared - both == EMPTY
    assert FieldSet.of(("f:a", "f:c", "f:d")) & FieldSet.of(("f:a", "f:c", "f:e")) == EMPTY
    deep = FieldSet.of(("f:a", "f:b", "f:c"), ("f:a", "f:b", "f:d"))
    assert deep - FieldSet.of(("f:a", "f:b", "f:x")) == deep


def test_equal_sets_hash_alike() -> None:
    """Sets are values: the order in which they were made does not show."""
    a, b = ("f:a", "f:b"), ("f:c",)
    assert hash(FieldSet.of(a, b)) == hash(FieldSet.of(b, a))
    assert FieldSet.of(a) != "a"


def test_the_documented_format() -> None:
    """The example of the managedFields documentation reads as the paths that it means."""
    fields = FieldSet.parse(
        {
            "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {
                "f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}}},
                "f:finalizers": {'v:"x"': {}},
                "f:list": {"i:0": {}},
            },
        }
    )
    assert [render_path(path) for path in fields] == [
        "metadata.labels",
        "metadata.labels.app",
        'spec.containers[name="web"]',
        'spec.containers[name="web"].image',
        'spec.finalizers["x"]',
        "spec.list[0]",
    ]
    assert repr(FieldSet.of(("f:a", "f:b"))) == "FieldSet(a.b)"


def test_the_root_is_never_a_member() -> None:
    """A dot at the root says nothing: the whole object is not owned."""
    assert FieldSet.parse({".": {}, "f:a": {}}) == FieldSet.of(("f:a",))
    assert FieldSet.of(()) == EMPTY
    assert FieldSet.parse({"f:a": {".": {}}}).fields_v1() == {"f:a": {}}


def test_writing_is_in_order() -> None:
    """The same set gives the same bytes."""
    assert list(FieldSet.of(("f:b",), ("f:a",)).fields_v1()) == ["f:a", "f:b"]


@pytest.mark.parametrize(
    ("given_element", "expected"),
    [
        ('k:{"protocol":"TCP","port":80}', 'k:{"port":80,"protocol":"TCP"}'),
        ('k:{"name": "a"}', 'k:{"name":"a"}'),
        ('v:"\\u003ca"', 'v:"<a"'),
        ("i:03", "i:3"),
        ("f:any: thing", "f:any: thing"),
    ],
)
def test_elements_have_one_spelling(given_element: str, expected: str) -> None:
    """Go escapes some characters that others do not, and key order is free."""
    assert canonical(given_element) == expected


@pytest.mark.parametrize("bad", ["", "x", "x:1", "k:[]", "k:{}", "k:{", "v:", "i:a"])
def test_unknown_elements_are_refused(bad: str) -> None:
    """A key that is no path element is an error, not a field."""
    with pytest.raises(InvalidInput):
        canonical(bad)


@pytest.mark.parametrize("bad", [[], "f:a", {"f:a": [1]}])
def test_nodes_are_objects(bad: Any) -> None:
    """FieldsV1 is objects all the way down."""
    with pytest.raises(InvalidInput):
        FieldSet.parse(bad)


def test_rendering_quotes_what_would_be_read_as_a_path() -> None:
    """Names with dots and slashes are quoted; keys are in order."""
    path = ("f:metadata", "f:annotations", "f:a.b/c-d")
    assert render_path(path) == 'metadata.annotations["a.b/c-d"]'
    assert render_path(("f:ports", 'k:{"port":80,"protocol":"TCP"}')) == 'ports[port=80,protocol="TCP"]'
    assert server_path(("f:spec", 'k:{"name":"a"}', "f:x")) == '.spec[name="a"].x'
    assert server_path(path) == ".metadata.annotations.a.b/c-d"


def test_keys_of_reads_a_key_element() -> None:
    """Only list keys carry keys."""
    assert keys_of('k:{"name":"a"}') == {"name": "a"}
    assert keys_of("f:a") is None


def test_node_and_covers() -> None:
    """A leaf holds what is below it; an interior node holds only itself."""
    fields = FieldSet.of(("f:a",), ("f:b", "f:c"), ("f:d",), ("f:d", "f:e"))
    assert fields.node(("f:b",)) == {"f:c": {}}
    assert fields.node(("f:x", "f:y")) is None
    assert fields.covers(("f:a",))
    assert fields.covers(("f:a", "f:inside"))
    assert not fields.covers(("f:b",))
    assert fields.covers(("f:d",))
    assert not fields.covers(("f:d", "f:other"))
    assert not fields.covers(())
