"""The identity of list items, and JSON equality."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.errors import InvalidInput
from common.core.typed.items import index_items, item_element, same

from .samples import WIDGET

SPEC = WIDGET.children["spec"]
CONTAINERS = SPEC.children["containers"]
PORTS = CONTAINERS.element().children["ports"]
FINALIZERS = WIDGET.children["metadata"].children["finalizers"]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("x", "x", True),
        (1, 1.0, True),
        (1, True, False),
        (True, True, True),
        ({"a": [1, 2]}, {"a": [1, 2]}, True),
        ({"a": [1]}, {"a": [True]}, False),
        ([0], [False], False),
        (None, None, True),
        ("1", 1, False),
        (300, 300.0, True),
    ],
)
def test_same(a: Any, b: Any, expected: bool) -> None:
    """Numbers compare by value; true is not 1."""
    assert same(a, b) is expected


@pytest.mark.parametrize(
    ("item", "element"),
    [
        ({"port": 80}, 'k:{"port":80,"protocol":"TCP"}'),
        ({"port": 80, "protocol": "UDP", "host": "h"}, 'k:{"port":80,"protocol":"UDP"}'),
        ({"protocol": "UDP"}, 'k:{"protocol":"UDP"}'),
    ],
)
def test_keys_of_items(item: Any, element: str) -> None:
    """A key that the item leaves out has its default; one without a default is left out."""
    assert item_element(PORTS, item) == element


def test_items_of_sets_are_their_values() -> None:
    """A set's items are scalars."""
    assert item_element(FINALIZERS, "x") == 'v:"x"'


@pytest.mark.parametrize(
    ("schema", "item"),
    [(CONTAINERS, {"image": "x"}), (CONTAINERS, "x"), (FINALIZERS, None), (FINALIZERS, {}), (FINALIZERS, [])],
)
def test_items_without_identity_are_refused(schema: Any, item: Any) -> None:
    """No key, no place in the list."""
    with pytest.raises(InvalidInput):
        item_element(schema, item)


def test_a_key_that_is_no_text() -> None:
    """A single key need not be a string."""
    assert item_element(CONTAINERS, {"name": 3}) == 'k:{"name":3}'


def test_index_keeps_order_and_duplicates() -> None:
    """Two items under one key are both there."""
    a, b, c = {"name": "a"}, {"name": "b"}, {"name": "a", "image": "x"}
    found = index_items(CONTAINERS, [a, b, c])
    assert list(found) == ['k:{"name":"a"}', 'k:{"name":"b"}']
    assert found['k:{"name":"a"}'] == [a, c]
