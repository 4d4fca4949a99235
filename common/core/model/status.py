"""What is known of an Application: `status`, in Argo CD's schema."""

from __future__ import annotations

from msgspec import field

from common.core.keys import ObjectKey
from common.core.model.destination import Destination
from common.core.model.hydrator import SourceHydratorStatus
from common.core.model.ignore import IgnoreDifferences
from common.core.model.operation import OperationInitiator, OperationState
from common.core.model.record import Record, Time
from common.core.model.source import ApplicationSource
from common.core.statuses import SyncStatus


class Health(Record, frozen=True, kw_only=True):
    """How something does."""

    status: str = ""
    """A `HealthStatus`."""
    message: str = ""
    last_transition_time: Time | None = None


class ResourceStatus(Record, frozen=True, kw_only=True):
    """One object of the Application (`status.resources`)."""

    group: str = ""
    version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    status: str = ""
    """A `SyncStatus`; empty for hooks."""
    health: Health | None = None
    hook: bool = False
    requires_pruning: bool = False
    sync_wave: int = 0
    requires_deletion_confirmation: bool = False

    @property
    def key(self) -> ObjectKey:
        """The object."""
        return ObjectKey(self.group, self.kind, self.namespace, self.name)


class ComparedTo(Record, frozen=True, kw_only=True):
    """What the comparison was made from."""

    source: ApplicationSource | None = None
    destination: Destination
    sources: tuple[ApplicationSource, ...] = ()
    ignore_differences: tuple[IgnoreDifferences, ...] = ()


class Sync(Record, frozen=True, kw_only=True):
    """`status.sync`."""

    status: str
    """A `SyncStatus`."""
    compared_to: ComparedTo | None = None
    revision: str = ""
    revisions: tuple[str, ...] = ()


class RevisionHistory(Record, frozen=True, kw_only=True):
    """One sync that went well (`status.history`)."""

    revision: str = ""
    deployed_at: Time
    id: int
    """Counts up from 0; never used again."""
    source: ApplicationSource | None = None
    deploy_started_at: Time | None = None
    sources: tuple[ApplicationSource, ...] = ()
    revisions: tuple[str, ...] = ()
    initiated_by: OperationInitiator | None = None


class Condition(Record, frozen=True, kw_only=True):
    """One condition (`status.conditions`)."""

    type: str
    """A `ConditionType`."""
    message: str
    last_transition_time: Time | None = None


class Summary(Record, frozen=True, kw_only=True):
    """`status.summary`."""

    external_urls: tuple[str, ...] = field(name="externalURLs", default=())
    images: tuple[str, ...] = ()


class ApplicationStatus(Record, frozen=True, kw_only=True):
    """`status`."""

    resources: tuple[ResourceStatus, ...] = ()
    sync: Sync | None = None
    health: Health | None = None
    history: tuple[RevisionHistory, ...] = ()
    """Oldest first."""
    conditions: tuple[Condition, ...] = ()
    reconciled_at: Time | None = None
    operation_state: OperationState | None = None
    observed_at: Time | None = None
    """Read only: nobody writes it any more."""
    source_type: str = ""
    source_types: tuple[str, ...] = ()
    summary: Summary | None = None
    resource_health_source: str = ""
    """`appTree`: resources carry no health here; empty: they do."""
    controller_namespace: str = ""
    source_hydrator: SourceHydratorStatus | None = None

    @property
    def sync_status(self) -> str:
        """`sync.status`; Unknown before the first comparison."""
        return self.sync.status if self.sync and self.sync.status else SyncStatus.UNKNOWN.value

    @property
    def operation_running(self) -> bool:
        """Whether an operation is under way."""
        return self.operation_state is not None and not self.operation_state.completed
