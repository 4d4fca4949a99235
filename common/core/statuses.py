"""The words that statuses are written in: Argo CD's published API, value for value."""

from __future__ import annotations

import enum


class SyncStatus(enum.StrEnum):
    """Whether live equals desired (`status.sync.status`, `status.resources[].status`)."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"


class HealthStatus(enum.StrEnum):
    """How an object or an application does, best first: the order in which one outweighs another."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


class OperationPhase(enum.StrEnum):
    """Where an operation is (`status.operationState.phase`), or one of its steps (`hookPhase`)."""

    RUNNING = "Running"
    TERMINATING = "Terminating"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ERROR = "Error"

    @property
    def completed(self) -> bool:
        """No more will happen."""
        return self not in {OperationPhase.RUNNING, OperationPhase.TERMINATING}

    @property
    def successful(self) -> bool:
        """It ended well."""
        return self is OperationPhase.SUCCEEDED


HookPhase = OperationPhase
"""The phase of one hook, or of one object that a sync waits for: the same words."""


class ResultCode(enum.StrEnum):
    """What became of one object in a sync (`operationState.syncResult.resources[].status`)."""

    SYNCED = "Synced"
    SYNC_FAILED = "SyncFailed"
    PRUNED = "Pruned"
    PRUNE_SKIPPED = "PruneSkipped"


class Phase(enum.StrEnum):
    """The phases of a sync in their order, and those of a deletion."""

    PRE_SYNC = "PreSync"
    SYNC = "Sync"
    POST_SYNC = "PostSync"
    SYNC_FAIL = "SyncFail"
    PRE_DELETE = "PreDelete"
    POST_DELETE = "PostDelete"

    @property
    def rank(self) -> int:
        """Its place in the order."""
        return _PHASES.index(self)


_PHASES = tuple(Phase)
