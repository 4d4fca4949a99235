"""`moor diff` of two files."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from cli.commands.diff_files import diff

DESIRED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1", resources: {limits: {cpu: 1000m}}}]}
"""
LIVE = DESIRED.replace("1000m", '"1"').replace("replicas: 3", "replicas: 3\n  revisionHistoryLimit: 10")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A directory for the two files."""
    return tmp_path


def run(files: Path, live: str, desired: str, *arguments: str) -> Result:
    """The command on the two."""
    (files / "live.yaml").write_text(live)
    (files / "desired.yaml").write_text(desired)
    return CliRunner().invoke(diff, [str(files / "live.yaml"), str(files / "desired.yaml"), *arguments])


def test_defaults_and_spellings_are_no_difference(files: Path) -> None:
    """Exit code 0 and no output."""
    result = run(files, LIVE, DESIRED)
    assert (result.exit_code, result.output) == (0, "")


def test_a_difference_names_the_path(files: Path) -> None:
    """Exit code 1."""
    result = run(files, LIVE.replace("replicas: 3", "replicas: 1"), DESIRED)
    assert (result.exit_code, result.output) == (
        1,
        "~ apps/Deployment shop/web\n    spec.replicas: 1 → 3\n",
    )


def test_objects_on_one_side_only(files: Path) -> None:
    """Created or removed, in JSON too."""
    other = DESIRED.replace("name: web, n", "name: other, n")
    result = run(files, LIVE, other, "-o", "json")
    assert result.exit_code == 1
    assert [(row["name"], row["change"]) for row in orjson.loads(result.output)] == [
        ("other", "created"),
        ("web", "removed"),
    ]


def test_ignored_fields_are_no_difference(files: Path) -> None:
    """`resource.customizations.ignoreDifferences.<group>_<Kind>` of argocd-cm, pointers and jq."""
    config = files / "argocd-cm.yaml"
    for rule in ("jsonPointers: [/spec/replicas]", "jqPathExpressions: [.spec.replicas]"):
        config.write_text(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata:\n"
            f"  resource.customizations.ignoreDifferences.apps_Deployment: |\n    {rule}\n"
        )
        live = LIVE.replace("replicas: 3", "replicas: 1")
        assert run(files, live, DESIRED, "--settings", str(config)).exit_code == 0


def test_errors_have_a_code_of_their_own(files: Path) -> None:
    """Exit code 2, so that a script can tell them from a difference."""
    result = run(files, "apiVersion: v1\nkind: [", DESIRED)
    assert result.exit_code == 2
    assert "live.yaml" in result.output
