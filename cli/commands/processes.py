"""The parts that `moor up` and the chart start: each with its settings from the environment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import click
import orjson

if TYPE_CHECKING:
    from common.settings import Settings
    from common.wiring import Engine

READY_LINE = "MOORINGS_READY_LINE"
"""Set to 1: a line of JSON on stdout says that the part is ready, for whoever supervises it."""


def _settings() -> Settings:
    """Settings and logging.

    Raises:
        ClickException: a variable is wrong.
    """
    from common import logging
    from common.core.errors import InvalidInput
    from common.settings import Settings

    try:
        settings = Settings.from_environment()
    except InvalidInput as error:
        raise click.ClickException(str(error)) from error
    logging.configure(
        level=settings.observe.log_level, log_format=settings.observe.log_format, stream=sys.stderr
    )
    return settings


def say_ready(**said: str) -> None:
    """Tell the supervisor, if there is one."""
    if os.environ.get(READY_LINE) == "1":
        sys.stdout.write(orjson.dumps(said).decode() + "\n")
        sys.stdout.flush()


@contextlib.contextmanager
def _errors_as_sentences() -> Iterator[None]:
    """What we raise on purpose ends a part with one sentence, and exit code 1."""
    from common.core.errors import MooringsError

    try:
        yield
    except MooringsError as error:
        raise click.ClickException(str(error)) from error


@click.command()
def worker() -> None:
    """Run a worker: a pool of threads that takes steps of applications."""
    settings = _settings()
    with _errors_as_sentences():
        from workers.run import run

        sys.exit(run(settings, ready=lambda url: say_ready(metrics_url=url)))


@click.command()
def beat() -> None:
    """Run a beat. Any number of them share the work."""
    settings = _settings()
    with _errors_as_sentences():
        from scheduler.run import run

        sys.exit(run(settings, ready=lambda url: say_ready(metrics_url=url)))


@click.command()
def watch() -> None:
    """Run watchers. Any number of processes share the clusters."""
    _serve_parts(_settings(), beats=False, watches=True, serves=False)


@click.command()
def server() -> None:
    """Run the server: REST, webhooks, events and pages."""
    _serve_parts(_settings(), beats=False, watches=False, serves=True)


@click.command()
def control() -> None:
    """Run beat, watchers and server in one process."""
    _serve_parts(_settings(), beats=True, watches=True, serves=True)


def _serve_parts(settings: Settings, *, beats: bool, watches: bool, serves: bool) -> None:
    with _errors_as_sentences():
        from common.wiring import engine

        made = engine()
        with _metrics(settings, made) as metrics_url:
            asyncio.run(_run(made, metrics_url, beats=beats, watches=watches, serves=serves))
        made.close()


@contextlib.contextmanager
def _metrics(settings: Settings, engine: Engine) -> Iterator[str]:
    """Serve this process's metrics while the context is open; their address, or nothing."""
    from common import metrics
    from common.operations.count import count

    if settings.observe.metrics_port is None:
        yield ""
        return
    metrics.REGISTRY.register(metrics.DepthCollector(engine.due.depth))
    metrics.REGISTRY.register(metrics.FleetCollector(lambda: count(engine.applications)))
    try:
        serving = metrics.MetricsServer(settings.observe.metrics_host, settings.observe.metrics_port)
    except OSError as error:
        raise click.ClickException(
            f"MOORINGS_METRICS_PORT: port {settings.observe.metrics_port} cannot be used: {error.strerror}"
        ) from error
    try:
        yield serving.url
    finally:
        serving.close()


async def _run(engine: Engine, metrics_url: str, *, beats: bool, watches: bool, serves: bool) -> None:
    """All of them until a signal, or until one ends."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    url: asyncio.Future[str] = loop.create_future()
    parts: list[Coroutine[Any, Any, None]] = []
    if beats:
        parts.append(_beat(engine, stop))
    if watches:
        parts.append(_watch(engine, stop))
    if serves:
        from server.run import serve

        parts.append(serve(engine, ready=url.set_result, stop=stop))
    else:
        url.set_result("")
    running = [asyncio.create_task(part) for part in parts]
    ready = asyncio.create_task(_say_ready(url, metrics_url))
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        ready.cancel()
    outcomes = await asyncio.gather(*running, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    del done


async def _say_ready(url: asyncio.Future[str], metrics_url: str) -> None:
    say_ready(url=await url, metrics_url=metrics_url)


async def _watch(engine: Engine, stop: asyncio.Event) -> None:
    from scheduler.watch.engine_parts import engine_parts
    from scheduler.watch.run import watch as run

    parts = await asyncio.to_thread(engine_parts, engine)
    await run(parts, stop=stop)


async def _beat(engine: Engine, stop: asyncio.Event) -> None:
    """The beat blocks, so it has a thread; its end ends the process, and the process's end ends it."""
    from scheduler.run import make_beat

    beating = await asyncio.to_thread(make_beat, engine)
    ended = asyncio.Event()
    thread = _in_thread(beating.run, asyncio.get_running_loop(), ended)
    waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(ended.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.to_thread(beating.stop)
    await asyncio.to_thread(thread.join)


def _in_thread(
    run: Callable[[], object], loop: asyncio.AbstractEventLoop, ended: asyncio.Event
) -> threading.Thread:
    def body() -> None:
        try:
            run()
        finally:
            loop.call_soon_threadsafe(ended.set)

    thread = threading.Thread(target=body, name="beat", daemon=True)
    thread.start()
    return thread
