"""`syncOptions`: a list of `Name=value`, read into one value. Argo CD's names and defaults.

https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/ lists them.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class SyncOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a policy or an operation."""

    prune: bool = True
    """`Prune=false`: nothing is pruned, whatever the operation says."""
    confirm_prune: bool = False
    """`Prune=confirm`: somebody must approve first."""
    delete: bool = True
    """`Delete=false`: a cascading deletion keeps the objects."""
    confirm_delete: bool = False
    """`Delete=confirm`."""
    validate: bool = True
    apply_out_of_sync_only: bool = False
    create_namespace: bool = False
    prune_last: bool = False
    prune_propagation: str = "foreground"
    """`PrunePropagationPolicy`: foreground, background or orphan."""
    replace: bool = False
    force: bool = False
    server_side: bool = True
    """`ServerSideApply=false` asks for a client-side patch; ours is server-side by default."""
    client_side_apply_migration: bool = True
    """`ClientSideApplyMigration=false`: leave the fields of client-side appliers to them."""
    respect_ignore_differences: bool = False
    fail_on_shared_resource: bool = False
    skip_dry_run_on_missing_resource: bool = False
    unknown: tuple[str, ...] = ()
    """Options whose name means nothing here; they change nothing."""
    malformed: tuple[str, ...] = ()
    """Options with a known name and a value that it cannot have; they change nothing."""


_BOOLEANS = {
    "Validate": "validate",
    "ApplyOutOfSyncOnly": "apply_out_of_sync_only",
    "CreateNamespace": "create_namespace",
    "PruneLast": "prune_last",
    "Replace": "replace",
    "Force": "force",
    "ServerSideApply": "server_side",
    "ClientSideApplyMigration": "client_side_apply_migration",
    "RespectIgnoreDifferences": "respect_ignore_differences",
    "FailOnSharedResource": "fail_on_shared_resource",
    "SkipDryRunOnMissingResource": "skip_dry_run_on_missing_resource",
    "Prune": "prune",
    "Delete": "delete",
}
_CONFIRMED = {"Prune": "confirm_prune", "Delete": "confirm_delete"}
_PROPAGATION = "PrunePropagationPolicy"
_PROPAGATIONS = ("foreground", "background", "orphan")

NAMES = (*_BOOLEANS, _PROPAGATION)
"""Every option that there is."""


def allowed_values(name: str) -> tuple[str, ...]:
    """The values that an option may have; none for an unknown option."""
    if name == _PROPAGATION:
        return _PROPAGATIONS
    if name not in _BOOLEANS:
        return ()
    return ("true", "false", "confirm") if name in _CONFIRMED else ("true", "false")


def sync_options(options: Iterable[str], *, base: SyncOptions | None = None) -> SyncOptions:
    """Read a list such as `["CreateNamespace=true", "PrunePropagationPolicy=background"]`; later ones win
    over earlier ones, and all of them over `base`.
    """
    found: dict[str, object] = {}
    unknown: list[str] = []
    malformed: list[str] = []
    for option in options:
        name, _, value = (part.strip() for part in option.partition("="))
        allowed = allowed_values(name)
        if not allowed:
            unknown.append(option)
        elif value not in allowed:
            malformed.append(option)
        elif name == _PROPAGATION:
            found["prune_propagation"] = value
        else:
            found[_BOOLEANS[name]] = value != "false"
            if name in _CONFIRMED:
                found[_CONFIRMED[name]] = value == "confirm"
    start = base or SyncOptions()
    return msgspec.structs.replace(
        start,
        **found,
        unknown=(*start.unknown, *unknown),
        malformed=(*start.malformed, *malformed),
    )
