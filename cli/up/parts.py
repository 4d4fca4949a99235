"""The parts of `moor up` and how each is started."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from cli.up.part import Part
from cli.up.settings import UpSettings
from common.adapters.valkey import EmbeddedValkey

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
"""Of the user's environment, what parts need; credential plugins of a kubeconfig may want the rest."""


class Parts:
    """Makes the children's commands and environments."""

    def __init__(self, settings: UpSettings, ports: dict[str, int]) -> None:
        self.settings = settings
        self.ports = ports

    def _environment(self) -> dict[str, str]:
        base = dict(os.environ)
        if self.settings.kubeconfig is None:
            base = {name: os.environ[name] for name in INHERITED if name in os.environ}
        base |= {key: value for key, value in os.environ.items() if key.startswith("MOORINGS_")}
        return base | {"PYTHONUNBUFFERED": "1"}

    def part(
        self,
        name: str,
        command: list[str],
        environ: dict[str, str] | None = None,
        *,
        probe: Callable[[], bool] | None = None,
    ) -> Part:
        """A part with its log and environment."""
        return Part(
            name,
            command,
            log=self.settings.logs / f"{name}.log",
            environ=self._environment() | (environ or {}),
            echo=self.settings.verbose,
            probe=probe,
            restartable=name.startswith("worker-"),
        )

    def valkey(self) -> tuple[Part, str]:
        """The embedded Valkey, and its address.

        Raises:
            StoreUnavailable: its port is in use, or another one runs in the data directory.
        """
        server = EmbeddedValkey(self.settings.data_dir / "valkey", port=self.ports["redis"])
        part = self.part("valkey", server.command(), probe=server.answers)
        return part, server.url

    def sandbox(self) -> Part:
        """All the sandbox clusters, in one process."""
        settings = self.settings
        return self.part(
            "sandbox",
            [
                *self._module("sandbox"),
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
        """The example repository over smart HTTP, and nothing else of the data directory."""
        repository = self.settings.repository
        return self.part(
            "git",
            [
                *self._module("sandbox.githost"),
                "--root",
                str(repository.parent),
                "--only",
                repository.name,
                "--port",
                str(self.ports["git"]),
                "-o",
                "json",
            ],
        )

    def engine(self, name: str, command: str, home: Path | None, redis_url: str) -> Part:
        """A part that reads its settings from the environment, as the chart starts it too."""
        settings = self.settings
        more = {
            "MOORINGS_REDIS_URL": redis_url,
            "MOORINGS_NAMESPACE": settings.namespace,
            "MOORINGS_CONTEXT": settings.context,
            "MOORINGS_DATA_DIR": str(settings.data_dir),
            "MOORINGS_METRICS_PORT": str(self.ports[name]),
            "MOORINGS_LISTEN_HOST": settings.host,
            "MOORINGS_LISTEN_PORT": str(settings.port),
            "MOORINGS_CONCURRENCY": str(settings.concurrency),
            "MOORINGS_READY_LINE": "1",
        }
        if home is not None:
            more["MOORINGS_KUBECONFIG"] = str(home)
        return self.part(name, [*self._module("cli.main"), command], more)

    @staticmethod
    def _module(name: str) -> list[str]:
        return [sys.executable, "-X", "faulthandler", "-m", name]
