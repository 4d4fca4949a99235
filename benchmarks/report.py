"""The figures as a page and as lines on a terminal, each beside its limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmarks.measure import Cost
from benchmarks.scenarios import FirstSync, Results

_INTRODUCTION = """# Benchmarks

Written by `python -m benchmarks --write docs/benchmarks.md`; do not edit. Every figure is of one run on one
machine, and depends on it; the ratios travel better than the seconds.

The API server is the sandbox, which answers a write faster than a real one does: against a real API server
the floor is higher, and the ratio lower, for the same work of ours.

**The floor** is a bare loop, eight at once, on the same API: each Application is created, its four objects
(ConfigMap, ServiceAccount, Service, Role) are applied server-side, and its status is written twice. It
neither reads Git, nor renders, compares, watches or keeps anything. **Moorings** does all of that with
`moor control` and `moor worker` (8 threads) as separate processes; its time ends when a watch has seen every
Application Synced, Healthy and its operation succeeded. All processes, the API server's too, share the
machine's cores.
"""


def markdown(results: Results) -> str:
    """The page."""
    return "\n".join([_INTRODUCTION, *_machine(results.machine), *_sections(results)]) + "\n"


def _machine(machine: Mapping[str, str]) -> Iterator[str]:
    yield "| machine | |\n|---|---|"
    for name, value in machine.items():
        yield f"| {name} | {value} |"
    yield ""


def _sections(results: Results) -> Iterator[str]:
    if results.first_sync:
        yield "## First sync\n"
        yield from _first_syncs(results.first_sync)
        yield "\nA ratio of at most 1.2 is the aim; requests at most 5 (four applies, one status)."
        yield "\n## What it costs\n"
        yield from _costs(results.first_sync)
        yield "\nMemory is PSS. The aim at 1,000 applications: ≤ 300 MiB of Moorings and Valkey at peak."
    if results.workers:
        yield "\n## Workers, each API request delayed\n"
        yield from _first_syncs(results.workers)
        yield "\nThe floor stays at eight requests at once; each worker adds eight threads."
    yield from _small(results)


def _first_syncs(rows: list[FirstSync]) -> Iterator[str]:
    yield (
        "| applications | workers | added latency | floor | Moorings | ratio | requests an application |\n"
        "|---:|---:|---:|---:|---:|---:|---:|"
    )
    for row in rows:
        yield (
            f"| {row.applications} | {row.workers} | {row.latency_milliseconds:.0f} ms "
            f"| {row.floor_seconds:.2f} s | {row.seconds:.2f} s | **{row.ratio:.2f}** "
            f"| {row.requests_per_application:.2f} |"
        )


def _costs(rows: list[FirstSync]) -> Iterator[str]:
    yield "| applications | processes | CPU | CPU an application | memory at the end | at peak |"
    yield "|---:|---|---:|---:|---:|---:|"
    for row in rows:
        for name, cost in row.costs.items():
            yield _cost(row.applications, name, cost)


def _cost(applications: int, name: str, cost: Cost) -> str:
    each = cost.cpu_seconds / applications * 1000
    return (
        f"| {applications} | {name} | {cost.cpu_seconds:.2f} s | {each:.2f} ms "
        f"| {cost.memory_mib:.0f} MiB | {cost.peak_mib:.0f} MiB |"
    )


def _small(results: Results) -> Iterator[str]:
    if (idle := results.idle) is not None:
        yield f"\n## Idle, {idle.applications} applications, {idle.seconds:.0f} s\n"
        yield "| processes | CPU, of one core | memory | aim |\n|---|---:|---:|---|"
        aims = {"moorings": "CPU ≤ 1.4 %, memory ≤ 200 MiB with Valkey", "sandbox": "CPU ≤ 1 %"}
        for name, percent in idle.cpu_percent.items():
            yield f"| {name} | {percent:.2f} % | {idle.memory_mib[name]:.0f} MiB | {aims.get(name, '')} |"
        yield f"\nAPI requests in that time: {idle.requests}."
    if (healed := results.healing) is not None:
        yield f"\n## A change by hand, {healed.applications} applications\n"
        yield f"Healed after {healed.median_seconds * 1000:.0f} ms (median of {healed.attempts};"
        yield f"the worst {healed.worst_seconds * 1000:.0f} ms). The aim: a median of at most 100 ms."
    if (pushed := results.push) is not None:
        yield f"\n## One application's file pushed, {pushed.applications} follow the repository\n"
        yield f"Live {pushed.median_seconds * 1000:.0f} ms after the push was begun (median of"
        yield f"{pushed.attempts}), for {pushed.cpu_seconds * 1000:.0f} ms of Moorings' CPU."
        yield "The aim: at most 500 ms of each."
        if pushed.told_seconds:
            yield f"\nEvery Application's status named the new revision {pushed.told_seconds:.0f} s later,"
            yield f"written at a bounded rate, for {pushed.told_cpu_seconds:.1f} s of CPU."
    if (started := results.start) is not None:
        yield "\n## `moor up`\n"
        yield f"Ready after {started.warm_seconds:.1f} s on a data directory that it has used before"
        yield f"({started.cold_seconds:.1f} s on an empty one). The aim: at most 10 s warm."
