"""The source hydrator: `spec.sourceHydrator` and what has become of it, `status.sourceHydrator`."""

from __future__ import annotations

from msgspec import field

from common.core.model.record import Record, Time
from common.core.model.source import DirectoryOptions, HelmOptions, KustomizeOptions, PluginOptions


class DrySource(Record, frozen=True, kw_only=True):
    """Where the manifests are made from."""

    repo_url: str = field(name="repoURL")
    target_revision: str
    path: str
    helm: HelmOptions | None = None
    kustomize: KustomizeOptions | None = None
    directory: DirectoryOptions | None = None
    plugin: PluginOptions | None = None


class SyncSource(Record, frozen=True, kw_only=True):
    """Where the made manifests are synced from, in the dry source's repository."""

    target_branch: str
    path: str


class HydrateTo(Record, frozen=True, kw_only=True):
    """A branch to which they are pushed first."""

    target_branch: str


class SourceHydrator(Record, frozen=True, kw_only=True):
    """`spec.sourceHydrator`."""

    dry_source: DrySource
    sync_source: SyncSource
    hydrate_to: HydrateTo | None = None


class HydrateOperation(Record, frozen=True, kw_only=True):
    """The latest hydration."""

    started_at: Time | None = None
    finished_at: Time | None = None
    phase: str
    """Hydrating, Hydrated or Failed."""
    message: str
    dry_sha: str = field(name="drySHA", default="")
    hydrated_sha: str = field(name="hydratedSHA", default="")
    source_hydrator: SourceHydrator | None = None


class SuccessfulHydrateOperation(Record, frozen=True, kw_only=True):
    """The latest hydration that went well."""

    dry_sha: str = field(name="drySHA", default="")
    hydrated_sha: str = field(name="hydratedSHA", default="")
    source_hydrator: SourceHydrator | None = None


class SourceHydratorStatus(Record, frozen=True, kw_only=True):
    """`status.sourceHydrator`."""

    last_successful_operation: SuccessfulHydrateOperation | None = None
    current_operation: HydrateOperation | None = None
