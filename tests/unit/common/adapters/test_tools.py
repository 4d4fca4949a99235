"""Finding programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.adapters.tools import Tools, version_of
from common.core.errors import ToolMissing


def program(path: Path, script: str) -> Path:
    """An executable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_path_comes_before_the_data_directory(tmp_path: Path) -> None:
    """What the user put there wins."""
    mine = program(tmp_path / "path" / "helm", "echo v3.18.0")
    ours = program(tmp_path / "tools" / "bin" / "helm", "echo v4.3.1")
    assert Tools(tmp_path, search_path=str(tmp_path / "path")).find("helm").path == mine
    assert Tools(tmp_path, search_path="/nonexistent").find("helm").path == ours


def test_a_program_is_asked_for_its_version_once(tmp_path: Path) -> None:
    """It is remembered, until the program is gone."""
    path = program(tmp_path / "tools" / "bin" / "helm", f"echo x >> {tmp_path}/asked; echo v4.3.1")
    tools = Tools(tmp_path, search_path="/nonexistent")
    assert tools.find("helm") == tools.find("helm")
    assert (tmp_path / "asked").read_text() == "x\n"
    path.unlink()
    with pytest.raises(ToolMissing, match="`moor tools install`"):
        tools.find("helm")


def test_kubectl_stands_in_for_kustomize(tmp_path: Path) -> None:
    """Only where there is no kustomize."""
    program(tmp_path / "tools" / "bin" / "kubectl", "echo Client Version: v1.37.1")
    tools = Tools(tmp_path, search_path="/nonexistent")
    assert tools.find_kustomize().name == "kubectl"
    program(tmp_path / "tools" / "bin" / "kustomize", "echo v5.8.1")
    assert tools.find_kustomize().name == "kustomize"


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("v4.3.1+gc0d08d0", "4.3.1+gc0d08d0"),
        ("Client Version: v1.37.1\nKustomize Version: v5.8.1", "1.37.1"),
        ("git version 2.39.5", "2.39.5"),
        ("nothing", ""),
    ],
)
def test_versions_are_read_from_what_programs_say(tmp_path: Path, says: str, version: str) -> None:
    """Empty when they say none."""
    assert version_of("helm", program(tmp_path / "p", f"printf '{says}'")) == version


def test_a_program_that_does_not_start_has_no_version(tmp_path: Path) -> None:
    """It is found all the same; the render says what is wrong."""
    path = tmp_path / "broken"
    path.write_text("not a program")
    path.chmod(0o755)
    assert version_of("helm", path) == ""
