"""What processes cost: CPU seconds and PSS, which counts a shared page once over all who share it."""

from __future__ import annotations

import platform
import statistics
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

MIB = 1 << 20


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one group of processes has used."""

    cpu_seconds: float
    memory_mib: float
    """PSS at the end."""
    peak_mib: float
    """The highest PSS seen."""


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of the processes and their children so far."""
    total = 0.0
    for pid in pids:
        for process in (root := psutil.Process(pid), *root.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
    return total


def pss_bytes(pids: Iterable[int]) -> int:
    """Proportional set size of the processes and their children; resident size where there is no PSS."""
    total = 0
    for pid in pids:
        for process in (root := psutil.Process(pid), *root.children(recursive=True)):
            try:
                full = process.memory_full_info()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            total += getattr(full, "pss", full.rss)
    return total


class Meter:
    """Measures groups of processes while the context is open; looks at memory once a second."""

    def __init__(self, groups: Mapping[str, Sequence[int]], *, every_seconds: float = 1.0) -> None:
        self._groups = groups
        self._every = every_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)
        self._before: dict[str, float] = {}
        self._peaks: dict[str, int] = {}
        self.costs: dict[str, Cost] = {}

    def __enter__(self) -> Meter:
        self._before = {name: cpu_seconds(pids) for name, pids in self._groups.items()}
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        after = {name: cpu_seconds(pids) for name, pids in self._groups.items()}
        self._ended.set()
        self._thread.join()
        for name, pids in self._groups.items():
            now = pss_bytes(pids)
            self.costs[name] = Cost(
                cpu_seconds=round(after[name] - self._before[name], 3),
                memory_mib=round(now / MIB, 1),
                peak_mib=round(max(now, self._peaks.get(name, 0)) / MIB, 1),
            )

    def _watch(self) -> None:
        while not self._ended.wait(self._every):
            for name, pids in self._groups.items():
                self._peaks[name] = max(self._peaks.get(name, 0), pss_bytes(pids))


def machine() -> dict[str, str]:
    """What the figures depend on."""
    return {
        "cores": str(psutil.cpu_count()),
        "processor": _processor(),
        "memory": f"{psutil.virtual_memory().total / (1 << 30):.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def median(values: Sequence[float]) -> float:
    """Rounded to tenths of a millisecond."""
    return round(statistics.median(values), 4)
