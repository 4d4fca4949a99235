"""Objects against their schemas: built-in ones and those of definitions."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.structural import Node, check, fill_defaults, node_of_definition

POD = "io.k8s.api.core.v1.Pod"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1, "maximum": 9},
                "colour": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 4, "minLength": 2},
                "port": {"x-kubernetes-int-or-string": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "nested": {
                    "type": "object",
                    "default": {},
                    "properties": {"deep": {"type": "boolean", "default": True}},
                },
                "gone": {"type": "string", "nullable": True},
                "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                "keyed": {
                    "type": "array",
                    "maxItems": 2,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["k"],
                    "items": {"type": "object", "properties": {"k": {"type": "string"}}},
                },
                "template": {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {}},
                "either": {"oneOf": [{"type": "string"}, {"type": "integer"}], "type": "string"},
                "when": {"type": "string", "format": "date-time"},
            },
        }
    },
}


def causes(**spec: Any) -> dict[str, str]:
    """Field → message of what is wrong with a spec."""
    obj = {"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "a"}, "spec": spec}
    return {cause.field: cause.message for cause in check(Node(SCHEMA), obj).causes}


def test_a_valid_object_has_no_findings() -> None:
    """Identity and metadata need no declaration at the root."""
    obj = {"apiVersion": "x/v1", "kind": "X", "metadata": {}, "spec": {"size": 2, "port": "80"}}
    found = check(Node(SCHEMA), obj)
    assert (found.causes, found.unknown, found.mismatches) == ([], [], [])


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        ({}, "spec.size", "Required value"),
        ({"size": 0}, "spec.size", "should be greater than or equal to 1"),
        ({"size": 10}, "spec.size", "should be less than or equal to 9"),
        ({"size": 1, "colour": "green"}, "spec.colour", 'supported values: "red", "blue"'),
        ({"size": 1, "name": "ABC"}, "spec.name", "should match '^[a-z]+$'"),
        ({"size": 1, "name": "abcde"}, "spec.name", "Too long: may not be more than 4"),
        ({"size": 1, "name": "a"}, "spec.name", "should be at least 2 chars long"),
        ({"size": 1, "set": ["a", "a"]}, "spec.set[1]", 'Duplicate value: "a"'),
        ({"size": 1, "keyed": [{"k": "a"}, {"k": "a"}]}, "spec.keyed[1]", "Duplicate value"),
        (
            {"size": 1, "keyed": [{"k": "a"}, {"k": "b"}, {"k": "c"}]},
            "spec.keyed",
            "must have at most 2 items",
        ),
        ({"size": 1, "when": "noon"}, "spec.when", "must be of type date-time"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(spec: dict[str, Any], field: str, words: str) -> None:
    """One cause for the field, in the API server's words."""
    assert words in causes(**spec)[field]


def test_wrong_types_are_apart() -> None:
    """They decide between 400 and 422, so they are no causes yet."""
    found = check(Node(SCHEMA), {"spec": {"size": "2", "labels": {"a": 1}}})
    assert found.mismatches == [("spec.size", "2", "integer"), ("spec.labels.a", 1, "string")]


def test_unknown_fields_are_reported_and_pruned() -> None:
    """Declared-open places keep theirs; an embedded resource keeps its identity."""
    obj = {
        "spec": {"size": 1, "zz": 1, "free": {"any": 1}, "template": {"kind": "P", "metadata": {"name": "a"}}}
    }
    assert check(Node(SCHEMA), obj).unknown == ["spec.zz"]
    assert obj == {
        "spec": {"size": 1, "free": {"any": 1}, "template": {"kind": "P", "metadata": {"name": "a"}}}
    }


def test_metadata_is_always_object_meta() -> None:
    """A definition that says `metadata: {type: object}` means the same as one that says nothing."""
    schema = {"type": "object", "properties": {"metadata": {"type": "object"}}}
    obj = {"metadata": {"name": "a", "labels": {"a": "b"}, "odd": 1}}
    assert check(Node(schema), obj).unknown == ["metadata.odd"]
    assert obj == {"metadata": {"name": "a", "labels": {"a": "b"}}}


def test_nulls_go_unless_they_may_be() -> None:
    """A null of a field that is not nullable is as if it were not there."""
    obj = {"spec": {"size": 1, "colour": None, "gone": None}}
    check(Node(SCHEMA), obj)
    assert obj == {"spec": {"size": 1, "gone": None}}


def test_defaults_are_filled_from_the_outside_in() -> None:
    """A default object gets its own fields' defaults; an explicit null counts as absent."""
    obj: dict[str, Any] = {"spec": {"size": 1, "colour": None}}
    fill_defaults(Node(SCHEMA), obj)
    assert obj["spec"] == {"size": 1, "colour": "red", "nested": {"deep": True}}


def test_built_in_kinds_by_their_published_schema() -> None:
    """The same walk finds a Pod's faults."""
    pod = {
        "metadata": {"foo": 1},
        "spec": {"containers": [{"image": "x", "ports": [{"containerPort": "80"}]}]},
    }
    found = check(node_of_definition(POD), pod)
    assert found.unknown == ["metadata.foo"]
    assert found.mismatches == [("spec.containers[0].ports[0].containerPort", "80", "integer")]
    assert [cause.field for cause in found.causes] == ["spec.containers[0].name"]
