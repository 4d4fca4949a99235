"""One cluster's state and what every request needs of it."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from common.core.keys import GroupVersionKind
from common.core.typed.schema import DEDUCED, crd_schema, with_metadata
from common.core.typed.schema import Schema as TypedSchema
from sandbox.addresses import Addresses
from sandbox.builtin import BUILTIN
from sandbox.clock import stamp, utc_now
from sandbox.resources import Resource, ResourceTable
from sandbox.schemas import typed_definitions
from sandbox.store import Store
from sandbox.structural import Node, node_of_definition

NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""The letters of generated name endings: no vowels, nothing that is easily misread."""
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


class WriteContext(msgspec.Struct, kw_only=True):
    """How one write was asked for. `warnings` collects what the answer's Warning headers say."""

    manager: str
    dry_run: bool = False
    validation: str = "Warn"
    force: bool = False
    user: str = "sandbox-admin"
    trusted: bool = False
    """A controller's write of what was valid before: it gets defaults, and is not checked again."""
    subresource: str = ""
    warnings: list[str] = msgspec.field(default_factory=list)


class ClusterState:
    """Objects, kinds and allocators of one cluster."""

    def __init__(
        self,
        name: str,
        *,
        now: Callable[[], datetime] = utc_now,
        window: int = 5000,
        ready_after_seconds: float = 0.3,
    ) -> None:
        self.name = name
        self.now = now
        self.store = Store(window=window, rv=_first_version(now()))
        self.table = ResourceTable(BUILTIN)
        self.addresses = Addresses()
        self.ready_after_seconds = ready_after_seconds
        self._nodes: dict[Resource, Node] = {}
        self._typed: dict[Resource, TypedSchema] = {}

    def stamp(self) -> str:
        """The time as a metav1.Time."""
        return stamp(self.now())

    def new_uid(self) -> str:
        """A random UUID."""
        return str(uuid.uuid4())

    def random_suffix(self, length: int = 5) -> str:
        """The ending of a generated name."""
        return "".join(secrets.choice(NAME_LETTERS) for _ in range(length))

    def node(self, resource: Resource) -> Node:
        """The schema that its objects are checked by."""
        if resource.definition:
            return node_of_definition(resource.definition)
        found = self._nodes.get(resource)
        if found is None:
            schema = resource.schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
            found = self._nodes[resource] = Node(schema)
        return found

    def typed(self, resource: Resource) -> TypedSchema:
        """The schema that its objects are merged by."""
        found = self._typed.get(resource)
        if found is None:
            if resource.definition:
                gvk = GroupVersionKind(resource.group, resource.version, resource.kind)
                kind = typed_definitions().kind(gvk)
                found = DEDUCED if kind is None else with_metadata(kind)
            else:
                found = crd_schema(resource.schema)
            self._typed[resource] = found
        return found


def _first_version(now: datetime) -> int:
    """A resourceVersion that no earlier life of a cluster without a disk has reached: a thousand a second,
    since clients that watched then must be told to list again.
    """
    return int((now - _EPOCH).total_seconds() * 1000)


def object_of(resource: Resource, name: str, namespace: str = "", **fields: Any) -> dict[str, Any]:
    """A new object's skeleton."""
    meta: dict[str, Any] = {"name": name}
    if namespace:
        meta["namespace"] = namespace
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta, **fields}
