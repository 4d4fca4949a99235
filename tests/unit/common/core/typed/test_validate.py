"""What keeps a configuration from being applied."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.errors import FieldError, InvalidInput
from common.core.typed.validate import require_valid, violations

from .samples import WIDGET, widget


@pytest.mark.parametrize(
    ("spec", "field", "expected"),
    [
        ({"unheard": 1}, ".spec.unheard", "field not declared in schema"),
        ({"replicas": "1"}, ".spec.replicas", "numeric (int or float)"),
        ({"replicas": True}, ".spec.replicas", "numeric (int or float)"),
        ({"paused": "yes"}, ".spec.paused", "boolean"),
        ({"since": 1}, ".spec.since", "string"),
        ({"strategy": "x"}, ".spec.strategy", "map"),
        ({"selector": ["x"]}, ".spec.selector", "map"),
        ({"selector": {"a": 1}}, ".spec.selector.a", "string"),
        ({"args": {"a": 1}}, ".spec.args", "list"),
        ({"args": ["a", 1]}, ".spec.args[1]", "string"),
        ({"containers": "x"}, ".spec.containers", "list"),
        ({"containers": [{"name": "a"}, {"image": "i"}]}, ".spec.containers[1]", "an object with name"),
        ({"containers": [{"name": "a", "image": 1}]}, '.spec.containers[name="a"].image', "string"),
        (
            {"containers": [{"name": "a"}, {"name": "a"}]},
            ".spec.containers",
            'no duplicate entries for key [name="a"]',
        ),
    ],
)
def test_violations(spec: Any, field: str, expected: str) -> None:
    """Each names the field as API servers do, and what belongs there."""
    (error,) = violations(widget(spec), WIDGET, name="obj")
    assert (error.object, error.field, error.expected) == ("obj", field, expected)


def test_a_valid_object_has_none() -> None:
    """Nulls, preserved unknown fields, quantities and int-or-strings as text or number are all fine."""
    spec = {
        "replicas": 1,
        "ratio": 1,
        "note": None,
        "extra": {"any": [{"thing": 1}]},
        "strategy": {"rolling": {"surge": "25%"}},
        "containers": [{"name": "a", "limits": {"cpu": 1, "memory": "1Gi"}}],
    }
    require_valid(widget(spec), WIDGET, name="obj")


def test_all_are_reported_together() -> None:
    """One round is enough to mend a manifest; long values are cut."""
    with pytest.raises(InvalidInput) as caught:
        require_valid(widget({"replicas": "x" * 200, "paused": 3}), WIDGET, name="obj")
    assert [error.field for error in caught.value.errors] == [".spec.replicas", ".spec.paused"]
    assert len(caught.value.errors[0].found) == 100
    assert isinstance(caught.value.errors[0], FieldError)
