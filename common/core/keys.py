"""Identities: what an application, a kind and an object are called, and their one text form each.

The identity of an object leaves the API version out: `apps/v1` and `apps/v1beta2` name the same
Deployment, so an object that only changes its version is neither created nor pruned.
"""

from __future__ import annotations

from typing import Any, NewType, Self

import msgspec

from common.core.errors import InvalidInput

Object = dict[str, Any]
"""A Kubernetes object as JSON gives it: string keys, JSON values."""

Revision = NewType("Revision", str)
"""A full commit id, 40 lower-case hex digits (or a chart's version for Helm repositories)."""

ClusterId = NewType("ClusterId", str)
"""A cluster's API server address as its Secret's `server` field has it, without a trailing slash."""

IN_CLUSTER = ClusterId("https://kubernetes.default.svc")
"""The home cluster's address in `spec.destination.server`, as Argo CD's users write it."""


class AppKey(msgspec.Struct, frozen=True, order=True):
    """An Application's namespace and name. Text form: `namespace/name`."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form.

        Raises:
            InvalidInput: not two non-empty parts with one `/` between them.
        """
        namespace, slash, name = text.partition("/")
        if not (slash and namespace and name) or "/" in name:
            raise InvalidInput("application key", "", found=text, expected="namespace/name")
        return cls(namespace, name)


class GroupKind(msgspec.Struct, frozen=True, order=True):
    """A kind within its API group; the core group is the empty string. Text form: `group/Kind`."""

    group: str
    kind: str

    def __str__(self) -> str:
        return f"{self.group}/{self.kind}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form.

        Raises:
            InvalidInput: no `/`, or no kind behind it.
        """
        group, slash, kind = text.partition("/")
        if not slash or not kind or "/" in kind:
            raise InvalidInput("group and kind", "", found=text, expected="group/Kind")
        return cls(group, kind)


class GroupVersionKind(msgspec.Struct, frozen=True, order=True):
    """What `apiVersion` and `kind` say."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """`version` for the core group, else `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_kind(self) -> GroupKind:
        """The same without its version."""
        return GroupKind(self.group, self.kind)

    @classmethod
    def of(cls, api_version: str, kind: str) -> Self:
        """Build from the two fields of an object."""
        group, slash, version = api_version.rpartition("/")
        return cls(group if slash else "", version, kind)


class ObjectKey(msgspec.Struct, frozen=True, order=True):
    """An object's identity. Cluster-scoped objects have an empty namespace.

    Text form: `group/Kind:namespace/name`, which is also the tail of Argo CD's tracking-id.
    """

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.group}/{self.kind}:{self.namespace}/{self.name}"

    @property
    def group_kind(self) -> GroupKind:
        """The kind of object."""
        return GroupKind(self.group, self.kind)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form. Names may contain `:` (RBAC's do), so the first one separates.

        Raises:
            InvalidInput: any of the separators or the kind or the name is missing.
        """
        kind_text, colon, place = text.partition(":")
        group, slash, kind = kind_text.partition("/")
        namespace, slash2, name = place.partition("/")
        if not (colon and slash and slash2 and kind and name):
            raise InvalidInput("object key", "", found=text, expected="group/Kind:namespace/name")
        return cls(group, kind, namespace, name)


def gvk_of(obj: Object) -> GroupVersionKind:
    """An object's `apiVersion` and `kind`; missing ones are empty."""
    return GroupVersionKind.of(str(obj.get("apiVersion") or ""), str(obj.get("kind") or ""))


def key_of(obj: Object) -> ObjectKey:
    """An object's identity, from `apiVersion`, `kind` and `metadata`."""
    gvk = gvk_of(obj)
    meta = obj.get("metadata") or {}
    return ObjectKey(gvk.group, gvk.kind, meta.get("namespace") or "", meta.get("name") or "")
