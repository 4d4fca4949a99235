"""Rendering: content-addressed, so each input is rendered once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from common.core.access import RepositoryAccess
from common.core.convert import convert
from common.core.errors import CommitMissing, PathNotFound, RenderFailed
from common.core.keys import Revision
from common.core.model.source import ApplicationSource
from common.operations.render import Inputs, Purpose, Rendered, SourceAt, render
from common.ports import RenderSettings
from tests.unit.common.operations.fakes import KEY, REPO, World, config_map

BLUE = config_map(colour="blue")


class Renders:
    """One application's renders, each with what the last one kept."""

    def __init__(self) -> None:
        self.world = World()
        self.known: Inputs | None = None

    def __call__(
        self, *sources: SourceAt, hard: bool = False, known: bool = True, **purpose: Any
    ) -> Rendered:
        """Render."""
        made = Purpose(
            app=KEY,
            namespace="shop",
            project="default",
            catalog=self.world.remote.catalog(),
            settings=RenderSettings(),
            helm_repositories=(),
        )
        rendered, self.known = render(
            self.world.ports,
            msgspec.structs.replace(made, **purpose),
            sources,
            known=self.known if known else None,
            hard=hard,
        )
        return rendered

    def at(self, revision: Revision, url: str = REPO, **source: Any) -> SourceAt:
        """A source at a revision, its commit in the mirror."""
        repo = RepositoryAccess(url=url)
        if not source.get("chart"):
            self.world.git.fetch(repo, revision)
            source = {"path": "app", **source}
        given = convert({"repoURL": url, **source}, ApplicationSource)
        return SourceAt(source=given, repo=repo, revision=revision, digest="d")

    @property
    def count(self) -> int:
        """How often something was rendered."""
        return len(self.world.renderer.rendered)


@pytest.fixture
def renders() -> Renders:
    """Nothing rendered yet."""
    return Renders()


def test_the_same_again_is_rendered_once(renders: Renders) -> None:
    """The second time neither renders nor looks for inputs."""
    at = renders.at(renders.world.commit(BLUE))
    first = renders(at)
    second = renders(at)
    assert first.objects == second.objects == [BLUE]
    assert (renders.count, len(renders.world.renderer.looked)) == (1, 1)


def test_another_worker_finds_it(renders: Renders) -> None:
    """Without what the last one kept the inputs are looked up, and lead to the same blob."""
    at = renders.at(renders.world.commit(BLUE))
    assert renders(at).key == renders(at, known=False).key
    assert (renders.count, len(renders.world.renderer.looked)) == (1, 2)


def test_a_commit_elsewhere_renders_nothing(renders: Renders) -> None:
    """Equal trees, equal key; a commit to the inputs renders."""
    first = renders(renders.at(renders.world.commit(BLUE)))
    elsewhere = renders(renders.at(renders.world.commit(files={"other/x": "y"})))
    assert elsewhere.key == first.key
    assert renders.count == 1
    assert renders(renders.at(renders.world.commit(config_map(colour="green")))).objects[0]["data"] == {
        "colour": "green"
    }
    assert renders.count == 2


def test_going_back_is_a_hit(renders: Renders) -> None:
    """A rollback to what was rendered before costs nothing."""
    old = renders.at(renders.world.commit(BLUE))
    renders(old)
    renders(renders.at(renders.world.commit(config_map(colour="green"))))
    renders(old)
    assert renders.count == 2


def test_whatever_goes_in_changes_the_key(renders: Renders) -> None:
    """Parameters, destination, settings, project, name, the renderer's version."""
    revision = renders.world.commit(BLUE)
    keys = [
        renders(renders.at(revision)).key,
        renders(renders.at(revision, directory={"recurse": True})).key,
        renders(renders.at(revision), namespace="other").key,
        renders(renders.at(revision), project="other").key,
        renders(renders.at(revision), settings=RenderSettings(kustomize_options=("--x",))).key,
    ]
    renders.world.renderer.version = "2"
    keys.append(renders(renders.at(revision)).key)
    assert len(set(keys)) == len(keys)


def test_only_a_mentioned_variable_changes_the_key(renders: Renders) -> None:
    """A source that names the revision is rendered for each one; others are not."""
    first = renders.world.commit(BLUE)
    second = renders.world.commit(files={"other/x": "y"})
    plain = {renders(renders.at(one)).key for one in (first, second)}
    mentions = {"directory": {"jsonnet": {"extVars": [{"name": "r", "value": "$ARGOCD_APP_REVISION"}]}}}
    named = {renders(renders.at(one, **mentions)).key for one in (first, second)}
    assert (len(plain), len(named)) == (1, 2)


def test_only_helm_sees_what_the_cluster_serves(renders: Renders) -> None:
    """An upgrade of the cluster renders charts anew, and nothing else."""
    revision = renders.world.commit(BLUE)
    catalog = msgspec.structs.replace(renders.world.remote.catalog(), version="v1.37.0", digest="other")
    plain = {renders(renders.at(revision)).key, renders(renders.at(revision), catalog=catalog).key}
    helm = {"helm": {"releaseName": "shop"}}
    charts = {
        renders(renders.at(revision, **helm)).key,
        renders(renders.at(revision, **helm), catalog=catalog).key,
    }
    assert (len(plain), len(charts)) == (1, 2)


def test_a_plugin_gets_every_variable(renders: Renders) -> None:
    """It may read any of them: each revision is rendered."""
    plugin = {"plugin": {"name": "x"}}
    keys = {
        renders(renders.at(one, **plugin)).key
        for one in (renders.world.commit(BLUE), renders.world.commit(files={"other/x": "y"}))
    }
    assert len(keys) == 2


def test_a_hard_render_renders_again(renders: Renders) -> None:
    """Whatever is kept; the new output takes the old one's place."""
    at = renders.at(renders.world.commit(BLUE))
    first = renders(at)
    again = renders(at, hard=True)
    assert (again.key, renders.count) == (first.key, 2)


def test_a_flushed_cache_renders_again(renders: Renders) -> None:
    """A missing digest is made again."""
    at = renders.at(renders.world.commit(BLUE))
    renders(at)
    renders.world.blobs._blobs.clear()
    renders(at)
    assert renders.count == 2


def test_a_commit_that_the_mirror_lacks_is_fetched_once_more(renders: Renders) -> None:
    """Another machine resolved the ref, or the mirror was made anew."""
    at = renders.at(renders.world.commit(BLUE))
    renders.world.git.forget(REPO)
    assert renders(at).objects == [BLUE]
    renders.world.renderer.failures = [CommitMissing("gone"), CommitMissing("gone again")]
    with pytest.raises(CommitMissing, match="gone again"):
        renders(at, hard=True)


def test_a_render_that_fails_keeps_nothing(renders: Renders) -> None:
    """The next attempt renders."""
    at = renders.at(renders.world.commit(BLUE))
    renders.world.renderer.failures = [RenderFailed("no")]
    with pytest.raises(RenderFailed):
        renders(at)
    assert renders(at).objects == [BLUE]


def test_a_path_that_is_not_there_is_named(renders: Renders) -> None:
    """With the repository and the revision."""
    at = renders.at(renders.world.commit(BLUE), path="nowhere")
    with pytest.raises(PathNotFound, match="nowhere"):
        renders(at)


@pytest.mark.parametrize(
    ("files", "path", "expected"),
    [
        ({"app/kustomization.yaml": ""}, "app", "Kustomize"),
        ({"app/Chart.yaml": "", "app/kustomization.yaml": ""}, "app", "Helm"),
        ({"x.yaml": ""}, ".", "Directory"),
        ({"Kustomization": ""}, ".", "Kustomize"),
    ],
)
def test_the_type_is_seen_from_its_files(
    renders: Renders, files: dict[str, str | None], path: str, expected: str
) -> None:
    """One walk over the marker files, at the root too."""
    rendered = None
    try:
        rendered = renders(renders.at(renders.world.commit(files=files), path=path))
    except RenderFailed:
        assert expected != "Directory"
    found = rendered.types[0] if rendered else renders.world.renderer.rendered[0].source_type
    assert found == expected


def test_a_chart_is_its_version(renders: Renders) -> None:
    """There is no tree: name and version say all."""
    renders.world.renderer.charts["shop"] = {"1.0.0": [BLUE], "1.1.0": []}
    url = "https://charts.example.org"
    first = renders(renders.at(Revision("1.0.0"), url, chart="shop"))
    again = renders(renders.at(Revision("1.0.0"), url, chart="shop"))
    other = renders(renders.at(Revision("1.1.0"), url, chart="shop"))
    assert first.objects == again.objects == [BLUE]
    assert (first.types, other.objects, renders.count) == (("Helm",), [], 2)
    assert renders.world.git.requests == []


def test_value_files_of_another_source_are_inputs(renders: Renders) -> None:
    """A change to them renders; a change to the rest of their repository does not."""
    url = "https://git.example.org/values.git"
    values = renders.world.git.repository(url)
    app = renders.at(renders.world.commit(BLUE), helm={"valueFiles": ["$values/prod.yaml"]})

    def with_values(**files: str) -> Rendered:
        revision = values.commit({name.replace("_", "."): text for name, text in files.items()})
        return renders(app, renders.at(revision, url, ref="values", path=""))

    with_values(prod_yaml="a: 1")
    with_values(readme_md="words")
    assert renders.count == 1
    with_values(prod_yaml="a: 2")
    assert renders.count == 2
    assert set(renders.world.renderer.rendered[0].refs) == {"values"}


def test_several_sources_are_rendered_in_their_order(renders: Renders) -> None:
    """One blob for all; one more source is another application."""
    revision = renders.world.commit(
        files={"a/x.json": '{"kind":"A","apiVersion":"v1","metadata":{"name":"a"}}'}
    )
    revision = renders.world.commit(
        files={"b/x.json": '{"kind":"B","apiVersion":"v1","metadata":{"name":"b"}}'}
    )
    a, b = renders.at(revision, path="a"), renders.at(revision, path="b")
    assert [obj["metadata"]["name"] for obj in renders(b, a).objects] == ["b", "a"]
    assert [obj["metadata"]["name"] for obj in renders(a).objects] == ["a"]


def test_only_so_many_catalogs_are_remembered(renders: Renders, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fleet of many versions does not fill the memory."""
    from common.operations import render as module

    monkeypatch.setattr(module, "_API_VERSIONS_LIMIT", 1)
    revision = renders.world.commit(BLUE)
    for digest in ("a", "b"):
        catalog = msgspec.structs.replace(renders.world.remote.catalog(), digest=digest)
        renders(renders.at(revision), catalog=catalog)
    assert list(module._API_VERSIONS) == ["b"]
