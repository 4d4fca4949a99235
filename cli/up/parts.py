"""The parts of `moor up` and how each is started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cli.up.part import Part
from cli.up.settings import UpSettings

INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "XDG_CACHE_HOME",
    "KUBECONFIG",
)
"""Of the user's environment, what the parts need; credential plugins of a kubeconfig may want the rest."""


class Parts:
    """Makes the children's commands and environments."""

    def __init__(self, settings: UpSettings, ports: dict[str, int]) -> None:
        self.settings = settings
        self.ports = ports

    def _environment(self, **more: str) -> dict[str, str]:
        base = (
            dict(os.environ)
            if self.settings.kubeconfig
            else {name: os.environ[name] for name in INHERITED if name in os.environ}
        )
        base |= {key: value for key, value in os.environ.items() if key.startswith("MOORINGS_")}
        return base | {"PYTHONUNBUFFERED": "1", **more}

    def part(self, name: str, command: list[str], **environ: str) -> Part:
        """A part with its log and environment."""
        return Part(
            name,
            command,
            log=self.settings.logs / f"{name}.log",
            environ=self._environment(**environ),
        )

    def sandbox(self) -> Part:
        """All the sandbox clusters, in one process."""
        settings = self.settings
        return self.part(
            "sandbox",
            [
                sys.executable,
                "-m",
                "sandbox",
                "--clusters",
                str(settings.clusters),
                "--data-dir",
                str(settings.data_dir / "sandbox"),
                "--kubeconfig-dir",
                str(settings.kubeconfigs),
                "--port-base",
                str(self.ports["sandbox"]),
                "-o",
                "json",
            ],
        )

    def git_host(self) -> Part:
        """The example repository over smart HTTP."""
        return self.part(
            "git",
            [
                sys.executable,
                "-m",
                "sandbox.githost",
                "--root",
                str(self.settings.repository.parent),
                "--port",
                str(self.ports["git"]),
                "-o",
                "json",
            ],
        )

    def engine(self, name: str, arguments: list[str], home: Path, context: str, redis_url: str) -> Part:
        """A part that reads its settings from the environment, as the chart starts it too."""
        more = {
            "MOORINGS_REDIS_URL": redis_url,
            "MOORINGS_NAMESPACE": self.settings.namespace,
            "MOORINGS_HOME_KUBECONFIG": str(home),
            "MOORINGS_HOME_CONTEXT": context,
            "MOORINGS_DATA_DIR": str(self.settings.data_dir),
            "MOORINGS_METRICS_PORT": str(self.ports[name]),
            "MOORINGS_READY_LINE": "1",
        }
        return self.part(name, [sys.executable, "-m", "cli.main", *arguments], **more)
