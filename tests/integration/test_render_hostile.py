"""Repositories that try to read, reach or exhaust what is not theirs: each is refused by name, in time."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from common.adapters.git import GitMirrors
from common.adapters.memory.git import Link
from common.adapters.renderers.dispatch import Renderers
from common.adapters.tools import Tools
from common.adapters.worktree import WorkTree
from common.core.access import RepositoryAccess
from common.core.errors import RenderError, RenderFailed, RenderLimitExceeded, RenderTimeout
from common.ports import RenderLimits, RenderSettings
from tests.git_fixtures import HostedRepositories
from tests.render_fixtures import Workshop

CHART = {"c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n"}
OK = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def limited(**limits: float) -> RenderSettings:
    """Settings with small limits."""
    return RenderSettings(limits=RenderLimits(**{"timeout_seconds": 20, **limits}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/../etc/passwd", "../../../../etc/passwd", "templates/../../../x"]
)
def test_value_files_outside(workshop: Workshop, name: str) -> None:
    """By `..`, whatever comes before it."""
    workshop.commit({**CHART, "c/templates/a.yaml": OK})
    with pytest.raises(RenderFailed, match=r"outside of the repository|no such file"):
        workshop.render("Helm", "c", options={"valueFiles": [name]})


def test_an_absolute_value_file_is_one_of_the_repository(workshop: Workshop) -> None:
    """A leading slash is the repository's root, never the machine's."""
    workshop.commit({**CHART, "c/templates/a.yaml": OK})
    with pytest.raises(RenderFailed, match=r"/etc/passwd: no such file"):
        workshop.render("Helm", "c", options={"valueFiles": ["/etc/passwd"]})


@pytest.mark.parametrize("address", ["file:///etc/passwd", "s3://bucket/x", "gopher://x/y"])
def test_value_files_of_other_schemes(workshop: Workshop, address: str) -> None:
    """Only what `helm.valuesFileSchemes` allows."""
    workshop.commit({**CHART, "c/templates/a.yaml": OK})
    with pytest.raises(RenderFailed, match="valuesFileSchemes"):
        workshop.render("Helm", "c", options={"valueFiles": [address]})


def test_a_linked_value_file(workshop: Workshop) -> None:
    """A link out of the repository is not there to be read."""
    workshop.commit({**CHART, "c/templates/a.yaml": OK, "c/v.yaml": Link("/etc/passwd")})
    with pytest.raises(RenderFailed, match=r"v\.yaml"):
        workshop.render("Helm", "c", options={"valueFiles": ["v.yaml"]})


@pytest.mark.requires("git")
def test_links_in_a_chart_through_git(tools: Tools, tmp_path: Path, git_host: HostedRepositories) -> None:
    """With the real reader: a link to /etc/passwd in a chart gives nothing away."""
    repository = git_host.repository("hostile")
    revision = repository.commit(
        {
            **CHART,
            "c/templates/a.yaml": OK + 'data: {stolen: {{ .Files.Get "passwd" | quote }}}\n',
            "c/passwd": Link("/etc/passwd"),
            "c/templates/b.yaml": Link("/etc/passwd"),
        }
    )
    git = GitMirrors(tmp_path / "real")
    access = RepositoryAccess(url=git_host.url_of("hostile"))
    git.fetch(access, revision, ref="refs/heads/main")
    workshop = Workshop(tools, tmp_path)
    workshop.revision = revision
    request = workshop.request("Helm", "c", repo=access)
    objects = Renderers(git, tools, cache=tmp_path).render(request)
    assert [obj["data"]["stolen"] for obj in objects] == [""]


def test_links_in_a_working_copy(tools: Tools, tmp_path: Path) -> None:
    """`moor render` on a directory does not follow them either."""
    root = tmp_path / "copy"
    (root / "c" / "templates").mkdir(parents=True)
    (root / "c" / "Chart.yaml").write_text(CHART["c/Chart.yaml"])
    (root / "c" / "templates" / "a.yaml").symlink_to("/etc/hostname")
    (root / "c" / "templates" / "b.yaml").write_text(OK)
    workshop = Workshop(tools, tmp_path)
    objects = Renderers(WorkTree(root), tools, cache=tmp_path).render(workshop.request("Helm", "c"))
    assert [obj["metadata"]["name"] for obj in objects] == ["a"]


def test_a_template_that_prints_without_end(workshop: Workshop) -> None:
    """Helm holds its output in memory: the memory limit ends it."""
    body = "a: {{ range until 20000 }}{{ range until 10000 }}0123456789{{ end }}{{ end }}\n"
    workshop.commit({**CHART, "c/templates/a.yaml": body})
    begun = time.monotonic()
    with pytest.raises((RenderLimitExceeded, RenderTimeout)):
        workshop.render("Helm", "c", settings=limited(memory_bytes=512 << 20))
    assert time.monotonic() - begun < 30


def test_a_large_output_is_cut_off(workshop: Workshop) -> None:
    """Not held in our memory beyond the limit."""
    body = OK + "data: {a: {{ repeat 3000000 `x` }}}\n"
    workshop.commit({**CHART, "c/templates/a.yaml": body})
    with pytest.raises(RenderLimitExceeded, match="printed more than 1 MiB"):
        workshop.render("Helm", "c", settings=limited(output_bytes=1 << 20))


def test_a_template_that_never_ends(workshop: Workshop) -> None:
    """The time limit ends it."""
    loops = "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}\n"
    workshop.commit({**CHART, "c/templates/a.yaml": loops})
    begun = time.monotonic()
    with pytest.raises(RenderTimeout, match="longer than 1 s"):
        workshop.render("Helm", "c", settings=limited(timeout_seconds=1))
    assert time.monotonic() - begun < 10


def test_a_template_that_calls_itself(workshop: Workshop) -> None:
    """Helm's own bound, in its own words."""
    workshop.commit(
        {**CHART, "c/templates/a.yaml": '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}'}
    )
    with pytest.raises(RenderError):
        workshop.render("Helm", "c", settings=limited())


def test_templates_see_no_environment(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor can they look names up."""
    monkeypatch.setenv("MOORINGS_SECRET", "hunter2")
    workshop.commit({**CHART, "c/templates/a.yaml": OK + 'data: {e: "{{ getHostByName `localhost` }}"}\n'})
    (made,) = workshop.render("Helm", "c")
    assert made["data"]["e"] == ""
    workshop.commit({"c/templates/b.yaml": "{{ env `MOORINGS_SECRET` }}"})
    with pytest.raises(RenderFailed, match='function "env" not defined'):
        workshop.render("Helm", "c")


@pytest.mark.parametrize("repository", ["file://../../../etc", "file:///etc"])
def test_dependencies_outside(workshop: Workshop, repository: str) -> None:
    """A chart beside it must be in the repository."""
    chart = (
        CHART["c/Chart.yaml"] + f"dependencies: [{{name: d, version: 0.1.0, repository: '{repository}'}}]\n"
    )
    workshop.commit({"c/Chart.yaml": chart, "c/templates/a.yaml": OK})
    with pytest.raises(RenderFailed, match="outside of the repository"):
        workshop.render("Helm", "c")


@pytest.mark.parametrize(
    ("kustomization", "words"),
    [
        ("resources: [../..]\n", "outside of the repository"),
        ("resources: [/etc]\n", "outside of the repository"),
        ("resources: ['https://evil.example/base?ref=main']\n", "is remote"),
        ("resources: ['git@evil.example:a/b.git']\n", "is remote"),
        ("configMapGenerator: [{name: a, files: [../../../etc/passwd]}]\n", "outside of the repository"),
        ("configMapGenerator: [{name: a, files: ['https://evil.example/x']}]\n", "is remote"),
        ("patches: [{path: /etc/passwd}]\n", "outside of the repository"),
        ("openapi: {path: ../../x}\n", "outside of the repository"),
        ('transformers: ["kind: P\\npath: ../../../etc/passwd\\n"]\n', "inline"),
    ],
)
def test_kustomizations_that_reach_out(workshop: Workshop, kustomization: str, words: str) -> None:
    """Refused before kustomize runs, with or without its load restrictor."""
    workshop.commit({"k/kustomization.yaml": kustomization})
    for options in ((), ("--load-restrictor=LoadRestrictionsNone",)):
        with pytest.raises(RenderFailed, match=words):
            workshop.render("Kustomize", "k", settings=RenderSettings(kustomize_options=options))


def test_exec_functions_do_not_run(workshop: Workshop, tmp_path: Path) -> None:
    """A transformer that wants to start a program is refused by kustomize, as we never allow it."""
    mark = tmp_path / "ran"
    function = (
        "apiVersion: x/v1\nkind: X\nmetadata:\n  name: x\n  annotations:\n"
        "    config.kubernetes.io/function: |\n      exec:\n        path: ./run.sh\n"
    )
    workshop.commit(
        {
            "k/kustomization.yaml": "resources: [a.yaml]\ntransformers: [x.yaml]\n",
            "k/a.yaml": OK,
            "k/x.yaml": function,
            "k/run.sh": f"#!/bin/sh\ntouch {mark}\n",
        }
    )
    with pytest.raises(RenderFailed):
        workshop.render("Kustomize", "k")
    assert not mark.exists()


def test_kustomizations_through_a_link(workshop: Workshop) -> None:
    """A link whose text is harmless and that leaves the repository all the same is not followed."""
    workshop.commit(
        {
            "top/x": "1",
            "deep/deep/link": Link("../../top"),
            "k/kustomization.yaml": "resources: [../deep/deep/link/../../../etc]\n",
        }
    )
    with pytest.raises(RenderError):
        workshop.render(
            "Kustomize", "k", settings=RenderSettings(kustomize_options=("--load-restrictor=none",))
        )


def test_nothing_is_left_behind(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No scratch directory after a success, a failure or a time-out."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    workshop.commit({**CHART, "c/templates/a.yaml": OK, "k/kustomization.yaml": "resources: [gone.yaml]\n"})
    workshop.render("Helm", "c")
    with pytest.raises(RenderFailed):
        workshop.render("Kustomize", "k")
    with pytest.raises(RenderTimeout):
        workshop.render("Helm", "c", settings=limited(timeout_seconds=0.001))
    assert os.listdir(scratch) == []  # noqa: PTH208
