"""`python -m benchmarks`: everything in one run; `python -m benchmarks first-sync` for a part of it."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from benchmarks import scenarios
from benchmarks.children import ChildFailed
from benchmarks.client import RequestFailed
from benchmarks.floor import floor
from benchmarks.measure import machine
from benchmarks.report import markdown
from benchmarks.scenarios import Results
from benchmarks.stage import Stage, stage
from common.core.convert import convert

_BEGAN = time.monotonic()

PARTS = ("first-sync", "workers", "idle", "drift", "push", "up")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    applications: tuple[int, ...]
    workers: tuple[int, ...]
    concurrency: int
    latency_milliseconds: float
    latency_applications: int
    idle_seconds: float
    attempts: int


def progress(line: str) -> None:
    """Say on stderr what is going on."""
    click.echo(f"{time.monotonic() - _BEGAN:7.1f} s  {line} …", err=True)


def run(part: str, options: Options) -> Results:
    """One part, or `all`."""
    results = Results(machine=machine())
    chosen = PARTS if part == "all" else (part,)
    if {"first-sync", "idle", "drift", "push"} & set(chosen):
        for count in options.applications:
            _fleet(count, results, chosen, options, largest=count == max(options.applications))
    if "workers" in chosen:
        results.workers = scenarios.workers_under_latency(
            options.latency_applications, options.workers, options.latency_milliseconds / 1000, progress
        )
    if "up" in chosen:
        progress("moor up, cold and warm")
        results.start = scenarios.start()
    return results


def _fleet(count: int, results: Results, chosen: tuple[str, ...], options: Options, *, largest: bool) -> None:
    if not largest and "first-sync" not in chosen:
        return
    progress(f"the floor for {count} applications")
    below = floor(count)
    progress(f"Moorings for {count} applications")
    with stage(applications=count, concurrency=options.concurrency) as made:
        synced = scenarios.first_sync(made, below)
        if "first-sync" in chosen:
            results.first_sync.append(synced)
        if largest:
            _quiet_fleet(made, results, chosen, options)


def _quiet_fleet(made: Stage, results: Results, chosen: tuple[str, ...], options: Options) -> None:
    """What is asked of a fleet that is synced."""
    if {"idle", "drift", "push"} & set(chosen):
        progress("letting it settle")
        time.sleep(min(15.0, options.idle_seconds))
    if "idle" in chosen:
        progress(f"idle for {options.idle_seconds:.0f} s")
        results.idle = scenarios.idle(made, options.idle_seconds)
    if "drift" in chosen:
        progress(f"{options.attempts} changes by hand")
        results.healing = scenarios.healing(made, options.attempts)
    if "push" in chosen:
        progress(f"{options.attempts} pushes")
        results.push = scenarios.push(made, options.attempts)


@contextlib.contextmanager
def _errors_as_sentences() -> Iterator[None]:
    try:
        yield
    except (ChildFailed, RequestFailed, TimeoutError) as error:
        raise click.ClickException(str(error)) from error


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("part", type=click.Choice(["all", *PARTS]), default="all")
@click.option("--applications", type=click.IntRange(1), multiple=True, default=(200, 1000), help="How many.")
@click.option(
    "--workers", type=click.IntRange(1, 32), multiple=True, default=(1, 2, 4), help="Worker processes."
)
@click.option("--concurrency", type=click.IntRange(1, 1000), default=8, help="Threads of each worker.")
@click.option("--latency", "latency_milliseconds", default=50.0, help="Milliseconds, for `workers`.")
@click.option("--latency-applications", default=100, help="How many, for `workers`.")
@click.option("--idle-seconds", default=60.0, help="How long to watch a quiet fleet.")
@click.option("--attempts", default=20, help="Changes by hand, and pushes.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
@click.option("--write", type=click.Path(dir_okay=False, path_type=Path), help="Write the page here too.")
def main(part: str, output: str, write: Path | None, **given: object) -> None:
    """Measure Moorings beside its limits, in one run: real processes, one API server, ratios."""
    with _errors_as_sentences():
        results = run(part, convert(given, Options))
    page = markdown(results)
    if write is not None:
        write.parent.mkdir(parents=True, exist_ok=True)
        write.write_text(page)
    click.echo(msgspec.json.encode(results).decode() if output == "json" else page)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
