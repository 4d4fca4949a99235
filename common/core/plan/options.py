"""What a plan is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from common.core.keys import Object, ObjectKey


class SyncOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`syncOptions` of a policy or an operation, read. Argo CD's names and defaults."""

    prune: bool = True
    """`Prune=false`: nothing is pruned, whatever the operation says."""
    confirm_prune: bool = False
    """`Prune=confirm`."""
    delete: bool = True
    """`Delete=false`: a cascading deletion keeps the objects."""
    confirm_delete: bool = False
    """`Delete=confirm`."""
    validate: bool = True
    apply_out_of_sync_only: bool = False
    create_namespace: bool = False
    prune_last: bool = False
    prune_propagation: str = "foreground"
    replace: bool = False
    force: bool = False
    server_side: bool = True
    """`ServerSideApply=false` asks for a client-side patch."""
    respect_ignore_differences: bool = False
    fail_on_shared_resource: bool = False
    skip_dry_run_on_missing_resource: bool = False
    unknown: tuple[str, ...] = ()
    """What was given and means nothing."""


_BOOLEANS = {
    "Validate": "validate",
    "ApplyOutOfSyncOnly": "apply_out_of_sync_only",
    "CreateNamespace": "create_namespace",
    "PruneLast": "prune_last",
    "Replace": "replace",
    "Force": "force",
    "ServerSideApply": "server_side",
    "RespectIgnoreDifferences": "respect_ignore_differences",
    "FailOnSharedResource": "fail_on_shared_resource",
    "SkipDryRunOnMissingResource": "skip_dry_run_on_missing_resource",
    "Prune": "prune",
    "Delete": "delete",
}
_PROPAGATIONS = ("foreground", "background", "orphan")
_ACCEPTED = ("ClientSideApplyMigration",)


def sync_options(options: Iterable[str], *, base: SyncOptions | None = None) -> SyncOptions:
    """Read a list such as `["CreateNamespace=true", "PrunePropagationPolicy=background"]`; later ones win."""
    found: dict[str, object] = {}
    unknown: list[str] = []
    for option in options:
        name, _, value = (part.strip() for part in option.partition("="))
        if name in {"Prune", "Delete"} and value == "confirm":
            found[f"confirm_{name.lower()}"] = True
        elif name in _BOOLEANS and value in {"true", "false"}:
            found[_BOOLEANS[name]] = value == "true"
        elif name == "PrunePropagationPolicy" and value in _PROPAGATIONS:
            found["prune_propagation"] = value
        elif name not in _ACCEPTED:
            unknown.append(option)
    if unknown:
        found["unknown"] = tuple(unknown)
    return msgspec.structs.replace(base or SyncOptions(), **found)


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
