"""Schemas and objects that the tests of this folder share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from common.core.typed.schema import Definitions, Schema, with_metadata

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 3, 5, 6, tzinfo=UTC)

TEXT = {"type": "string"}
WHOLE = {"type": "integer", "format": "int32"}

DEFINITIONS: dict[str, Any] = {
    "Widget": {
        "type": "object",
        "x-kubernetes-group-version-kind": [{"group": "test.io", "version": "v1", "kind": "Widget"}],
        "properties": {
            "apiVersion": TEXT,
            "kind": TEXT,
            "metadata": {"$ref": "#/$defs/Meta"},
            "spec": {"$ref": "#/$defs/Spec"},
            "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
            "data": {"type": "object", "additionalProperties": TEXT},
        },
    },
    "Meta": {
        "type": "object",
        "properties": {
            "name": TEXT,
            "namespace": TEXT,
            "resourceVersion": TEXT,
            "labels": {"type": "object", "additionalProperties": TEXT},
            "annotations": {"type": "object", "additionalProperties": TEXT},
            "finalizers": {
                "type": "array",
                "items": TEXT,
                "x-kubernetes-list-type": "set",
                "x-kubernetes-patch-strategy": "merge",
            },
            "managedFields": {"type": "array", "items": {"type": "object"}},
        },
    },
    "Spec": {
        "type": "object",
        "properties": {
            "replicas": WHOLE,
            "paused": {"type": "boolean"},
            "ratio": {"type": "number"},
            "selector": {
                "type": "object",
                "additionalProperties": TEXT,
                "x-kubernetes-map-type": "atomic",
            },
            "args": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "atomic"},
            "containers": {
                "type": "array",
                "items": {"$ref": "#/$defs/Container"},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "x-kubernetes-patch-strategy": "merge",
                "x-kubernetes-patch-merge-key": "name",
            },
            "claims": {
                "type": "array",
                "x-kubernetes-list-type": "atomic",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": TEXT,
                        "mode": TEXT,
                        "size": {"$ref": "#/$defs/io.k8s.apimachinery.pkg.api.resource.Quantity"},
                        "labels": {"type": "object", "additionalProperties": TEXT},
                    },
                },
            },
            "strategy": {"$ref": "#/$defs/Strategy", "x-kubernetes-patch-strategy": "retainKeys"},
            "target": {"$ref": "#/$defs/Strategy", "x-kubernetes-patch-strategy": "replace"},
            "since": {"type": "string", "format": "date-time"},
            "blob": {"type": "string", "format": "byte"},
            "note": {"type": "string", "nullable": True},
            "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    },
    "Strategy": {
        "type": "object",
        "properties": {
            "type": TEXT,
            "rolling": {
                "type": "object",
                "properties": {"surge": {"$ref": "#/$defs/io.k8s.apimachinery.pkg.util.intstr.IntOrString"}},
            },
        },
    },
    "Container": {
        "type": "object",
        "properties": {
            "name": TEXT,
            "image": TEXT,
            "command": {"type": "array", "items": TEXT},
            "limits": {
                "type": "object",
                "additionalProperties": {"$ref": "#/$defs/io.k8s.apimachinery.pkg.api.resource.Quantity"},
            },
            "env": {
                "type": "array",
                "items": {"type": "object", "properties": {"name": TEXT, "value": TEXT}},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "x-kubernetes-patch-strategy": "merge",
                "x-kubernetes-patch-merge-key": "name",
            },
            "ports": {
                "type": "array",
                "items": {"type": "object", "properties": {"port": WHOLE, "protocol": TEXT, "host": TEXT}},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["port", "protocol"],
                "x-kubernetes-patch-strategy": "merge",
                "x-kubernetes-patch-merge-key": "port",
            },
        },
    },
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
}

WIDGET: Schema = with_metadata(Definitions(DEFINITIONS).named("Widget"))


def widget(spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    """A minimal object."""
    out: dict[str, Any] = {
        "apiVersion": "test.io/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": "ns", **metadata},
    }
    if spec is not None:
        out["spec"] = spec
    return out


def copied(value: Any) -> Any:
    """A copy that shares nothing, as from the wire."""
    return orjson.loads(orjson.dumps(value))
