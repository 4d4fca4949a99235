"""Child processes of a benchmark: started in order, told apart in the figures, ended with the benchmark."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from cli.up import launch

READY_SECONDS = 60.0
END_SECONDS = 20.0


class ChildFailed(Exception):
    """A process did not start; the message has the last line of its log."""


class Child:
    """One process. Its first line on stdout is JSON and means ready; its log is a file."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environ: Mapping[str, str]) -> None:
        self.name = name
        self._log = log
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, launch.__file__, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the process itself: the launcher becomes it."""
        return self._process.pid

    def ready(self) -> dict[str, Any]:
        """What it says when it is ready.

        Raises:
            ChildFailed: it ended before, or says nothing.
        """
        stdout = self._process.stdout
        assert stdout is not None
        deadline = time.monotonic() + READY_SECONDS
        while not select.select([stdout], [], [], 0.1)[0]:
            if time.monotonic() > deadline:
                self.end()
                raise ChildFailed(f"{self.name} was not ready within {READY_SECONDS:.0f} s")
        line = stdout.readline()
        if not line:
            code = self._process.wait()
            raise ChildFailed(f"{self.name} ended with exit code {code}: {self._last_words()}")
        said: dict[str, Any] = orjson.loads(line)
        return said

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def end(self) -> None:
        """SIGTERM, and SIGKILL when that takes too long."""
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(OSError):
            if self._process.stdout:
                self._process.stdout.close()
