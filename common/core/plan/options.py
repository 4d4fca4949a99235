"""What a plan is made from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from common.core.keys import Object, ObjectKey
from common.core.model.sync_options import SyncOptions


class NamespaceWish(msgspec.Struct, frozen=True, kw_only=True):
    """The namespace that `CreateNamespace=true` asks for."""

    name: str
    live: Object | None
    """What is there; None is proof that it is not there."""
    managed: bool = False
    """Whether `managedNamespaceMetadata` is given."""
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    annotations: Mapping[str, str] = msgspec.field(default_factory=dict)


class PlanInput(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides what a sync does."""

    desired: tuple[Object, ...]
    """The desired objects, tracked, without hooks."""
    hooks: tuple[Object, ...] = ()
    """The hooks, with their own names or `generateName`."""
    live: Mapping[ObjectKey, Object]
    """The application's live objects."""
    orphans: frozenset[ObjectKey] = frozenset()
    """Live objects that are proven to be ours and are no longer desired."""
    refused: Mapping[ObjectKey, str] = msgspec.field(default_factory=dict)
    """Objects that cannot be applied (kind not served, not permitted), and why."""
    in_sync: frozenset[ObjectKey] = frozenset()
    """Objects that equal desired; they are left out with ApplyOutOfSyncOnly or in a self-heal."""
    selected: frozenset[ObjectKey] | None = None
    """Only these objects take part, and no hooks run; None for all."""
    skip_hooks: bool = False
    """`syncStrategy.apply`."""
    prune: bool = False
    """Whether the operation prunes."""
    force: bool = False
    """`syncStrategy.…force`."""
    prune_confirmed: bool = False
    options: SyncOptions = SyncOptions()
    namespace: NamespaceWish | None = None
    revision: str
    started_at: datetime
    operation_id: str = ""
    attempt: int = 0
    """The operation's retry count: a retry does not take a hook of the attempt before for its own."""
