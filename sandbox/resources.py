"""What a cluster serves: one `Resource` per group, version and plural, and the table that finds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class PrinterColumn(msgspec.Struct, frozen=True):
    """One of a CRD's additionalPrinterColumns."""

    name: str
    type: str
    json_path: str
    description: str = ""
    priority: int = 0
    format: str = ""


class ScalePaths(msgspec.Struct, frozen=True):
    """Where the scale subresource finds its values: dotted paths without the leading dot."""

    spec_replicas: str = "spec.replicas"
    status_replicas: str = "status.replicas"
    selector: str = "status.selector"


class Resource(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A kind at one version and its place in the API."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str = ""
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    status: bool = False
    """Has a status subresource: a write to the object keeps its status, and the other way round."""
    scale: ScalePaths | None = None
    generation: bool = True
    """Whether `metadata.generation` counts changes outside metadata (and status, where that is apart)."""
    definition: str = ""
    """The name of its schema among the built-in definitions; empty for custom resources."""
    schema: dict[str, Any] | None = None
    """A custom resource's `openAPIV3Schema`."""
    columns: tuple[PrinterColumn, ...] | None = None
    custom: bool = False
    preferred: bool = True

    @property
    def api_version(self) -> str:
        """As objects have it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`plural` or `plural.group`, as messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def storage(self) -> tuple[str, str]:
        """All versions of a kind are kept in one place."""
        return (self.group, self.plural)

    @property
    def list_kind(self) -> str:
        """The kind of a list of them."""
        return f"{self.kind}List"


class ResourceTable:
    """The resources of one cluster, in the order in which they came. Each change is a new `revision`."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._by_storage: dict[tuple[str, str], Resource] = {}
        self.revision = 0
        for resource in resources:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Serve it, in place of what was served at the same path."""
        self._by_path[(resource.group, resource.version, resource.plural)] = resource
        if resource.preferred or (resource.group, resource.kind) not in self._by_kind:
            self._by_kind[(resource.group, resource.kind)] = resource
        if resource.preferred or resource.storage not in self._by_storage:
            self._by_storage[resource.storage] = resource
        self.revision += 1

    def remove(self, group: str, plural: str) -> None:
        """Serve none of its versions any more."""
        for path in [p for p in self._by_path if p[0] == group and p[2] == plural]:
            gone = self._by_path.pop(path)
            self._by_kind.pop((gone.group, gone.kind), None)
            self._by_storage.pop(gone.storage, None)
        self.revision += 1

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """By path."""
        return self._by_path.get((group, version, plural))

    def of_kind(self, group: str, kind: str) -> Resource | None:
        """The preferred version of a kind."""
        return self._by_kind.get((group, kind))

    def of_storage(self, storage: tuple[str, str]) -> Resource | None:
        """The preferred version of what is stored there."""
        return self._by_storage.get(storage)

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._by_path.values()))

    def namespaced(self) -> list[Resource]:
        """One version of each namespaced kind."""
        return [r for r in self if r.namespaced and r.preferred and "list" in r.verbs]

    def groups(self) -> dict[str, dict[str, list[Resource]]]:
        """Group to version to resources; the preferred version of a group first."""
        found: dict[str, dict[str, list[Resource]]] = {}
        for resource in sorted(self, key=lambda r: not r.preferred):
            found.setdefault(resource.group, {}).setdefault(resource.version, []).append(resource)
        return found
