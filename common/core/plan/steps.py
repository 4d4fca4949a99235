"""The values that a plan is made of."""

from __future__ import annotations

import enum

import msgspec

from common.core.hooks import DeletePolicy
from common.core.keys import Object, ObjectKey
from common.core.statuses import Phase


class Action(enum.StrEnum):
    """What one step does to one object."""

    APPLY = "apply"
    CREATE_HOOK = "create_hook"
    PRUNE = "prune"
    SKIP_PRUNE = "skip_prune"
    """No request: it is recorded that the object would be pruned, and why it is not."""
    REFUSE = "refuse"
    """No request: it is recorded as failed, and why (kind not served, not permitted by the project)."""
    DELETE_HOOK = "delete_hook"
    """Remove our finalizer and delete: before it is made again, because its policy says so, or at the
    termination of the operation. Records nothing of its own."""
    RELEASE_HOOK = "release_hook"
    """Remove our finalizer and keep the object. Records nothing of its own."""


class StepId(msgspec.Struct, frozen=True, order=True):
    """What a result is recorded under: a hook may run in several phases."""

    key: ObjectKey
    phase: Phase


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One object's part in a sync."""

    action: Action
    key: ObjectKey
    version: str
    """The API version without its group."""
    phase: Phase
    wave: int = 0
    object: Object | None = None
    """What to apply or create."""
    live: Object | None = None
    """What is there, with uid and resourceVersion for preconditions; None when nothing is, or nothing is
    known (server-side apply does not mind, pruning is never planned then).
    """
    hook_type: str = ""
    """The hook's phase as results have it; empty for what is no hook."""
    delete_policies: frozenset[DeletePolicy] = frozenset()
    replace: bool = False
    force: bool = False
    server_side: bool = True
    validate: bool = True
    takes_over: tuple[str, ...] = ()
    """Managers of earlier appliers, whose fields become ours."""
    propagation: str = "foreground"
    """Of a prune: foreground, background or orphan."""
    confirm: bool = False
    """A prune that waits for `argocd.argoproj.io/deletion-approved`."""
    reason: str = ""
    """For what is skipped or refused: the result's message."""

    @property
    def id(self) -> StepId:
        """What its result is recorded under."""
        return StepId(self.key, self.phase)

    @property
    def is_hook(self) -> bool:
        """Whether it makes a hook."""
        return bool(self.hook_type)

    @property
    def is_prune(self) -> bool:
        """Whether it is about an object that Git no longer has."""
        return self.action in {Action.PRUNE, Action.SKIP_PRUNE}


class PlanWarning(msgspec.Struct, frozen=True, order=True):
    """Something in the desired state that was read with a default."""

    object: ObjectKey
    field: str
    found: str
    message: str


class SyncPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a sync will do, in order: phase, wave, prunes first, kind, namespace, name."""

    steps: tuple[Step, ...]
    """Those of SyncFail are last and only run after a failure."""
    warnings: tuple[PlanWarning, ...] = ()
    confirmed: bool = False
    """Pruning that wants a confirmation has it."""

    @property
    def main(self) -> tuple[Step, ...]:
        """The steps of PreSync, Sync and PostSync."""
        return tuple(step for step in self.steps if step.phase is not Phase.SYNC_FAIL)

    @property
    def on_failure(self) -> tuple[Step, ...]:
        """The steps of SyncFail."""
        return tuple(step for step in self.steps if step.phase is Phase.SYNC_FAIL)
