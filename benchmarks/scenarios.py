"""What is measured. Each scenario answers with its figures; none of them decides whether they are good."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import orjson

from benchmarks.client import request_count, set_latency
from benchmarks.floor import floor
from benchmarks.measure import Cost, Meter, cpu_seconds, median, pss_bytes
from benchmarks.stage import Stage, config_map, stage
from benchmarks.workload import Object, namespace_of

Progress = Callable[[str], None]

PER_APPLICATION = 7
"""Requests of the floor: the Application, four objects, two statuses."""


class FirstSync(msgspec.Struct, frozen=True, kw_only=True):
    """All Applications created, until all are Synced and Healthy."""

    applications: int
    workers: int
    latency_milliseconds: float
    floor_seconds: float
    seconds: float
    ratio: float
    requests_per_application: float
    """Of Moorings, without the creation of the Application itself."""
    costs: dict[str, Cost]


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing happens."""

    applications: int
    seconds: float
    cpu_percent: dict[str, float]
    """Of one core."""
    requests: int
    """API requests; watches that stay open are none."""
    memory_mib: dict[str, float]


class Healing(msgspec.Struct, frozen=True, kw_only=True):
    """A change by hand, until it is undone."""

    applications: int
    attempts: int
    median_seconds: float
    worst_seconds: float


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """One application's file pushed, the webhook told; every application follows the repository."""

    applications: int
    attempts: int
    median_seconds: float
    """From the webhook's call until the object is live."""
    cpu_seconds: float
    """Of Moorings, for one push, until the object is live."""
    told_seconds: float
    """Until every Application's status names the new revision, at the bounded rate (last push)."""
    told_cpu_seconds: float
    """Of Moorings, for all of that."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """`moor up` until its ready line."""

    cold_seconds: float
    warm_seconds: float


class Results(msgspec.Struct, kw_only=True):
    """Everything of one run."""

    machine: dict[str, str]
    first_sync: list[FirstSync] = msgspec.field(default_factory=list)
    workers: list[FirstSync] = msgspec.field(default_factory=list)
    idle: Idle | None = None
    healing: Healing | None = None
    push: Push | None = None
    start: Start | None = None


def first_sync(
    on: Stage, floor_seconds: float, *, workers: int = 1, latency_seconds: float = 0.0
) -> FirstSync:
    """The first sync of a stage, beside a floor that was measured before."""
    with contextlib.closing(on.api.client()) as client:
        set_latency(client, latency_seconds)
        before = request_count(client)
        with Meter(on.groups()) as meter:
            seconds = on.first_sync()
        requests = request_count(client) - before - on.applications - 2  # this count and the watch
        set_latency(client, 0)
    return FirstSync(
        applications=on.applications,
        workers=workers,
        latency_milliseconds=latency_seconds * 1000,
        floor_seconds=round(floor_seconds, 3),
        seconds=round(seconds, 3),
        ratio=round(seconds / floor_seconds, 2),
        requests_per_application=round(requests / on.applications, 2),
        costs=meter.costs,
    )


def workers_under_latency(
    applications: int, crews: Sequence[int], latency_seconds: float, progress: Progress
) -> list[FirstSync]:
    """The same first sync by more and more workers, all under one floor."""
    progress(f"the floor for {applications} applications under {latency_seconds * 1000:.0f} ms")
    below = floor(applications, latency_seconds=latency_seconds)
    found = []
    for workers in crews:
        progress(f"{workers} workers")
        with stage(applications=applications, workers=workers) as made:
            found.append(first_sync(made, below, workers=workers, latency_seconds=latency_seconds))
    return found


def idle(on: Stage, seconds: float) -> Idle:
    """A synced fleet left alone."""
    groups = on.groups()
    with contextlib.closing(on.api.client()) as client:
        before_requests = request_count(client)
        before = {name: cpu_seconds(pids) for name, pids in groups.items()}
        began = time.perf_counter()
        time.sleep(seconds)
        took = time.perf_counter() - began
        after = {name: cpu_seconds(pids) for name, pids in groups.items()}
        requests = request_count(client) - before_requests - 1
    return Idle(
        applications=on.applications,
        seconds=round(took, 1),
        cpu_percent={name: round((after[name] - before[name]) / took * 100, 2) for name in groups},
        requests=requests,
        memory_mib={name: round(pss_bytes(pids) / (1 << 20), 1) for name, pids in groups.items()},
    )


def healing(on: Stage, attempts: int) -> Healing:
    """Change one application's ConfigMap after another, each of another application."""
    times = []
    with contextlib.closing(on.api.client()) as client:
        for number in range(min(attempts, on.applications)):
            obj = config_map(number, namespace_of(number))
            wanted = on.api.get(client, obj)["data"]["colour"]
            body: Object = {"data": {"colour": "changed-by-hand"}}
            client.request("PATCH", _path(obj), body, "merge-patch+json")
            began = time.perf_counter()
            on.until_colour(client, obj, wanted)
            times.append(time.perf_counter() - began)
    return Healing(
        applications=on.applications,
        attempts=len(times),
        median_seconds=median(times),
        worst_seconds=round(max(times), 4),
    )


def push(on: Stage, attempts: int, *, told: bool = True) -> Push:
    """Push to one application after another."""
    times, spent = [], []
    moorings = on.groups()["moorings"]
    revision = ""
    told_seconds = told_cpu = 0.0
    with contextlib.closing(on.api.client()) as client:
        for attempt in range(attempts):
            number = (attempt * 7 + 3) % on.applications
            obj = config_map(number, namespace_of(number))
            before = cpu_seconds(moorings)
            began = time.perf_counter()
            revision = on.push(number, colour=f"pushed-{attempt}")
            on.until_colour(client, obj, f"pushed-{attempt}")
            times.append(time.perf_counter() - began)
            spent.append(cpu_seconds(moorings) - before)
        if told:
            before = cpu_seconds(moorings)
            told_seconds = on.until_applications(lambda app: _revision(app) == revision, lambda: None)
            told_cpu = cpu_seconds(moorings) - before
    return Push(
        applications=on.applications,
        attempts=attempts,
        median_seconds=median(times),
        cpu_seconds=median(spent),
        told_seconds=round(told_seconds, 1),
        told_cpu_seconds=round(told_cpu, 2),
    )


def _revision(app: Object) -> str:
    return str(((app.get("status") or {}).get("sync") or {}).get("revision") or "")


def _path(obj: Object) -> str:
    meta = obj["metadata"]
    return f"/api/v1/namespaces/{meta['namespace']}/configmaps/{meta['name']}"


def start() -> Start:
    """`moor up` twice on one data directory: with nothing there, and again."""
    with tempfile.TemporaryDirectory(prefix="moorings-benchmark-") as folder:
        return Start(cold_seconds=_up(Path(folder)), warm_seconds=_up(Path(folder)))


def _up(folder: Path) -> float:
    port = _free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "cli.main",
            "up",
            "-o",
            "json",
            "--data-dir",
            str(folder),
            "--port",
            str(port),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        orjson.loads(process.stdout.readline())
        return round(time.perf_counter() - began, 2)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
