"""`moor health`."""

from __future__ import annotations

from pathlib import Path

import orjson
from click.testing import CliRunner

from cli.commands.health import health

MANIFESTS = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk, namespace: shop}
status: {phase: Bound}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: lost, namespace: shop}
status: {phase: Lost}
"""


def test_each_object_has_a_row() -> None:
    """In the file's order; null where a kind has no health."""
    result = CliRunner().invoke(health, ["-", "-o", "json"], input=MANIFESTS)
    assert result.exit_code == 0
    rows = orjson.loads(result.output)
    assert [(row["kind"], row["namespace"], row["name"], row["status"]) for row in rows] == [
        ("PersistentVolumeClaim", "shop", "disk", "Healthy"),
        ("ConfigMap", "shop", "settings", None),
        ("PersistentVolumeClaim", "shop", "lost", "Degraded"),
    ]
    assert all(set(row) == {"kind", "namespace", "name", "status", "message"} for row in rows)


def test_people_get_a_line_each() -> None:
    """A dash for none."""
    lines = CliRunner().invoke(health, ["-"], input=MANIFESTS).output.splitlines()
    assert lines[0] == "Healthy      PersistentVolumeClaim shop/disk"
    assert lines[1] == "-            ConfigMap shop/settings"


def test_what_is_not_yet_run_is_said(tmp_path: Path) -> None:
    """Health scripts of the settings are not passed over in silence."""
    config = tmp_path / "argocd-cm.yaml"
    config.write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\n"
        "data: {resource.customizations.health.apps_Deployment: 'return {}'}\n"
    )
    result = CliRunner().invoke(health, ["-", "--settings", str(config)], input=MANIFESTS)
    assert "not run yet" in result.output


def test_a_file_that_is_no_manifest_is_an_error() -> None:
    """Exit code 1."""
    result = CliRunner().invoke(health, ["-"], input="just text")
    assert result.exit_code == 1
