"""`moor render` on a working copy."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from cli.commands.render import render

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  destination: {server: https://kubernetes.default.svc, namespace: shop}
  source: {repoURL: https://git.example/shop.git, path: app}
"""
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {yes: 'no'}\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A working copy with one manifest."""
    (tmp_path / "copy" / "app").mkdir(parents=True)
    (tmp_path / "copy" / "app" / "a.yaml").write_text(CONFIG_MAP)
    return tmp_path / "copy"


def run(copy: Path, application: str, *arguments: str) -> Result:
    """The command, its Application on standard input."""
    data = ["--data-dir", str(copy.parent / "data")]
    return CliRunner().invoke(render, ["-", "--repo", str(copy), *data, *arguments], input=application)


def test_what_is_on_disk_is_rendered(copy: Path) -> None:
    """As JSON, YAML and names."""
    result = run(copy, APPLICATION, "-o", "json")
    assert result.exit_code == 0
    assert orjson.loads(result.output) == [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"true": "no"}}
    ]
    assert run(copy, APPLICATION, "-o", "name").output == "configmap/a\n"
    assert run(copy, APPLICATION).output.startswith("---\napiVersion: v1\n")


def test_errors_name_what_is_wrong(copy: Path) -> None:
    """With exit code 1, and no traceback."""
    (copy / "app" / "b.yaml").write_text("apiVersion: v1\nkind: [\nmetadata: {}\n")
    result = run(copy, APPLICATION)
    assert result.exit_code == 1
    assert "app/b.yaml" in result.output
    result = run(copy, CONFIG_MAP)
    assert result.exit_code == 1
    assert "there is no Application" in result.output


def test_every_source_is_rendered(copy: Path) -> None:
    """In their order; one that only lends its files gives none."""
    (copy / "more").mkdir()
    (copy / "more" / "b.yaml").write_text(CONFIG_MAP.replace("name: a", "name: b"))
    many = APPLICATION.replace(
        "  source: {repoURL: https://git.example/shop.git, path: app}\n",
        "  sources:\n  - {repoURL: x, path: more}\n  - {repoURL: x, path: app}\n"
        "  - {repoURL: x, ref: values}\n",
    )
    assert run(copy, many, "-o", "name").output == "configmap/b\nconfigmap/a\n"


def test_a_missing_working_copy_is_a_usage_error(tmp_path: Path) -> None:
    """Exit code 2."""
    assert CliRunner().invoke(render, ["-", "--repo", str(tmp_path / "gone")]).exit_code == 2
