"""A repository in memory and the real renderers on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from common.adapters.memory.git import Content, MemoryGit
from common.adapters.renderers.dispatch import Renderers
from common.adapters.tools import Tools
from common.core.access import RepositoryAccess
from common.core.build_env import build_environment
from common.core.convert import convert
from common.core.keys import Object, Revision
from common.core.model.source import ApplicationSource
from common.ports import RenderInput, RenderRef, RenderRequest, RenderSettings

URL = "https://git.example/shop.git"
OTHER_URL = "https://git.example/values.git"


class Workshop:
    """Commits files and renders them."""

    def __init__(self, tools: Tools, folder: Path) -> None:
        (folder / "git").mkdir()
        self.git = MemoryGit(folder / "git")
        self.renderers = Renderers(self.git, tools, cache=folder / "cache")
        self.access = RepositoryAccess(url=URL)
        self.revision = Revision("0" * 40)
        self._repository = self.git.repository(URL)

    def commit(self, files: Mapping[str, Content | None]) -> Revision:
        """Add files; renders are of this commit from now on."""
        self.revision = self._repository.commit(files)
        self.git.fetch(self.access, self.revision, ref="refs/heads/main")
        return self.revision

    def other(self, files: Mapping[str, Content]) -> RenderRef:
        """A second repository, for `$ref` value files."""
        access = RepositoryAccess(url=OTHER_URL)
        revision = self.git.repository(OTHER_URL).commit(files)
        self.git.fetch(access, revision, ref="refs/heads/main")
        return RenderRef(repo=access, revision=revision)

    def request(
        self, kind: str, path: str, *, options: Mapping[str, Any] | None = None, **more: Any
    ) -> RenderRequest:
        """A source of that type with options in Argo CD's spelling; `more` are the request's own fields."""
        raw = {"repoURL": URL, "path": path, **({kind.lower(): options} if options is not None else {})}
        source = convert(raw, ApplicationSource)
        return RenderRequest(
            **{
                "app_name": "web",
                "namespace": "shop",
                "source": source,
                "source_type": kind,
                "repo": self.access,
                "revision": self.revision,
                "kube_version": "1.31.2",
                "api_versions": ("v1", "apps/v1"),
                "settings": RenderSettings(),
                "build_env": build_environment(
                    app_name="web",
                    namespace="shop",
                    project="default",
                    revision=self.revision,
                    repo_url=URL,
                    path=path,
                    target_revision="main",
                ),
                **more,
            }
        )

    def render(
        self, kind: str, path: str, *, options: Mapping[str, Any] | None = None, **more: Any
    ) -> list[Object]:
        """The objects."""
        return self.renderers.render(self.request(kind, path, options=options, **more))

    def inputs(
        self, kind: str, path: str, *, options: Mapping[str, Any] | None = None, **more: Any
    ) -> list[str]:
        """The paths that the render reads, `$ref/` before those of other sources."""
        found = self.renderers.inputs(self.request(kind, path, options=options, **more))
        return [_shown(item) for item in found]


def _shown(item: RenderInput) -> str:
    return f"${item.ref}/{item.path}" if item.ref else item.path


@pytest.fixture
def workshop(tools: Tools, tmp_path: Path) -> Workshop:
    """Real helm and kustomize."""
    return Workshop(tools, tmp_path)


@pytest.fixture
def plain_workshop(tmp_path: Path) -> Workshop:
    """No programs at all."""
    return Workshop(Tools(tmp_path, search_path="/nonexistent"), tmp_path)
