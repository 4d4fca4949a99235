"""A renderer for tests: directories of manifests, charts by their name, and every call noted."""

from __future__ import annotations

from common.adapters.renderers.directory import DirectoryRenderer
from common.core.access import RepositoryAccess
from common.core.errors import RenderError
from common.core.keys import Object
from common.core.model.source import SourceType
from common.ports import GitReader, RenderInput, RenderRequest


class MemoryRenderer:
    """`ports.Renderer`. Every source but a chart is a directory of manifests."""

    def __init__(self, git: GitReader) -> None:
        self._directory = DirectoryRenderer(git)
        self.version = "1"
        """Part of every identity: another one renders anew."""
        self.charts: dict[str, dict[str, list[Object]]] = {}
        """By name and version: what each renders."""
        self.failures: list[Exception] = []
        """The next renders raise these, one each."""
        self.rendered: list[RenderRequest] = []
        self.looked: list[RenderRequest] = []
        """The requests whose inputs were asked for."""

    def identity(self, source_type: str) -> str:
        """See `Renderer.identity`."""
        return f"{source_type}-{self.version}"

    def inputs(self, request: RenderRequest) -> tuple[RenderInput, ...]:
        """See `Renderer.inputs`; value files of Helm sources are inputs, of their refs too."""
        self.looked.append(request)
        found = [*self._directory.inputs(request)]
        if request.source_type == SourceType.HELM and request.source.helm is not None:
            for name in request.source.helm.value_files:
                ref, _, path = name.removeprefix("$").partition("/") if name[:1] == "$" else ("", "", name)
                found.append(RenderInput(ref=ref, path=path))
        return tuple(sorted(found))

    def chart_versions(self, repo: RepositoryAccess, chart: str) -> list[str]:
        """See `Renderer.chart_versions`."""
        if chart not in self.charts:
            raise RenderError(f"{repo.url}: no chart {chart}")
        return sorted(self.charts[chart])

    def render(self, request: RenderRequest) -> list[Object]:
        """See `Renderer.render`."""
        self.rendered.append(request)
        if self.failures:
            raise self.failures.pop(0)
        if request.source.chart:
            return self.charts[request.source.chart][str(request.revision)]
        return self._directory.render(request)
