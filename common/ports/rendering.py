"""Rendering."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

from common.core.access import RepositoryAccess
from common.core.keys import (
    Object,
    Revision,
)

if TYPE_CHECKING:
    from common.core.model.source import ApplicationSource


class RenderLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one render may use."""

    timeout_seconds: float = 90.0
    """Argo CD's ARGOCD_EXEC_TIMEOUT."""
    memory_bytes: int = 1 << 30
    """Of the tool's process (its data, not its address space)."""
    output_bytes: int = 50 << 20
    """What the tool may print."""
    input_bytes: int = 10 << 20
    """All manifests of a directory together (reposerver.max.combined.directory.manifests.size)."""
    file_bytes: int = 256 << 20
    """The largest file that the tool may write."""
    open_files: int = 1024


class RenderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What argocd-cm says about rendering."""

    kustomize_options: tuple[str, ...] = ()
    """kustomize.buildOptions, split at spaces."""
    helm_value_schemes: tuple[str, ...] = ("https", "http")
    """helm.valuesFileSchemes: which addresses a value file may have."""
    limits: RenderLimits = RenderLimits()


class RenderRef(msgspec.Struct, frozen=True, kw_only=True):
    """Another source of the same Application, which `$name/` in a value file's path means."""

    repo: RepositoryAccess
    revision: Revision


class RenderInput(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A path that a render reads; the OIDs of all of them decide whether it must be made again."""

    ref: str = ""
    """Which of `RenderRequest.refs`; empty for the source itself."""
    path: str
    """`""` is the root. A path that does not exist (yet) is an input too."""


class RenderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One source of one Application at one revision."""

    app_name: str
    namespace: str
    """`spec.destination.namespace`."""
    project: str = "default"
    source: ApplicationSource
    source_type: str
    """Directory, Kustomize, Helm or Plugin."""
    repo: RepositoryAccess
    revision: Revision
    """A commit; the chart's exact version where `source.chart` is set."""
    refs: Mapping[str, RenderRef] = msgspec.field(default_factory=dict)
    """By `source.ref`, without the `$`."""
    helm_repositories: tuple[RepositoryAccess, ...] = ()
    """The configured chart repositories, for a chart's dependencies."""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    build_env: Mapping[str, str] = msgspec.field(default_factory=dict)
    """What `common.core.build_env.build_environment` gives."""
    settings: RenderSettings = RenderSettings()


class Renderer(Protocol):
    """Makes objects of a source. The commits of the request are in the mirror."""

    def identity(self, source_type: str) -> str:
        """The renderer and its version: part of the digest that the output is kept under."""
        ...

    def inputs(self, request: RenderRequest) -> tuple[RenderInput, ...]:
        """The paths that `render` would read, sorted, without rendering. Raises PathNotFound where the
        source's own path does not exist, CommitMissing, InvalidManifest.
        """
        ...

    def chart_versions(self, repo: RepositoryAccess, chart: str) -> list[str]:
        """The versions of a chart in a Helm repository. Raises GitError or RenderError."""
        ...

    def render(self, request: RenderRequest) -> list[Object]:
        """The objects in the order in which the tool printed them; `List`s flattened.

        Raises RenderError, PathNotFound, CommitMissing.
        """
        ...
