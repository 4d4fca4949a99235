"""What an Application should be: `spec`."""

from __future__ import annotations

from msgspec import field

from common.core.model.destination import Destination
from common.core.model.hydrator import SourceHydrator
from common.core.model.ignore import IgnoreDifferences
from common.core.model.operation import Info
from common.core.model.record import Record
from common.core.model.source import ApplicationSource
from common.core.model.sync_policy import SyncPolicy

DEFAULT_PROJECT = "default"
DEFAULT_HISTORY_LIMIT = 10


class ApplicationSpec(Record, frozen=True, kw_only=True):
    """`spec`."""

    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    source_hydrator: SourceHydrator | None = None
    destination: Destination = field(default_factory=Destination)
    project: str = ""
    """Empty: `default`; see `project_name`."""
    sync_policy: SyncPolicy | None = None
    ignore_differences: tuple[IgnoreDifferences, ...] = ()
    info: tuple[Info, ...] = ()
    revision_history_limit: int | None = None
    """How many entries `status.history` keeps; None for 10."""

    @property
    def project_name(self) -> str:
        """The project that it belongs to."""
        return self.project or DEFAULT_PROJECT

    @property
    def policy(self) -> SyncPolicy:
        """The sync policy; an empty one where none is given."""
        return self.sync_policy or SyncPolicy()

    @property
    def history_limit(self) -> int:
        """How many entries `status.history` keeps."""
        return DEFAULT_HISTORY_LIMIT if self.revision_history_limit is None else self.revision_history_limit

    @property
    def has_multiple_sources(self) -> bool:
        """Whether `sources` counts: a hydrator goes before it, it goes before `source`."""
        return self.source_hydrator is None and bool(self.sources)

    @property
    def effective_sources(self) -> tuple[ApplicationSource, ...]:
        """What is rendered and synced: of a hydrator its sync source, else `sources`, else `source`."""
        if self.source_hydrator is not None:
            synced = self.source_hydrator.sync_source
            return (
                ApplicationSource(
                    repo_url=self.source_hydrator.dry_source.repo_url,
                    path=synced.path,
                    target_revision=synced.target_branch,
                ),
            )
        if self.sources:
            return self.sources
        return () if self.source is None else (self.source,)
