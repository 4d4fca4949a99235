"""Kustomizations rendered by the real kustomize."""

from __future__ import annotations

from typing import Any

import pytest

from common.adapters.memory.git import Link
from common.core.errors import InvalidManifest, PathNotFound, RenderFailed
from common.core.keys import Object
from common.ports import RenderSettings
from tests.render_fixtures import Workshop

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1"}]}
"""
FILES = {
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": DEPLOYMENT,
    "prod/kustomization.yaml": (
        "resources: [../base]\nnamePrefix: old-\nconfigMapGenerator:\n- {name: settings, files: [app.conf]}\n"
    ),
    "prod/app.conf": "debug = false\n",
    "debug/kustomization.yaml": (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -debug\n"
    ),
}


def deployment(objects: list[Object]) -> dict[str, Any]:
    """The Deployment."""
    (found,) = [obj for obj in objects if obj["kind"] == "Deployment"]
    return found


def test_an_overlay_on_a_base(workshop: Workshop) -> None:
    """Built where it lies; its base is an input."""
    workshop.commit(FILES)
    objects = workshop.render("Kustomize", "prod")
    assert [obj["kind"] for obj in objects] == ["ConfigMap", "Deployment"]
    assert deployment(objects)["metadata"]["name"] == "old-web"
    assert workshop.inputs("Kustomize", "prod") == ["base", "prod"]


def test_every_option_of_the_application(workshop: Workshop) -> None:
    """Written into the kustomization; the shared tree stays as it was for the next render."""
    workshop.commit(FILES)
    options = {
        "namePrefix": "new-",
        "nameSuffix": "-x",
        "namespace": "elsewhere",
        "images": ["nginx=mirror.example/nginx:2"],
        "replicas": [{"name": "web", "count": "3"}],
        "commonLabels": {"team": "shop"},
        "labelWithoutSelector": True,
        "labelIncludeTemplates": True,
        "commonAnnotations": {"app": "${ARGOCD_APP_NAME}"},
        "commonAnnotationsEnvsubst": True,
        "patches": [
            {
                "target": {"kind": "Deployment"},
                "patch": "- {op: add, path: /spec/paused, value: true}\n",
            }
        ],
        "components": ["../debug"],
    }
    made = deployment(workshop.render("Kustomize", "prod", options=options))
    assert made["metadata"] == {
        "name": "new-web-debug-x",
        "namespace": "elsewhere",
        "labels": {"team": "shop"},
        "annotations": {"app": "web"},
    }
    assert made["spec"]["replicas"] == 3
    assert made["spec"]["paused"] is True
    assert made["spec"]["selector"] == {"matchLabels": {"app": "web"}}
    assert made["spec"]["template"]["metadata"]["labels"] == {"app": "web", "team": "shop"}
    assert made["spec"]["template"]["spec"]["containers"][0]["image"] == "mirror.example/nginx:2"
    assert workshop.inputs("Kustomize", "prod", options=options) == ["base", "debug", "prod"]
    assert deployment(workshop.render("Kustomize", "prod"))["metadata"] == {"name": "old-web"}


def test_labels_reach_selectors_by_default(workshop: Workshop) -> None:
    """As `commonLabels` always did."""
    workshop.commit(FILES)
    made = deployment(workshop.render("Kustomize", "prod", options={"commonLabels": {"team": "shop"}}))
    assert made["spec"]["selector"]["matchLabels"] == {"app": "web", "team": "shop"}


def test_a_missing_component(workshop: Workshop) -> None:
    """An error by name, unless it may be missing; an input either way."""
    workshop.commit(FILES)
    options = {"components": ["../gone"]}
    with pytest.raises(RenderFailed, match="gone"):
        workshop.render("Kustomize", "prod", options=options)
    options |= {"ignoreMissingComponents": True}
    assert deployment(workshop.render("Kustomize", "prod", options=options))["metadata"]["name"] == "old-web"
    assert workshop.inputs("Kustomize", "prod", options=options) == ["base", "gone", "prod"]


def test_files_beside_the_kustomization_need_the_option(workshop: Workshop) -> None:
    """kustomize's load restrictor is on; `kustomize.buildOptions` turns it off, within the repository."""
    workshop.commit(
        {"app/kustomization.yaml": "resources: [../shared/web.yaml]\n", "shared/web.yaml": DEPLOYMENT}
    )
    with pytest.raises(RenderFailed, match="not in or below"):
        workshop.render("Kustomize", "app")
    settings = RenderSettings(kustomize_options=("--load-restrictor", "LoadRestrictionsNone"))
    assert deployment(workshop.render("Kustomize", "app", settings=settings))
    assert workshop.inputs("Kustomize", "app") == ["app", "shared/web.yaml"]


def test_charts_inside_need_the_option(workshop: Workshop) -> None:
    """`--enable-helm`, with the cluster's version; the chart is one of the repository."""
    workshop.commit(
        {
            "app/kustomization.yaml": (
                "helmCharts:\n- {name: sub, releaseName: rel, namespace: shop, valuesInline: {a: 7}}\n"
            ),
            "app/charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
            "app/charts/sub/values.yaml": "a: 1\n",
            "app/charts/sub/templates/a.yaml": (
                "apiVersion: v1\nkind: Secret\nmetadata: {name: '{{ .Release.Name }}'}\n"
                "stringData: {a: '{{ .Values.a }}', k: '{{ .Capabilities.KubeVersion }}'}\n"
            ),
        }
    )
    with pytest.raises(RenderFailed, match="enable-helm"):
        workshop.render("Kustomize", "app")
    settings = RenderSettings(kustomize_options=("--enable-helm",))
    (made,) = workshop.render("Kustomize", "app", settings=settings)
    assert made["metadata"]["name"] == "rel"
    assert made["stringData"] == {"a": "7", "k": "v1.31.2"}


@pytest.mark.parametrize(
    "option", ["--enable-alpha-plugins", "--enable-exec", "--helm-command=sh", "--mount"]
)
def test_options_that_run_programs_are_refused(workshop: Workshop, option: str) -> None:
    """Whoever configured them: a repository is hostile."""
    workshop.commit(FILES)
    with pytest.raises(RenderFailed, match=r"kustomize\.buildOptions: "):
        workshop.render("Kustomize", "prod", settings=RenderSettings(kustomize_options=(option,)))


def test_a_broken_kustomization_says_where(workshop: Workshop) -> None:
    """Invalid YAML by file; an unknown field in kustomize's own words, without paths of ours."""
    workshop.commit(
        {"bad/kustomization.yaml": "resources: [\n", "odd/kustomization.yaml": "resourcez: [a]\n"}
    )
    with pytest.raises(InvalidManifest, match=r"bad/kustomization\.yaml"):
        workshop.render("Kustomize", "bad")
    with pytest.raises(RenderFailed, match="resourcez") as caught:
        workshop.render("Kustomize", "odd")
    assert "/tmp" not in str(caught.value)


def test_an_unknown_kustomize_version_is_an_error(workshop: Workshop) -> None:
    """`kustomize.version` names one that must be configured."""
    workshop.commit(FILES)
    with pytest.raises(RenderFailed, match=r"no kustomize v4\.0\.0 is configured"):
        workshop.render("Kustomize", "prod", options={"version": "v4.0.0"})


def test_linked_bases(workshop: Workshop) -> None:
    """A link to elsewhere in the repository works; then everything is an input."""
    workshop.commit(
        {**FILES, "app/kustomization.yaml": "resources: [shared]\n", "app/shared": Link("../base")}
    )
    assert deployment(workshop.render("Kustomize", "app"))["metadata"]["name"] == "web"
    assert workshop.inputs("Kustomize", "app") == [""]


def test_a_missing_directory(workshop: Workshop) -> None:
    """Is no empty kustomization."""
    workshop.commit(FILES)
    with pytest.raises(PathNotFound):
        workshop.render("Kustomize", "gone")


def test_the_version_is_part_of_the_identity(workshop: Workshop) -> None:
    """And which of the two programs it is."""
    assert workshop.renderers.identity("Kustomize").split("-kustomize-")[0] in ("kubectl", "kustomize")
