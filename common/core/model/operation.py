"""What somebody asks for (`operation`) and what has become of it (`status.operationState`)."""

from __future__ import annotations

from common.core.keys import ObjectKey
from common.core.model.record import Record, Time
from common.core.model.source import ApplicationSource
from common.core.model.sync_options import SyncOptions, sync_options
from common.core.model.sync_policy import NamespaceMetadata, Retry
from common.core.statuses import OperationPhase


class Info(Record, frozen=True, kw_only=True):
    """A line of information for people."""

    name: str
    value: str


class OperationInitiator(Record, frozen=True, kw_only=True):
    """Who asked."""

    username: str = ""
    automated: bool = False


class SyncStrategyApply(Record, frozen=True, kw_only=True):
    """Apply only: hooks are skipped."""

    force: bool = False


class SyncStrategyHook(Record, frozen=True, kw_only=True):
    """Apply and run hooks: the default."""

    force: bool = False


class SyncStrategy(Record, frozen=True, kw_only=True):
    """How to sync."""

    apply: SyncStrategyApply | None = None
    hook: SyncStrategyHook | None = None

    @property
    def force(self) -> bool:
        """Whether objects that refuse a patch are deleted and made again."""
        chosen = self.apply or self.hook
        return chosen is not None and chosen.force

    @property
    def skip_hooks(self) -> bool:
        """Whether hooks do not run."""
        return self.apply is not None


class SyncOperationResource(Record, frozen=True, kw_only=True):
    """One object that takes part in a partial sync."""

    group: str = ""
    kind: str
    name: str
    namespace: str = ""
    """Empty: in any namespace."""

    def selects(self, key: ObjectKey) -> bool:
        """Whether it is that object."""
        return (self.group, self.kind, self.name) == (key.group, key.kind, key.name) and self.namespace in (
            "",
            key.namespace,
        )


class SyncOperation(Record, frozen=True, kw_only=True):
    """`operation.sync`."""

    revision: str = ""
    """Empty: what the source's targetRevision resolves to."""
    revisions: tuple[str, ...] = ()
    """With several sources: one for each."""
    prune: bool = False
    dry_run: bool = False
    sync_strategy: SyncStrategy | None = None
    resources: tuple[SyncOperationResource, ...] = ()
    """Empty: all."""
    source: ApplicationSource | None = None
    """Instead of the Application's own, as in a rollback."""
    sources: tuple[ApplicationSource, ...] = ()
    manifests: tuple[str, ...] = ()
    """Instead of what the source renders."""
    sync_options: tuple[str, ...] = ()
    auto_heal_attempts_count: int = 0

    @property
    def options(self) -> SyncOptions:
        """The operation's own sync options, read."""
        return sync_options(self.sync_options)


class Operation(Record, frozen=True, kw_only=True):
    """`operation`: what to do."""

    sync: SyncOperation | None = None
    initiated_by: OperationInitiator | None = None
    info: tuple[Info, ...] = ()
    retry: Retry | None = None


class ResourceResult(Record, frozen=True, kw_only=True):
    """What became of one object (`syncResult.resources`)."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    status: str = ""
    """A `ResultCode`; empty for hooks, and for objects that are still to come."""
    message: str = ""
    hook_type: str = ""
    """A `Phase`; empty for what is no hook."""
    hook_phase: str = ""
    """An `OperationPhase`, for hooks and for objects whose health is waited for."""
    sync_phase: str = ""
    """The `Phase` in which it was applied."""
    images: tuple[str, ...] = ()
    """The container images that it runs."""

    @property
    def key(self) -> ObjectKey:
        """The object."""
        return ObjectKey(self.group, self.kind, self.namespace, self.name)


class SyncOperationResult(Record, frozen=True, kw_only=True):
    """`operationState.syncResult`."""

    resources: tuple[ResourceResult, ...] = ()
    revision: str
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    revisions: tuple[str, ...] = ()
    managed_namespace_metadata: NamespaceMetadata | None = None


class OperationState(Record, frozen=True, kw_only=True):
    """`status.operationState`."""

    operation: Operation
    phase: str
    """An `OperationPhase`."""
    message: str = ""
    sync_result: SyncOperationResult | None = None
    started_at: Time
    finished_at: Time | None = None
    retry_count: int = 0

    @property
    def completed(self) -> bool:
        """Whether no more will happen."""
        return self.phase not in (OperationPhase.RUNNING, OperationPhase.TERMINATING)
