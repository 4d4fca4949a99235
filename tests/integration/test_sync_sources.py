"""Applications of every kind of source, from a commit to objects."""

from __future__ import annotations

import pytest

from common.adapters.tools import Tools
from tests.engine_fixtures import CONFIG_MAP, Moored, application
from tests.sync_builders import JOB, automated, manifest, results, settings

CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    "chart/values.yaml": "colour: blue\nsize: small\n",
    "chart/templates/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-settings\n"
        "data:\n  colour: {{ .Values.colour }}\n  size: {{ .Values.size }}\n"
    ),
}


@pytest.fixture
def with_tools(moored: Moored, tools: Tools) -> Moored:
    """A Moorings that finds helm and kubectl in its data directory, or on PATH."""
    (moored.engine.settings.data_dir / "tools").symlink_to(tools.directory.parent)
    return moored


def data(moored: Moored, name: str) -> dict[str, str]:
    """A ConfigMap's values."""
    found: dict[str, str] = moored.home.get(CONFIG_MAP, "app", name)["data"]
    return found


def test_a_chart(with_tools: Moored) -> None:
    """A Helm chart in Git, with values of the Application; a commit to its values is followed."""
    moored = with_tools
    repo = moored.git.repository()
    repo.commit(CHART)
    source = {
        "repoURL": moored.git.url_of(),
        "path": "chart",
        "targetRevision": "main",
        "helm": {"valuesObject": {"size": "large"}},
    }
    moored.add(application("app", moored.git.url_of(), source=source))
    app = moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")
    assert app["status"]["sourceType"] == "Helm"
    assert data(moored, "app-settings") == {"colour": "blue", "size": "large"}
    revision = repo.commit({"chart/values.yaml": "colour: red\nsize: small\n"})
    moored.webhook("app")
    moored.until_app("app", sync="Synced", phase="Succeeded", revision=revision)
    assert data(moored, "app-settings") == {"colour": "red", "size": "large"}


def test_value_files_of_another_source(with_tools: Moored) -> None:
    """`$values/…` reads a file of the source with that `ref`; a commit there is followed."""
    moored = with_tools
    charts, values = moored.git.repository("charts"), moored.git.repository("values")
    first = charts.commit(CHART)
    values.commit({"prod.yaml": "colour: green\n"})
    sources = [
        {
            "repoURL": moored.git.url_of("charts"),
            "path": "chart",
            "targetRevision": "main",
            "helm": {"valueFiles": ["$values/prod.yaml"]},
        },
        {"repoURL": moored.git.url_of("values"), "targetRevision": "main", "ref": "values"},
    ]
    moored.add(application("app", "", source=None, sources=sources))
    app = moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")
    assert data(moored, "app-settings") == {"colour": "green", "size": "small"}
    assert app["status"]["sync"]["revisions"][0] == first
    second = values.commit({"prod.yaml": "colour: black\n"})
    moored.webhook("app")
    moored.until(lambda: data(moored, "app-settings")["colour"] == "black")
    moored.until(lambda: moored.app("app")["status"]["sync"]["revisions"] == [first, second])
    app = moored.until_app("app", sync="Synced", phase="Succeeded")
    assert [one["revisions"] for one in app["status"]["history"]][-1] == [first, second]


def test_helm_hooks(with_tools: Moored) -> None:
    """`helm.sh/hook` of a chart runs as the hook that Argo CD maps it to."""
    moored = with_tools
    hook = (
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n"
        "  annotations: {helm.sh/hook: pre-upgrade, helm.sh/hook-delete-policy: hook-succeeded}\n"
        "spec:\n  template:\n    spec:\n      restartPolicy: Never\n"
        "      containers: [{name: main, image: example.org/web:1}]\n"
    )
    moored.git.repository().commit({**CHART, "chart/templates/hook.yaml": hook})
    moored.add(application("app", moored.git.url_of(), path="chart"))
    app = moored.until_app("app", sync="Synced", phase="Succeeded")
    assert results(app)["migrate"]["hookType"] == "PreSync"
    moored.until(lambda: moored.home.list(JOB, "app").items == ())


def test_a_kustomization(with_tools: Moored) -> None:
    """An overlay with fields of the Application; a commit to its base is followed."""
    moored = with_tools
    repo = moored.git.repository()
    repo.commit(
        {
            "base/kustomization.yaml": "resources: [map.yaml]\n",
            "base/map.yaml": manifest(settings()),
            "prod/kustomization.yaml": "resources: [../base]\nnameSuffix: -prod\n",
        }
    )
    source = {
        "repoURL": moored.git.url_of(),
        "path": "prod",
        "targetRevision": "main",
        "kustomize": {"namePrefix": "my-"},
    }
    moored.add(application("app", moored.git.url_of(), source=source))
    app = moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")
    assert app["status"]["sourceType"] == "Kustomize"
    assert data(moored, "my-settings-prod") == {"colour": "blue"}
    revision = repo.commit({"base/map.yaml": manifest(settings(colour="red"))})
    moored.webhook("app")
    moored.until_app("app", sync="Synced", phase="Succeeded", revision=revision)
    assert data(moored, "my-settings-prod") == {"colour": "red"}


def test_several_directories(moored: Moored) -> None:
    """All sources of an Application make one desired state."""
    one, two = moored.git.repository("one"), moored.git.repository("two")
    first = one.commit({"a.yaml": manifest(settings("one"))})
    second = two.commit({"deep/b.yaml": manifest(settings("two"))})
    sources = [
        {"repoURL": moored.git.url_of("one"), "path": ".", "targetRevision": "main"},
        {"repoURL": moored.git.url_of("two"), "path": "deep", "targetRevision": "main"},
    ]
    moored.add(application("app", "", source=None, sources=sources, syncPolicy=automated()))
    app = moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")
    assert app["status"]["sync"]["revisions"] == [first, second]
    assert app["status"]["sourceTypes"] == ["Directory", "Directory"]
    assert data(moored, "two") == {"colour": "blue"}
