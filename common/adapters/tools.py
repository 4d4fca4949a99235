"""The programs that rendering needs (helm, kubectl, kustomize): found on PATH, then in the data directory,
where `moor tools install` puts them.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import msgspec

from common.core.errors import ToolMissing

_VERSION = re.compile(r"v?(\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?)")

_VERSION_ARGUMENTS = {
    "helm": ("version", "--short"),
    "kubectl": ("version", "--client"),
    "kustomize": ("version",),
    "git": ("--version",),
}

COSTS = {
    "helm": "Applications with a Helm chart cannot be rendered",
    "kubectl": "Kustomize applications cannot be rendered, unless kustomize is found",
    "kustomize": "none where kubectl is found: `kubectl kustomize` serves instead",
    "git": "the example repository of `moor up` cannot be served",
}
"""What each lack costs, for `moor doctor`."""


NEEDED = frozenset({"helm", "kubectl"})
"""Without these, applications of a kind cannot be rendered."""


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A program that was found."""

    name: str
    path: Path
    version: str
    """Such as `4.3.1`; empty when it did not say."""


class ToolRow(msgspec.Struct, frozen=True, kw_only=True):
    """What `moor doctor` says of one program."""

    name: str
    found: bool
    path: str = ""
    version: str = ""
    origin: str = ""
    """`PATH`, `data directory` or the program that serves instead."""
    cost: str = ""
    """What its lack costs; empty when it is found."""


class Tools:
    """Finds programs and remembers what it found; safe among threads."""

    def __init__(self, data_dir: Path, *, search_path: str | None = None) -> None:
        """`search_path` is a PATH to search in place of the environment's."""
        self.directory = data_dir / "tools" / "bin"
        self._search_path = search_path
        self._found: dict[str, Tool] = {}
        self._lock = threading.Lock()

    def find(self, name: str) -> Tool:
        """The program.

        Raises:
            ToolMissing: neither on PATH nor in the data directory.
        """
        with self._lock:
            tool = self._found.get(name)
            if tool is None or not tool.path.exists():
                path = self._locate(name)
                if path is None:
                    self._found.pop(name, None)
                    raise ToolMissing(
                        f"{name} is neither on PATH nor in {self.directory}: "
                        "`moor tools install` brings helm and kubectl"
                    )
                tool = self._found[name] = Tool(name=name, path=path, version=version_of(name, path))
            return tool

    def find_kustomize(self) -> Tool:
        """`kustomize`, or else the `kubectl` that has one built in.

        Raises:
            ToolMissing: neither of them.
        """
        try:
            return self.find("kustomize")
        except ToolMissing:
            return self.find("kubectl")

    def doctor(self) -> list[ToolRow]:
        """One row a program, in a fixed order."""
        return [self._row(name) for name in COSTS]

    def _row(self, name: str) -> ToolRow:
        try:
            tool = self.find(name)
        except ToolMissing:
            with contextlib.suppress(ToolMissing):
                if name == "kustomize":
                    kubectl = self.find("kubectl")
                    return ToolRow(
                        name=name,
                        found=True,
                        path=str(kubectl.path),
                        version=kubectl.version,
                        origin="kubectl",
                    )
            return ToolRow(name=name, found=False, cost=COSTS[name])
        origin = "data directory" if tool.path.parent == self.directory else "PATH"
        return ToolRow(name=name, found=True, path=str(tool.path), version=tool.version, origin=origin)

    def _locate(self, name: str) -> Path | None:
        found = shutil.which(name, path=self._search_path)
        if found is None and os.access(self.directory / name, os.X_OK):
            found = str(self.directory / name)
        return Path(found) if found else None


def version_of(name: str, path: Path) -> str:
    """What the program says its version is; empty when it does not."""
    arguments = _VERSION_ARGUMENTS.get(name, ("--version",))
    with tempfile.TemporaryDirectory(prefix="moorings-version-") as home:
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": home, "KUBECONFIG": f"{home}/none"}
        try:
            done = subprocess.run(
                [str(path), *arguments],
                capture_output=True,
                text=True,
                timeout=20,
                check=False,
                stdin=subprocess.DEVNULL,
                env=environment,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
    match = _VERSION.search(done.stdout)
    return match.group(1) if match else ""
