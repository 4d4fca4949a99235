"""Manifests that nobody here wrote: kwok's charts and kustomizations and dex's plain example, out of the Go
modules of the two programs.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from common.adapters.renderers.dispatch import Renderers
from common.adapters.tools import Tools
from common.adapters.worktree import WorkTree
from common.core.access import RepositoryAccess
from common.core.build_env import build_environment
from common.core.convert import convert
from common.core.keys import Object, Revision
from common.core.model.source import ApplicationSource
from common.ports import RenderRequest

pytestmark = pytest.mark.requires("go")


def module(name: str) -> Path:
    """Where the Go module's files are, fetched by name and verified by Go's own checksums."""
    done = subprocess.run(
        ["go", "mod", "download", "-json", name], capture_output=True, text=True, check=False, timeout=110
    )
    found = json.loads(done.stdout or "{}")
    if done.returncode != 0 or "Dir" not in found:
        pytest.fail(f"{name}: {found.get('Error') or done.stderr}")
    return Path(found["Dir"])


@pytest.fixture(scope="module")
def kwok() -> Path:
    """The files of kwok."""
    return module("sigs.k8s.io/kwok@v0.8.0")


class Project:
    """A project's directory and the renderers on it."""

    def __init__(self, root: Path, tools: Tools, cache: Path) -> None:
        self.tree = WorkTree(root)
        self.renderers = Renderers(self.tree, tools, cache=cache)

    def render(self, kind: str, path: str, options: object = None) -> list[Object]:
        """The objects of a path."""
        raw = {"repoURL": "project", "path": path, **({kind.lower(): options} if options else {})}
        request = RenderRequest(
            app_name="kwok",
            namespace="kube-system",
            source=convert(raw, ApplicationSource),
            source_type=kind,
            repo=RepositoryAccess(url="project"),
            revision=Revision("0" * 40),
            kube_version="1.31.2",
            build_env=build_environment(
                app_name="kwok",
                namespace="kube-system",
                project="default",
                revision=Revision("0" * 40),
                repo_url="project",
                path=path,
                target_revision="v0.8.0",
            ),
        )
        return self.renderers.render(request)


@pytest.fixture
def project(kwok: Path, tools: Tools, tmp_path: Path) -> Project:
    """kwok as a working copy."""
    return Project(kwok, tools, tmp_path)


def kinds(objects: list[Object]) -> list[str]:
    """The kinds of objects, sorted."""
    return sorted(obj["kind"] for obj in objects)


def test_kwoks_chart(project: Project) -> None:
    """As its authors mean it, with values of ours over theirs."""
    objects = project.render("Helm", "charts/kwok", {"valuesObject": {"replicas": 3}})
    assert kinds(objects) == [
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "Deployment",
        "FlowSchema",
        "Service",
        "ServiceAccount",
    ]
    (deployment,) = [obj for obj in objects if obj["kind"] == "Deployment"]
    assert deployment["spec"]["replicas"] == 3
    (account,) = [obj for obj in objects if obj["kind"] == "ServiceAccount"]
    assert account["metadata"]["namespace"] == "kube-system"


def test_kwoks_stages_chart(project: Project) -> None:
    """Custom resources with templates of another language inside come through untouched."""
    objects = project.render("Helm", "charts/stage-fast")
    assert set(kinds(objects)) == {"Stage"}
    assert any("{{" in str(obj["spec"]) for obj in objects)


def test_kwoks_kustomization(project: Project) -> None:
    """Bases beside it, generators, CRDs; with an image and a prefix of ours."""
    options = {
        "images": ["registry.k8s.io/kwok/kwok=mirror.example/kwok:v9"],
        "commonLabels": {"team": "infra"},
    }
    objects = project.render("Kustomize", "kustomize/kwok", options)
    assert kinds(objects).count("CustomResourceDefinition") == 12
    (deployment,) = [obj for obj in objects if obj["kind"] == "Deployment"]
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "mirror.example/kwok:v9"
    assert deployment["spec"]["selector"]["matchLabels"] == {"app": "kwok-controller", "team": "infra"}


def test_kwoks_nested_kustomization(project: Project) -> None:
    """Bases of bases."""
    assert kinds(project.render("Kustomize", "kustomize/stage/fast")) == ["Stage"] * 5


def test_dexs_plain_manifests(tools: Tools, tmp_path: Path) -> None:
    """A directory with other files in it; several documents in one."""
    project = Project(module("github.com/dexidp/dex@v2.13.0+incompatible"), tools, tmp_path)
    assert kinds(project.render("Directory", "examples/k8s")) == ["ConfigMap", "Deployment", "Service"]
