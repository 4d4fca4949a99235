"""Schemas from their three sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import orjson
import pytest

from common.core.keys import GroupVersionKind
from common.core.typed import schema as schemas
from common.core.typed.schema import (
    ANY,
    DEDUCED,
    METADATA,
    Definitions,
    Scalar,
    Schema,
    Shape,
    crd_schema,
    openapi_schema,
    with_metadata,
)

from .samples import DEFINITIONS, WIDGET


def at(root: Schema, *names: str) -> Schema:
    """The schema of a field; `*` is a list's item."""
    for name in names:
        root = root.element() if name == "*" else root.children[name]
    return root


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        (("spec",), Shape.MAP),
        (("spec", "replicas"), Shape.SCALAR),
        (("spec", "selector"), Shape.ATOMIC_MAP),
        (("spec", "args"), Shape.ATOMIC_LIST),
        (("spec", "containers"), Shape.KEYED_LIST),
        (("spec", "containers", "*", "command"), Shape.ATOMIC_LIST),
        (("metadata", "finalizers"), Shape.SET),
        (("spec", "unheard-of"), Shape.ANY),
        (("spec", "extra", "anything"), Shape.ANY),
    ],
)
def test_shapes(path: tuple[str, ...], shape: Shape) -> None:
    """x-kubernetes-list-type and -map-type decide; a list without either is atomic."""
    assert at(WIDGET, *path).shape is shape


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (("spec", "replicas"), Scalar.INTEGER),
        (("spec", "ratio"), Scalar.NUMBER),
        (("spec", "paused"), Scalar.BOOLEAN),
        (("spec", "since"), Scalar.TIME),
        (("spec", "blob"), Scalar.BYTES),
        (("spec", "note"), Scalar.STRING),
        (("spec", "strategy", "rolling", "surge"), Scalar.INT_OR_STRING),
        (("spec", "containers", "*", "limits", "cpu"), Scalar.QUANTITY),
    ],
)
def test_scalars(path: tuple[str, ...], kind: Scalar) -> None:
    """Types and formats, and the two named types that JSON schema cannot tell from strings."""
    assert at(WIDGET, *path).scalar is kind


def test_keys_and_patch_strategies() -> None:
    """What a property says beside its $ref is its own, and does not leak into the definition."""
    containers = at(WIDGET, "spec", "containers")
    assert containers.keys == ("name",)
    assert containers.merge_key == "name"
    assert containers.patch_strategy == {"merge"}
    assert at(WIDGET, "spec", "strategy").patch_strategy == {"retainKeys"}
    assert at(WIDGET, "spec", "target").patch_strategy == {"replace"}
    assert Definitions(DEFINITIONS).named("Strategy").patch_strategy == frozenset()


def test_a_port_without_protocol_is_tcp() -> None:
    """The OpenAPI v2 document lost this default, and keys need it."""
    ports = at(WIDGET, "spec", "containers", "*", "ports")
    assert ports.key_default("protocol") == "TCP"
    assert ports.key_default("port") is None


def test_defaults_are_read() -> None:
    """OpenAPI v3 has them on properties, beside a $ref too."""
    root = Definitions({"P": {"type": "string"}}).node(
        {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["protocol"],
            "items": {"type": "object", "properties": {"protocol": {"$ref": "#/P", "default": "SCTP"}}},
        }
    )
    assert root.key_default("protocol") == "SCTP"


def test_kind_is_found_by_its_extension() -> None:
    """x-kubernetes-group-version-kind names the kind; the same node each time."""
    definitions = Definitions(DEFINITIONS)
    gvk = GroupVersionKind("test.io", "v1", "Widget")
    assert definitions.kind(gvk) is definitions.named("Widget")
    assert definitions.kind(GroupVersionKind("", "v1", "Widget")) is None


def test_the_definitions_that_kubernetes_validate_ships() -> None:
    """They carry the merge extensions of the built-in kinds, so a sandbox needs no other source."""
    place = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    newest = max(place.glob("v1.*.0-local"), key=lambda path: int(path.name.split(".")[1]))
    definitions = Definitions(orjson.loads((newest / "_definitions.json").read_bytes())["$defs"])
    pod = definitions.kind(GroupVersionKind("apps", "v1", "Deployment"))
    assert pod is not None
    containers = at(pod, "spec", "template", "spec", "containers")
    assert (containers.shape, containers.keys, containers.merge_key) == (Shape.KEYED_LIST, ("name",), "name")
    assert at(pod, "spec", "selector").shape is Shape.ATOMIC_MAP
    assert at(pod, "spec", "strategy").patch_strategy == {"retainKeys"}
    assert at(containers, "*", "resources", "limits", "cpu").scalar is Scalar.QUANTITY
    assert at(containers, "*", "livenessProbe", "httpGet", "port").scalar is Scalar.INT_OR_STRING
    assert at(containers, "*", "env", "*", "value").scalar is Scalar.STRING
    service = definitions.kind(GroupVersionKind("", "v1", "Service"))
    assert service is not None
    assert at(service, "spec", "ports").keys == ("port", "protocol")
    assert at(service, "metadata", "finalizers").shape is Shape.SET
    secret = definitions.kind(GroupVersionKind("", "v1", "Secret"))
    assert secret is not None
    assert at(secret, "data", "any").scalar is Scalar.BYTES


def test_an_unknown_reference_is_deduced() -> None:
    """A document may be cut: what is not there is not known."""
    assert Definitions({}).node({"$ref": "#/components/schemas/Gone"}) is ANY


def test_recursive_definitions_end() -> None:
    """Nodes are made as they are walked, so JSONSchemaProps may contain itself."""
    definitions = Definitions({"N": {"type": "object", "properties": {"next": {"$ref": "#/defs/N"}}}})
    node = definitions.named("N")
    assert at(node, "next", "next", "next") is node


def test_openapi_v3_reads_all_of_one() -> None:
    """OpenAPI v3 wraps a $ref in allOf to put a default or a map type beside it."""
    document: dict[str, Any] = {
        "root": "R",
        "schemas": {
            "R": {
                "type": "object",
                "properties": {"sel": {"allOf": [{"$ref": "#/components/schemas/S"}], "default": {}}},
            },
            "S": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
    document["schemas"]["R"]["properties"]["atom"] = {
        "$ref": "#/components/schemas/S",
        "x-kubernetes-map-type": "atomic",
    }
    root = openapi_schema(document)
    assert at(root, "sel").default == {}
    assert at(root, "sel").shape is Shape.MAP
    assert at(root, "atom").shape is Shape.ATOMIC_MAP
    assert at(root, "metadata", "labels", "x").scalar is Scalar.STRING


def test_openapi_without_a_document_is_deduced() -> None:
    """A kind whose schema the server does not publish: granular maps, atomic lists."""
    root = openapi_schema(None)
    assert root is DEDUCED
    assert at(root, "spec").shape is Shape.ANY
    assert at(root, "metadata", "ownerReferences").keys == ("uid",)
    assert root.allow_unknown


def test_openapi_documents_are_kept_by_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds of one group version share their definitions; the oldest document goes when there are many."""
    monkeypatch.setattr(schemas, "_RECENT", {})
    monkeypatch.setattr(schemas, "_RECENT_LIMIT", 2)
    shared = DEFINITIONS
    spec = at(openapi_schema({"root": "Widget", "schemas": shared}), "spec")
    assert at(openapi_schema({"root": "Widget", "schemas": shared}), "spec") is spec
    openapi_schema({"root": "A", "schemas": {"A": {"type": "object"}}})
    openapi_schema({"root": "A", "schemas": {"A": {"type": "object"}}})
    assert len(schemas._RECENT) == 2
    assert at(openapi_schema({"root": "Widget", "schemas": shared}), "spec") is not spec


def test_a_root_with_metadata_stays() -> None:
    """Built-in kinds say what their metadata is."""
    root = Definitions(DEFINITIONS).named("Widget")
    assert with_metadata(root) is root


def test_crd_schema() -> None:
    """Structural schemas: int-or-string, preserved fields, embedded resources, and ObjectMeta by itself."""
    root = crd_schema(
        {
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "properties": {
                        "port": {"x-kubernetes-int-or-string": True},
                        "cpu": {"x-kubernetes-int-or-string": True, "pattern": "^([0-9]+)([KMGTPE]i)$"},
                        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        "open": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": True,
                            "properties": {"a": {"type": "string"}},
                        },
                        "closed": {"type": "object", "additionalProperties": False, "properties": {"a": {}}},
                        "pod": {"type": "object", "x-kubernetes-embedded-resource": True},
                        "maybe": {"type": ["string", "null"]},
                        "none": {"type": "object", "nullable": True},
                        "any": {},
                        "bare": {"properties": {"a": {"type": "string"}}},
                        "listed": {"type": "array"},
                    },
                }
            },
        }
    )
    assert not root.allow_unknown
    assert root.children["metadata"] is METADATA
    assert at(root, "spec", "port").scalar is Scalar.INT_OR_STRING
    assert at(root, "spec", "cpu").scalar is Scalar.QUANTITY
    assert at(root, "spec", "free").allow_unknown
    assert at(root, "spec", "open").allow_unknown
    assert at(root, "spec", "open").declared == {"a"}
    assert not at(root, "spec", "closed").allow_unknown
    assert at(root, "spec", "pod", "metadata") is METADATA
    assert at(root, "spec", "maybe").scalar is Scalar.STRING
    assert not at(root, "spec", "maybe").nullable
    assert at(root, "spec", "none").nullable
    assert at(root, "spec", "any").shape is Shape.ANY
    assert at(root, "spec", "bare").shape is Shape.MAP
    assert at(root, "spec", "listed", "*") is ANY
    assert crd_schema(None).children["spec"] is ANY


@pytest.mark.parametrize(
    ("source", "shape", "keys"),
    [
        (
            {"x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "uid"},
            Shape.KEYED_LIST,
            ("uid",),
        ),
        ({"x-kubernetes-patch-strategy": "merge"}, Shape.SET, ()),
        ({"x-kubernetes-patch-strategy": "replace"}, Shape.ATOMIC_LIST, ()),
        ({}, Shape.ATOMIC_LIST, ()),
        ({"x-kubernetes-list-type": "atomic", "x-kubernetes-patch-strategy": "merge"}, Shape.ATOMIC_LIST, ()),
    ],
)
def test_list_type_or_else_the_patch_strategy(
    source: dict[str, Any], shape: Shape, keys: tuple[str, ...]
) -> None:
    """Without a list type, the older extension decides."""
    node = Definitions({}).node({"type": "array", "items": {"type": "string"}, **source})
    assert (node.shape, node.keys) == (shape, keys)
