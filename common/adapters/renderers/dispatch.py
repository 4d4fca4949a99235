"""The renderer for each type of source, behind one port."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from common.adapters.renderers.chart_repositories import ChartRepositories
from common.adapters.renderers.directory import DirectoryRenderer
from common.adapters.renderers.helm import HelmRenderer
from common.adapters.renderers.kustomize import KustomizeRenderer
from common.adapters.renderers.overrides import with_overrides
from common.adapters.tools import Tools
from common.core.access import RepositoryAccess
from common.core.errors import RenderFailed
from common.core.keys import Object
from common.ports import GitReader, RenderInput, RenderRequest


class _One(Protocol):
    def identity(self) -> str: ...

    def inputs(self, request: RenderRequest) -> tuple[RenderInput, ...]: ...

    def render(self, request: RenderRequest) -> list[Object]: ...


class Renderers:
    """`common.ports.Renderer`: Directory in process, Helm and Kustomize by their tools."""

    def __init__(self, git: GitReader, tools: Tools, *, cache: Path) -> None:
        """`cache` is where charts of repositories are kept, shared by the processes of one machine."""
        self._git = git
        self.charts = ChartRepositories(cache / "charts")
        self._by_type: dict[str, _One] = {
            "Directory": DirectoryRenderer(git),
            "Helm": HelmRenderer(git, tools, self.charts),
            "Kustomize": KustomizeRenderer(git, tools),
        }

    def identity(self, source_type: str) -> str:
        """The renderer and its version.

        Raises:
            ToolMissing: its program is not installed.
            RenderFailed: nobody renders this type.
        """
        return self._of(source_type).identity()

    def inputs(self, request: RenderRequest) -> tuple[RenderInput, ...]:
        """The paths that `render` reads."""
        return self._of(request.source_type).inputs(with_overrides(self._git, request))

    def chart_versions(self, repo: RepositoryAccess, chart: str) -> list[str]:
        """The versions of a chart, as its repository's index has them."""
        return [one.version for one in self.charts.versions(repo, chart)]

    def render(self, request: RenderRequest) -> list[Object]:
        """The objects of one source."""
        return self._of(request.source_type).render(with_overrides(self._git, request))

    def _of(self, source_type: str) -> _One:
        try:
            return self._by_type[source_type]
        except KeyError:
            raise RenderFailed(
                f"{source_type} sources cannot be rendered yet; supported are {', '.join(self._by_type)}"
            ) from None
