"""Installing pinned programs: verified, atomic, once."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest

from common.adapters import tool_installer
from common.adapters.tool_installer import Pinned, install, pinned_here
from common.adapters.tools import Tools
from common.core.errors import ToolMissing

BINARY = b"#!/bin/sh\necho v9.9.9\n"


def package(path: Path, content: bytes = BINARY) -> Path:
    """A package as the real one is built: a jsii archive with a layer in it."""
    layer = io.BytesIO()
    with zipfile.ZipFile(layer, "w") as archive:
        archive.writestr("helm/helm", content)
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("package/lib/layer.zip")
        member.size = len(layer.getvalue())
        tar.addfile(member, io.BytesIO(layer.getvalue()))
    return path


@pytest.fixture
def pinned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """One pinned program, from a package on disk; the list grows with each fetch."""
    fetched: list[str] = []
    program = Pinned(
        name="helm",
        version="9.9.9",
        member="helm/helm",
        sha256=hashlib.sha256(BINARY).hexdigest(),
        size=len(BINARY),
    )

    def fetch(scratch: Path) -> Path:
        fetched.append(str(scratch))
        return package(tmp_path / f"{len(fetched)}.jsii.tgz")

    monkeypatch.setattr(tool_installer, "pinned_here", lambda: (program,))
    monkeypatch.setattr(tool_installer, "_fetch", fetch)
    return fetched


def test_programs_are_placed_and_run(tmp_path: Path, pinned: list[str]) -> None:
    """What is installed is found, and is the pinned version."""
    tools = Tools(tmp_path / "data", search_path="/nonexistent")
    said: list[str] = []
    (tool,) = install(tools, said.append)
    assert tool.path.read_bytes() == BINARY
    assert tools.find("helm").version == "9.9.9"
    assert said[-1] == "Installing helm 9.9.9"
    assert sorted(p.name for p in (tmp_path / "data" / "tools").iterdir()) == ["bin", "install.lock"]


def test_a_second_time_fetches_nothing(tmp_path: Path, pinned: list[str]) -> None:
    """What is right is left alone."""
    tools = Tools(tmp_path)
    install(tools)
    install(tools)
    assert len(pinned) == 1


def test_a_damaged_program_is_replaced(tmp_path: Path, pinned: list[str]) -> None:
    """Its size may be right; its bytes are not."""
    tools = Tools(tmp_path)
    (tool,) = install(tools)
    tool.path.write_bytes(b"x" * len(BINARY))
    install(tools)
    assert tool.path.read_bytes() == BINARY
    assert len(pinned) == 2


def test_other_bytes_are_not_installed(
    tmp_path: Path, pinned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names both digests, and nothing is left in place."""
    evil = package(tmp_path / "evil.jsii.tgz", b"#!/bin/sh\necho evil\n")
    monkeypatch.setattr(tool_installer, "_fetch", lambda _: evil)
    with pytest.raises(ToolMissing, match="is not what was pinned"):
        install(Tools(tmp_path / "data"))
    assert list((tmp_path / "data" / "tools" / "bin").iterdir()) == []


def test_a_longer_program_is_not_read_to_its_end(
    tmp_path: Path, pinned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bomb in the archive costs no more than the pinned size."""
    bomb = package(tmp_path / "bomb.jsii.tgz", BINARY + b"\0" * (8 << 20))
    monkeypatch.setattr(tool_installer, "_fetch", lambda _: bomb)
    with pytest.raises(ToolMissing, match="is not what was pinned"):
        install(Tools(tmp_path / "data"))


def test_two_at_once_fetch_once(tmp_path: Path, pinned: list[str]) -> None:
    """One waits for the other's lock and finds the work done."""
    threads = [threading.Thread(target=install, args=(Tools(tmp_path),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pinned) == 1


def test_an_index_that_cannot_be_reached_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own words, and what to do instead."""
    monkeypatch.setattr(tool_installer.importlib.util, "find_spec", lambda _: None)
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho 'no route to the index' >&2; exit 2\n")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(ToolMissing, match=r"no route to the index.*from your system's packages"):
        tool_installer._fetch(tmp_path)


def test_a_package_without_layer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a package of that name may be something else somewhere."""
    monkeypatch.setattr(tool_installer, "_client", lambda _: None)
    with pytest.raises(ToolMissing, match="not the package that was pinned"):
        tool_installer._fetch(tmp_path)


@pytest.mark.parametrize(
    ("system", "machine"), [("linux", "aarch64"), ("darwin", "arm64"), ("linux", "armv7l")]
)
def test_other_machines_are_told_what_to_do(system: str, machine: str) -> None:
    """The package carries Linux x86_64 only."""
    with pytest.raises(ToolMissing, match=f"{system}/{machine}: install helm"):
        pinned_here(system, machine)


def test_the_pins_are_complete() -> None:
    """Both programs, with digests of the right length, under both names of the architecture."""
    for machine in ("x86_64", "amd64"):
        assert [(p.name, len(p.sha256)) for p in pinned_here("linux", machine)] == [
            ("helm", 64),
            ("kubectl", 64),
        ]
