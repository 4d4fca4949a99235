"""Random sequences of applies and updates come to what structured-merge-diff v6.4.2 makes of them.

The fixture holds, for each step, the request and that library's answer: the object, every manager's FieldsV1,
and whether it was refused with a conflict.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from common.core.typed.entries import read_entries
from common.core.typed.managed import apply, track
from common.core.typed.schema import Definitions

from .samples import NOW, TEXT

TEXTS = {"type": "object", "additionalProperties": TEXT}
KEYED = {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
ENV = {**KEYED, "items": {"type": "object", "properties": {"name": TEXT, "value": TEXT}}}
CONTAINER = {"type": "object", "properties": {"name": TEXT, "image": TEXT, "limits": TEXTS, "env": ENV}}
SPEC = {
    "type": "object",
    "properties": {
        "replicas": {"type": "integer"},
        "selector": {**TEXTS, "x-kubernetes-map-type": "atomic"},
        "args": {"type": "array", "items": TEXT},
        "finalizers": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
        "containers": {**KEYED, "items": CONTAINER},
        "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
SCHEMA = Definitions({}).node(
    {"type": "object", "properties": {"spec": SPEC, "metadata": {"type": "object"}}}
)
SEQUENCES = orjson.loads((Path(__file__).parent / "fixtures" / "apply-sequences.json").read_bytes())


@pytest.mark.parametrize("steps", SEQUENCES)
def test_sequence(steps: list[dict[str, Any]]) -> None:
    """Object, owners and conflicts are the same after every step."""
    live: dict[str, Any] | None = None
    for step in steps:
        conflict = False
        if step["kind"] == "apply":
            result = apply(
                live, step["object"], SCHEMA, manager=step["manager"], now=NOW, force=step["force"]
            )
            conflict, live = bool(result.conflicts), result.object
        else:
            live = track(live, step["object"], SCHEMA, manager=step["manager"], now=NOW)
        assert conflict is step["conflict"]
        assert {name: value for name, value in live.items() if name != "metadata"} == step["result"]
        assert {entry.manager: entry.fields.fields_v1() for entry in read_entries(live)} == step["managers"]
