"""`moor watch`, and the watchers' part of `moor control`."""

from __future__ import annotations

import asyncio
import signal

from scheduler.watch.parts import Parts
from scheduler.watch.supervisor import LeaseTimes, Supervisor


async def watch(parts: Parts, *, stop: asyncio.Event, times: LeaseTimes | None = None) -> None:
    """Watch the home cluster and every cluster whose lease this process gets, until `stop` is set."""
    await Supervisor(parts, times=times).run(stop)


async def watch_until_signal(parts: Parts, *, times: LeaseTimes | None = None) -> None:
    """The same as a process of its own: SIGTERM and SIGINT end it, and its leases are given back."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await watch(parts, stop=stop, times=times)
