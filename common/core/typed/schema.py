"""A compact tree of what a kind's fields are and how they merge, made as it is walked.

Three sources give the same tree: OpenAPI v3 component schemas, JSON schema definitions made from the
OpenAPI v2 document, and CustomResourceDefinitions' structural schemas. A kind without any has the deduced
schema: all maps granular, all lists atomic. The extensions `x-kubernetes-*` are those that
kubernetes.io documents under "Merge strategy" and "Extend the Kubernetes API with CustomResourceDefinitions".
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

from common.core.keys import GroupVersionKind

Source = Mapping[str, Any]
"""A schema as JSON."""


class Shape(enum.IntEnum):
    """What a value may be."""

    ANY = 0
    """Deduced from the value: a map is granular, a list atomic."""
    SCALAR = 1
    MAP = 2
    ATOMIC_MAP = 3
    ATOMIC_LIST = 4
    SET = 5
    KEYED_LIST = 6


class Scalar(enum.IntEnum):
    """What a scalar may be."""

    ANY = 0
    STRING = 1
    INTEGER = 2
    NUMBER = 3
    BOOLEAN = 4
    INT_OR_STRING = 5
    QUANTITY = 6
    BYTES = 7
    TIME = 8


class Schema:
    """One node. Children are made when they are asked for; a node is shared by all that refer to it."""

    __slots__ = (
        "allow_unknown",
        "children",
        "declared",
        "default",
        "element",
        "keys",
        "merge_key",
        "nullable",
        "patch_strategy",
        "scalar",
        "shape",
    )

    def __init__(
        self,
        shape: Shape,
        *,
        scalar: Scalar = Scalar.ANY,
        keys: tuple[str, ...] = (),
        nullable: bool = False,
        allow_unknown: bool = False,
    ) -> None:
        self.shape = shape
        self.scalar = scalar
        self.keys = keys
        """A keyed list's key fields."""
        self.default: Any = None
        self.nullable = nullable
        """Null is a value of its own and is kept."""
        self.allow_unknown = allow_unknown
        """A map may have fields that `declared` does not name."""
        self.patch_strategy: frozenset[str] = frozenset()
        """`merge`, `replace`, `retainKeys`: x-kubernetes-patch-strategy, split."""
        self.merge_key = ""
        """x-kubernetes-patch-merge-key."""
        self.declared: frozenset[str] = frozenset()
        """Names of a struct's fields; empty for a map of free keys."""
        self.children: Children = Children(_any_child)
        """Field name → schema; the one of the free keys for names that are not declared."""
        self.element: Callable[[], Schema] = _any
        """A list's items."""

    def override(self, source: Source) -> Schema:
        """This node, with what a property says beside its `$ref`."""
        made = Schema.__new__(Schema)
        for slot in Schema.__slots__:
            setattr(made, slot, getattr(self, slot))
        _annotate(made, source)
        if source.get("x-kubernetes-map-type") == "atomic" and made.shape is Shape.MAP:
            made.shape = Shape.ATOMIC_MAP
        return made

    def key_default(self, key: str) -> object:
        """What an item of a keyed list has under a key that it does not name; None when it must name it.

        The OpenAPI v2 document has no defaults; the only key with one there is a port's protocol.
        """
        default = self.element().children[key].default
        return "TCP" if default is None and key == "protocol" else default


class Children(dict[str, Schema]):
    """Schemas by field name, made at the first look."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[str], Schema]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> Schema:
        made = self[name] = self._make(name)
        return made


def _any() -> Schema:
    return ANY


def _any_child(_name: str) -> Schema:
    return ANY


ANY = Schema(Shape.ANY, allow_unknown=True)
"""The deduced schema: what nothing is known of."""

_OVERRIDES = (
    "default",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-map-type",
)
_SCALARS = {
    "string": Scalar.STRING,
    "integer": Scalar.INTEGER,
    "number": Scalar.NUMBER,
    "boolean": Scalar.BOOLEAN,
}
_FORMATS = {
    "int-or-string": Scalar.INT_OR_STRING,
    "byte": Scalar.BYTES,
    "date-time": Scalar.TIME,
}


def _annotate(node: Schema, source: Source) -> None:
    if source.get("default") is not None:
        node.default = source["default"]
    strategy = source.get("x-kubernetes-patch-strategy")
    if strategy:
        node.patch_strategy = frozenset(strategy.split(","))
    node.merge_key = source.get("x-kubernetes-patch-merge-key") or node.merge_key


class Definitions:
    """Named schemas that refer to each other; each becomes a node once."""

    __slots__ = ("_by_kind", "_named", "_schemas")

    def __init__(self, schemas: Mapping[str, Source]) -> None:
        self._schemas = schemas
        self._named: dict[str, Schema] = {}
        self._by_kind: dict[GroupVersionKind, str] | None = None

    def named(self, name: str) -> Schema:
        """The schema with that name; the deduced one when there is none.

        Raises:
            RecursionError: a definition that is only a reference to itself.
        """
        node = self._named.get(name)
        if node is None:
            source = self._schemas.get(name)
            node = ANY if source is None else self._named_node(name, source)
            self._named[name] = node
        return node

    def kind(self, gvk: GroupVersionKind) -> Schema | None:
        """The schema of a kind, by `x-kubernetes-group-version-kind`."""
        if self._by_kind is None:
            self._by_kind = {}
            for name, source in self._schemas.items():
                for row in source.get("x-kubernetes-group-version-kind") or ():
                    key = GroupVersionKind(row.get("group", ""), row["version"], row["kind"])
                    self._by_kind.setdefault(key, name)
        name = self._by_kind.get(gvk, "")
        return self.named(name) if name else None

    def node(self, source: Source) -> Schema:
        """The node of a schema that stands in place."""
        reference = source.get("$ref")
        if reference is None and len(source.get("allOf") or ()) == 1:
            reference = source["allOf"][0].get("$ref")
        if reference is not None:
            target = self.named(reference.rpartition("/")[2])
            return target.override(source) if any(name in source for name in _OVERRIDES) else target
        node = self._bare(source)
        _annotate(node, source)
        return node

    def _named_node(self, name: str, source: Source) -> Schema:
        # The two types whose JSON schema says no more than "one of".
        if name.endswith("resource.Quantity"):
            return Schema(Shape.SCALAR, scalar=Scalar.QUANTITY)
        if name.endswith("intstr.IntOrString"):
            return Schema(Shape.SCALAR, scalar=Scalar.INT_OR_STRING)
        return self.node(source)

    def _bare(self, source: Source) -> Schema:
        if source.get("x-kubernetes-int-or-string"):
            quantity = "[KMGTPE]i" in (source.get("pattern") or "")
            return Schema(Shape.SCALAR, scalar=Scalar.QUANTITY if quantity else Scalar.INT_OR_STRING)
        kind = source.get("type")
        nullable = source.get("nullable") is True
        if isinstance(kind, list):
            kind = next((name for name in kind if name != "null"), None)
        if kind in _SCALARS:
            scalar = _FORMATS.get(source.get("format") or "", _SCALARS[kind])
            return Schema(Shape.SCALAR, scalar=scalar, nullable=nullable)
        if kind == "array":
            return self._list(source, nullable=nullable)
        if kind == "object" or "properties" in source or "additionalProperties" in source:
            return self._map(source, nullable=nullable)
        return Schema(Shape.ANY, nullable=nullable, allow_unknown=True)

    def _list(self, source: Source, *, nullable: bool) -> Schema:
        keys: tuple[str, ...] = ()
        shape = Shape.ATOMIC_LIST
        match source.get("x-kubernetes-list-type"):
            case "map":
                shape, keys = Shape.KEYED_LIST, tuple(source.get("x-kubernetes-list-map-keys") or ())
            case "set":
                shape = Shape.SET
            case None:
                # Without a list type, the older patch strategy decides, as the API server reads it.
                shape, keys = self._list_by_strategy(source)
        node = Schema(shape, keys=keys, nullable=nullable)
        items = source.get("items")
        if items:
            made: list[Schema] = []

            def element() -> Schema:
                if not made:
                    made.append(self.node(items))
                return made[0]

            node.element = element
        return node

    @staticmethod
    def _list_by_strategy(source: Source) -> tuple[Shape, tuple[str, ...]]:
        if "merge" not in (source.get("x-kubernetes-patch-strategy") or "").split(","):
            return Shape.ATOMIC_LIST, ()
        key = source.get("x-kubernetes-patch-merge-key")
        return (Shape.KEYED_LIST, (key,)) if key else (Shape.SET, ())

    def _map(self, source: Source, *, nullable: bool) -> Schema:
        properties: Mapping[str, Source] = source.get("properties") or {}
        additional = source.get("additionalProperties")
        keep = bool(source.get("x-kubernetes-preserve-unknown-fields"))
        shape = Shape.ATOMIC_MAP if source.get("x-kubernetes-map-type") == "atomic" else Shape.MAP
        free = additional if isinstance(additional, Mapping) and additional else None
        node = Schema(
            shape, nullable=nullable, allow_unknown=keep or additional is not None or not properties
        )
        node.declared = frozenset(properties)
        embedded = bool(source.get("x-kubernetes-embedded-resource"))
        if additional is False:
            node.allow_unknown = keep

        def child(name: str) -> Schema:
            if embedded and name == "metadata":
                return METADATA
            if name in properties:
                return self.node(properties[name])
            return ANY if free is None else self.node(free)

        node.children = Children(child)
        return node


_STRING: Source = {"type": "string"}
_METADATA: Source = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion"), _STRING),
        **{
            name: {"type": "string", "format": "date-time"}
            for name in ("creationTimestamp", "deletionTimestamp")
        },
        **{name: {"type": "integer"} for name in ("generation", "deletionGracePeriodSeconds")},
        **{name: {"type": "object", "additionalProperties": _STRING} for name in ("labels", "annotations")},
        "finalizers": {
            "type": "array",
            "items": _STRING,
            "x-kubernetes-list-type": "set",
            "x-kubernetes-patch-strategy": "merge",
        },
        "ownerReferences": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    **dict.fromkeys(("apiVersion", "kind", "name", "uid"), _STRING),
                    **{name: {"type": "boolean"} for name in ("controller", "blockOwnerDeletion")},
                },
                "x-kubernetes-map-type": "atomic",
            },
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["uid"],
            "x-kubernetes-patch-strategy": "merge",
            "x-kubernetes-patch-merge-key": "uid",
        },
        "managedFields": {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "atomic"},
    },
}
METADATA = Definitions({}).node(_METADATA)
"""ObjectMeta, which CustomResourceDefinitions leave out."""


def _resource(children: Callable[[str], Schema], *, declared: frozenset[str], allow_unknown: bool) -> Schema:
    """A root: as given, but with the fields that every object has."""
    text = Schema(Shape.SCALAR, scalar=Scalar.STRING)
    common = {"apiVersion": text, "kind": text, "metadata": METADATA}
    root = Schema(Shape.MAP, allow_unknown=allow_unknown)
    root.declared = declared | common.keys()
    root.children = Children(lambda name: common.get(name) or children(name))
    return root


def crd_schema(source: Source | None) -> Schema:
    """The schema of a custom resource from `spec.versions[].schema.openAPIV3Schema`."""
    inner = ANY if source is None else Definitions({}).node(source)
    return _resource(
        inner.children.__getitem__,
        declared=inner.declared,
        allow_unknown=inner.allow_unknown,
    )


DEDUCED = _resource(_any_child, declared=frozenset(), allow_unknown=True)
"""The schema of a kind of which nothing is known."""


def openapi_schema(document: Mapping[str, Any] | None) -> Schema:
    """The schema of what `ports.Cluster.schema` answers: `{"root": name, "schemas": {...}}`, or None.

    Definitions are kept between calls for the last few documents that were given (by identity: kinds of
    one group version share the mapping).
    """
    if document is None:
        return DEDUCED
    schemas = document["schemas"]
    kept = _RECENT.get(id(schemas))
    if kept is None or kept[0] is not schemas:
        while len(_RECENT) >= _RECENT_LIMIT:
            _RECENT.pop(next(iter(tuple(_RECENT))), None)
        kept = _RECENT[id(schemas)] = (schemas, Definitions(schemas))
    return with_metadata(kept[1].named(document["root"]))


def with_metadata(root: Schema) -> Schema:
    """The same root when it says what its metadata is, as built-in kinds do; else with ObjectMeta."""
    if root.children["metadata"].declared:
        return root
    return _resource(root.children.__getitem__, declared=root.declared, allow_unknown=root.allow_unknown)


_RECENT: dict[int, tuple[Mapping[str, Source], Definitions]] = {}
_RECENT_LIMIT = 64
