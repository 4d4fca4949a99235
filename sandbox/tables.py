"""Table output, as `kubectl get` asks for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from sandbox.columns import COLUMNS, Column
from sandbox.durations import age
from sandbox.jsonpath import BadPath, first_value
from sandbox.resources import PrinterColumn, Resource
from sandbox.state import ClusterState
from sandbox.store import Entry

_NAME = {
    "name": "Name",
    "type": "string",
    "format": "name",
    "description": "Name must be unique within a namespace.",
    "priority": 0,
}


class TableForm(msgspec.Struct, frozen=True):
    """What a Table is asked to hold: `include` is Metadata, Object or None."""

    version: str = "v1"
    include: str = "Metadata"


def table(
    state: ClusterState, resource: Resource, entries: list[Entry], form: TableForm, version: str
) -> dict[str, Any]:
    """Objects as rows."""
    now = state.now()
    custom = resource.columns is not None
    columns = COLUMNS.get((resource.group, resource.kind)) or _AGE_ONLY
    rows = []
    for entry in entries:
        obj = entry.load()
        if custom:
            cells = [entry.key[1], *(_custom_cell(column, obj, now) for column in _custom(resource))]
        else:
            cells = [entry.key[1], *(column.cell(obj, now) for column in columns)]
        row: dict[str, Any] = {"cells": cells}
        if form.include != "None":
            row["object"] = obj if form.include == "Object" else _metadata(obj)
        rows.append(row)
    definitions = (
        [_custom_definition(c) for c in _custom(resource)] if custom else [_definition(c) for c in columns]
    )
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{form.version}",
        "metadata": {"resourceVersion": version},
        "columnDefinitions": [_NAME, *definitions],
        "rows": rows,
    }


def _metadata(obj: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def _definition(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "format": "",
        "description": column.name,
        "priority": column.priority,
    }


_CREATED = PrinterColumn("Age", "date", ".metadata.creationTimestamp")
_AGE_ONLY = (Column("Age", lambda obj, now: age(obj["metadata"].get("creationTimestamp"), now)),)


def _custom(resource: Resource) -> tuple[PrinterColumn, ...]:
    return resource.columns or (_CREATED,)


def _custom_definition(column: PrinterColumn) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description
        or f"Custom resource definition column (in JSONPath format): {column.json_path}",
        "priority": column.priority,
    }


def _custom_cell(column: PrinterColumn, obj: dict[str, Any], now: datetime) -> Any:
    try:
        value = first_value(column.json_path, obj)
    except BadPath:
        return None
    if value is None:
        return None
    if column.type == "date":
        return age(str(value), now)
    return _typed(column.type, value)


def _typed(kind: str, value: Any) -> Any:
    if kind == "string":
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind in ("integer", "number"):
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    return value
