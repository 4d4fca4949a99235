"""Start parts in order, notice when one ends, and stop all of them in the opposite order."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from cli.up.part import Part


class AlreadyRunning(Exception):
    """Another `moor up` holds this data directory; the message is the sentence to show."""


@contextlib.contextmanager
def data_dir_lock(data_dir: Path) -> Iterator[None]:
    """Hold the data directory. The kernel lets go of the lock when its holder ends, so none is ever stale.

    Raises:
        AlreadyRunning: another process holds it.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = data_dir / "up.lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = path.read_text().strip() or "unknown"
            raise AlreadyRunning(
                f"moor up is running already on {data_dir} (process {pid}); `moor down` stops it"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


class Supervisor:
    """The parts that run, and the wish to stop."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.stopping = asyncio.Event()

    def stop_on_signals(self) -> None:
        """Ctrl-C and SIGTERM ask for a clean stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stopping.set)

    async def start(self, *parts: Part) -> list[dict[str, object]]:
        """Start several side by side and wait until all are ready; what each said.

        Raises:
            PartFailed: one of them did not start.
            asyncio.CancelledError: a stop was asked for meanwhile.
        """
        self.parts.extend(parts)
        starting = [asyncio.create_task(part.start()) for part in parts]
        stop = asyncio.create_task(self.stopping.wait())
        try:
            everything = asyncio.gather(*starting)
            stop.add_done_callback(lambda _stop: everything.cancel())
            return list(await everything)
        finally:
            stop.cancel()

    async def watch(self, say: Callable[[str], None]) -> None:
        """Until a stop is asked for. A worker that ends is started again, for any worker can take up what it
        had; `say` is told. One that keeps ending ends everything, as any other part does.

        Raises:
            PartFailed: a part ended by itself.
        """
        ends = {asyncio.create_task(part.ended()): part for part in self.parts}
        stop = asyncio.create_task(self.stopping.wait())
        try:
            while not self.stopping.is_set():
                done, _ = await asyncio.wait([*ends, stop], return_when=asyncio.FIRST_COMPLETED)
                for task in [task for task in ends if task in done]:
                    part, failure = ends.pop(task), task.result()
                    if self.stopping.is_set():
                        continue
                    if not part.may_restart(asyncio.get_running_loop().time()):
                        raise failure
                    say(f"{failure}; starting it again")
                    await part.start()
                    ends[asyncio.create_task(part.ended())] = part
        finally:
            for waiting in (*ends, stop):
                waiting.cancel()

    async def stop(self) -> None:
        """Stop all parts, the last started first, so that nothing loses what it depends on."""
        for part in reversed(self.parts):
            await part.stop()
