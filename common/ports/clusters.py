"""API servers."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from common.core.access import ClusterAccess
from common.core.keys import (
    GroupVersionKind,
    Object,
)


class ApiResource(msgspec.Struct, frozen=True, kw_only=True):
    """One row of discovery."""

    gvk: GroupVersionKind
    plural: str
    namespaced: bool
    verbs: tuple[str, ...] = ()
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()


class ApiCatalog(msgspec.Struct, frozen=True, kw_only=True):
    """What a cluster serves: every served version of every kind, the preferred version first."""

    version: str
    """Its Kubernetes version, such as `v1.36.3`."""
    resources: tuple[ApiResource, ...]
    digest: str
    """Changes when any of it does."""
    failed: tuple[str, ...] = ()
    """Group versions (as `apiVersion` has them) that could not be asked for, or whose rows may be old: a
    kind of theirs that is not among the resources may exist all the same.
    """


class ListResult(msgspec.Struct, frozen=True):
    """A complete LIST (all its pages) at one resourceVersion."""

    items: tuple[Object, ...]
    resource_version: str


class Propagation(enum.StrEnum):
    """DeleteOptions.propagationPolicy."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


class PatchType(enum.StrEnum):
    """The content types of PATCH."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


class WatchEvent(msgspec.Struct, frozen=True):
    """ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    object: Object


class Cluster(Protocol):
    """One API server. Writes return what the server answered, managedFields included."""

    @property
    def access(self) -> ClusterAccess:
        """Whom we talk to."""
        ...

    def catalog(self, *, refresh: bool = False) -> ApiCatalog:
        """Discovery, kept until `refresh` or until a kind is missing."""
        ...

    def schema(self, gvk: GroupVersionKind) -> Mapping[str, Any] | None:
        """The kind's OpenAPI v3 schema with `$ref`s into `components` (returned as
        `{"root": <name>, "schemas": {...}}`, shared between the kinds of one group version); None when the
        server publishes none.
        """
        ...

    def get(self, gvk: GroupVersionKind, namespace: str, name: str) -> Object:
        """One object. Raises NotFound, KindNotServed."""
        ...

    def list(self, gvk: GroupVersionKind, namespace: str = "", *, label_selector: str = "") -> ListResult:
        """All of a kind. Raises rather than return part of it."""
        ...

    def apply(
        self,
        obj: Object,
        *,
        force: bool = True,
        dry_run: bool = False,
        field_manager: str = "moorings",
        validate: bool = True,
    ) -> Object:
        """Server-side apply."""
        ...

    def create(self, obj: Object, *, dry_run: bool = False) -> Object:
        """POST. Raises AlreadyExists."""
        ...

    def replace(self, obj: Object, *, dry_run: bool = False) -> Object:
        """PUT; with `metadata.resourceVersion` as precondition when it is set. Raises VersionConflict."""
        ...

    def patch(
        self,
        gvk: GroupVersionKind,
        namespace: str,
        name: str,
        body: object,
        *,
        patch_type: PatchType = PatchType.MERGE,
        dry_run: bool = False,
        subresource: str = "",
    ) -> Object:
        """PATCH; a `metadata.resourceVersion` in a merge patch is a precondition."""
        ...

    def delete(
        self,
        gvk: GroupVersionKind,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: Propagation = Propagation.BACKGROUND,
        dry_run: bool = False,
    ) -> None:
        """DELETE with preconditions. Raises NotFound, VersionConflict."""
        ...


class Clusters(Protocol):
    """Gives a client for an address; keeps connections between calls."""

    def connect(self, access: ClusterAccess) -> Cluster:
        """A client for it; the same one for equal values."""
        ...

    def home(self) -> Cluster:
        """The cluster that holds the Applications."""
        ...
