"""JSONPath as printer columns use it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.jsonpath import BadPath, first_value, values

OBJECT: dict[str, Any] = {
    "spec": {"size": 3, "tags": ["a", "b"], "a.b": "dotted"},
    "metadata": {"annotations": {"x.dev/y": "z"}},
    "status": {
        "conditions": [
            {"type": "Synced", "status": "True", "code": 1},
            {"type": "Ready", "status": "False", "ok": True},
        ]
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.size", [3]),
        ("{.spec.size}", [3]),
        ("$.spec.size", [3]),
        ("spec.size", [3]),
        (".spec.none.deeper", []),
        (".spec.tags[1]", ["b"]),
        (".spec.tags[-1]", ["b"]),
        (".spec.tags[5]", []),
        (".spec.tags[*]", ["a", "b"]),
        (".spec['a.b']", ["dotted"]),
        (r".spec.a\.b", ["dotted"]),
        (".metadata.annotations['x.dev/y']", ["z"]),
        (r".metadata.annotations.x\.dev/y", None),
        ('.status.conditions[?(@.type=="Ready")].status', ["False"]),
        (".status.conditions[?(@.type=='Ready')].status", ["False"]),
        ('.status.conditions[?(@.type!="Ready")].type', ["Synced"]),
        (".status.conditions[?(@.code==1)].type", ["Synced"]),
        (".status.conditions[?(@.ok==true)].type", ["Ready"]),
        (".status.conditions[*].type", ["Synced", "Ready"]),
        ("..status", [OBJECT["status"], "True", "False"]),
    ],
)
def test_paths(path: str, found: list[Any] | None) -> None:
    """What each form finds; None: it is refused."""
    if found is None:
        with pytest.raises(BadPath):
            values(path, OBJECT)
    else:
        assert values(path, OBJECT) == found


def test_the_first_value_or_none() -> None:
    """A column shows one value."""
    assert first_value(".status.conditions[*].type", OBJECT) == "Synced"
    assert first_value(".nothing", OBJECT) is None
