"""One child process: its command, its log, and the line with which it says that it is ready."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import orjson

from cli.up import launch

READY_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 15.0
RESTARTS = 5
RESTART_WINDOW_SECONDS = 60.0


class PartFailed(Exception):
    """A part did not start, or ended by itself; the message is the sentence to show."""


class Part:
    """A supervised child. Its stderr goes to its log; its first line on stdout is JSON and means ready.

    A program that is not ours says no such line: `probe` is then asked until it answers True.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environ: Mapping[str, str],
        echo: bool = False,
        restartable: bool = False,
        probe: Callable[[], bool] | None = None,
    ) -> None:
        self.name = name
        self.probe = probe
        self.echo = echo
        self.restartable = restartable
        self._restarts: list[float] = []
        self._copying: asyncio.Task[None] | None = None
        self.command = tuple(command)
        self.log = log
        self.environ = dict(environ)
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> dict[str, object]:
        """Start it and wait for its ready line.

        Raises:
            PartFailed: it ended first, said nothing in a minute, or what it said is not JSON.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as stderr:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                launch.__file__,
                str(os.getpid()),
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                env=self.environ,
                start_new_session=True,
            )
        if self.echo and self._copying is None:
            self._copying = asyncio.create_task(self._copy_log(begin))
        try:
            ready = self._probed(self.probe) if self.probe else self._ready_line()
            return await asyncio.wait_for(ready, READY_TIMEOUT_SECONDS)
        except TimeoutError:
            await self.stop()
            raise PartFailed(f"{self.name} was not ready within {READY_TIMEOUT_SECONDS:.0f} s") from None

    async def _probed(self, probe: Callable[[], bool]) -> dict[str, object]:
        process = self._started()
        while not await asyncio.to_thread(probe):
            if process.returncode is not None:
                raise self._ended_early(process.returncode)
            await asyncio.sleep(0.02)
        return {}

    def _ended_early(self, code: int) -> PartFailed:
        return PartFailed(
            f"{self.name} ended with exit code {code} before it was ready: {self._last_words()}"
        )

    async def _ready_line(self) -> dict[str, object]:
        process = self._started()
        assert process.stdout is not None  # noqa: S101 - asked for above
        line = await process.stdout.readline()
        if not line:
            code = await process.wait()
            raise self._ended_early(code)
        try:
            said = orjson.loads(line)
        except orjson.JSONDecodeError:
            said = None
        if not isinstance(said, dict):
            await self.stop()
            raise PartFailed(f"{self.name} said {line[:200]!r} where its ready line was expected")
        return said

    def _started(self) -> asyncio.subprocess.Process:
        if self.process is None:
            raise PartFailed(f"{self.name} was not started")
        return self.process

    def _last_words(self) -> str:
        """The last line of the log, which is where a program says why it ends."""
        try:
            lines = self.log.read_bytes()[-4000:].decode(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1].strip() if lines else "it said nothing"

    def may_restart(self, now_seconds: float) -> bool:
        """Whether it may be started again: a few times a minute, for what keeps ending needs a look."""
        self._restarts = [at for at in self._restarts if now_seconds - at < RESTART_WINDOW_SECONDS]
        if not self.restartable or len(self._restarts) >= RESTARTS:
            return False
        self._restarts.append(now_seconds)
        return True

    async def ended(self) -> PartFailed:
        """Wait until it ends, and say so in a sentence."""
        process = self._started()
        drain = asyncio.create_task(self._drain())
        code = await process.wait()
        drain.cancel()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return PartFailed(f"{self.name} {how}: {self._last_words()}")

    async def _copy_log(self, begin: int) -> None:
        """Show the log's new lines on the terminal, with the part's name before them."""
        with self.log.open("rb") as log:
            log.seek(begin)
            while True:
                for line in log.read().splitlines():
                    sys.stderr.write(f"{self.name} | {line.decode(errors='replace')}\n")
                await asyncio.sleep(0.1)

    async def _drain(self) -> None:
        """Keep its stdout from filling up; nothing more is expected there."""
        stdout = self._started().stdout
        while stdout is not None and await stdout.read(65536):
            pass

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL when that does not end it in time; its process group is empty afterwards."""
        if self._copying is not None:
            self._copying.cancel()
        process = self.process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_TIMEOUT_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
