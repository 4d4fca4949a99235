"""Worker processes: they run what is rung, end warm, and what a killed one held is taken up by another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
import redis
from celery import Celery

from common.adapters.queue import CeleryTaskQueue, Routes, list_key
from common.adapters.redis.connection import connect
from common.adapters.redis.due import RedisDueSet
from common.adapters.valkey import EmbeddedValkey
from common.core.keys import ClusterId
from common.ports import Item, Kind
from scheduler.service import Beat
from tests.redis_fixtures import valkey, valkey_server, valkey_url  # noqa: F401

ROOT = Path(__file__).parents[2]
EAST = ClusterId("https://east:6443")


class Worker:
    """One worker process."""

    def __init__(self, url: str, log: Path, **environment: str) -> None:
        given = {"MOORINGS_REDIS_URL": url, "MOORINGS_METRICS_PORT": "0", "MOORINGS_LEASE_SECONDS": "1.5"}
        self.log = log
        self._out = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.worker_process"],
            cwd=ROOT,
            env={**os.environ, **given, **environment},
            stdout=subprocess.PIPE,
            stderr=self._out,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready"), log.read_text()
        self.metrics_url = line.split()[1]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Signal it, and its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(30)
        self.close()
        return code

    def close(self) -> None:
        """Nothing is left of it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._out.close()


Start = Callable[..., Worker]


@pytest.fixture
def start(valkey_url: str, tmp_path: Path) -> Iterator[Start]:  # noqa: F811
    """Starts workers; ends those that the test left."""
    workers: list[Worker] = []

    def begin(**environment: str) -> Worker:
        workers.append(Worker(valkey_url, tmp_path / f"worker-{len(workers)}.log", **environment))
        return workers[-1]

    yield begin
    for worker in workers:
        worker.close()


class Bench:
    """The sending side."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self.due = RedisDueSet(client)
        self.queue = CeleryTaskQueue(client, Routes(4), cluster_of=lambda _item: EAST)

    def request(self, name: str, kinds: Kind = Kind.DIFF) -> Item:
        """Make due and ring."""
        item = Item("app", f"argocd/{name}")
        if self.due.request(item, kinds):
            self.queue.ring(item, kinds)
        return item

    def tick(self) -> None:
        """What a beat does."""
        for item, kinds in self.due.tick()[0]:
            self.queue.ring(item, kinds)

    def until(self, key: str, count: int, *, seconds: float = 15, tick: bool = False) -> list[str]:
        """Wait for so many notes."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [note.decode() for note in self.client.lrange(key, 0, -1)]
            if len(found) >= count:
                return found
            if tick:
                self.tick()
            time.sleep(0.02)
        raise AssertionError(f"{key} has {found}, expected {count}")


@pytest.fixture
def bench(valkey: redis.Redis) -> Bench:  # noqa: F811
    """On an empty Redis."""
    return Bench(valkey)


def test_kombu_reads_our_list() -> None:
    """The list that we push to is the one that kombu's consumer takes from, for our priority."""
    from kombu.transport.redis import Channel

    class Bare(Channel):  # type: ignore[misc]
        def __init__(self) -> None:
            self.priority_steps = [0, 5]

        def __del__(self) -> None:
            """Nothing was opened."""

    assert Bare()._q_for_pri("diff-1", 5) == list_key("diff-1")


def scraped(worker: Worker) -> set[str]:
    """The lines of its /metrics."""
    with urllib.request.urlopen(worker.metrics_url) as answer:
        return set(answer.read().decode().splitlines())


def test_runs_every_task_with_its_context(start: Start, bench: Bench) -> None:
    """Fetch, render, diff and apply reach the engine, bound to the item and the trace of who asked."""
    worker = start()
    kinds = [Kind.FETCH, Kind.RENDER, Kind.DIFF, Kind.APPLY]
    for number, kind in enumerate(kinds):
        bench.request(f"app-{number}", kind)
    done = bench.until("t:done", 4)
    assert sorted(done) == [f"app:argocd/app-{n} {int(kind)}" for n, kind in enumerate(kinds)]
    context = bench.client.hgetall("t:context")
    assert context[b"item"].startswith(b"app:argocd/app-")
    assert len(context[b"trace_id"]) == 16
    wanted = {
        f'moorings_tasks_total{{outcome="ok",task="moorings.{task}"}} 1.0'
        for task in ("fetch", "render", "diff", "apply")
    } | {'moorings_task_queued_seconds_count{task="moorings.apply"} 1.0'}
    deadline = time.monotonic() + 5
    while not wanted <= scraped(worker) and time.monotonic() < deadline:
        time.sleep(0.02)  # a task is counted after its last note
    assert wanted <= scraped(worker)
    assert worker.end() == 0


def test_failure_is_logged_once_without_secrets(start: Start, bench: Bench) -> None:
    """And counted; the worker goes on."""
    worker = start()
    bench.request("broken")
    bench.until("t:began", 1)
    bench.request("fine")
    bench.until("t:done", 1)
    assert worker.end() == 0
    text = worker.log.read_text()
    assert "hunter2" not in text
    failed = [line for line in map(orjson.loads, text.splitlines()) if line["event"] == "task_failed"]
    assert [line["item"] for line in failed] == ["app:argocd/broken"]


def test_sigterm_lets_running_tasks_end(start: Start, bench: Bench) -> None:
    """Warm: the task that runs is finished, nothing is left leased, the exit code is 0."""
    worker = start(STEP_SECONDS="1.0")
    bench.request("shop")
    bench.until("t:began", 1)
    assert worker.end() == 0
    assert bench.until("t:done", 1) == ["app:argocd/shop 4"]
    assert bench.due.depth() == {"due": 0, "scheduled": 0, "leased": 0}


def test_grace_ends_and_work_is_given_back(start: Start, bench: Bench) -> None:
    """A task longer than the grace is left undone, due again at once with its kinds."""
    worker = start(STEP_SECONDS="60", MOORINGS_GRACE_SECONDS="0.3")
    item = bench.request("shop", Kind.RENDER)
    bench.until("t:began", 1)
    began = time.monotonic()
    assert worker.end() == 1
    assert time.monotonic() - began < 5
    claim = bench.due.claim(item, lease_seconds=5)
    assert claim is not None
    assert claim.kinds == Kind.RENDER


def test_killed_worker_is_followed_by_another(start: Start, bench: Bench) -> None:
    """kill -9 in the middle of a step: within two leases another has done it, with the same kinds."""
    first = start(SLOW_SECONDS="60")
    bench.request("slow", Kind.APPLY)
    bench.until("t:began", 1)
    second = start()
    first.end(signal.SIGKILL)
    killed = time.monotonic()
    assert bench.until("t:done", 1, tick=True) == ["app:argocd/slow 8"]
    assert time.monotonic() - killed < 3
    assert second.end() == 0


def test_long_step_keeps_its_lease(start: Start, bench: Bench) -> None:
    """A step of twice the lease runs once: the heartbeat renews."""
    start(STEP_SECONDS="3.2")
    start(STEP_SECONDS="3.2")
    bench.request("shop")
    bench.until("t:done", 1, tick=True)
    assert len(bench.until("t:began", 1)) == 1


def test_flush_in_the_middle(start: Start, bench: Bench) -> None:
    """FLUSHALL while work is queued and running: what is requested anew is done."""
    start(STEP_SECONDS="0.05")
    for number in range(20):
        bench.request(f"app-{number}")
    bench.until("t:began", 3)
    bench.client.flushall()
    assert bench.due.ensure_epoch()
    for number in range(20):
        bench.request(f"app-{number}")
    bench.due.keep_epoch()
    done = bench.until("t:done", 20, tick=True)
    assert {note.split()[0] for note in done} == {f"app:argocd/app-{n}" for n in range(20)}


def test_over_its_memory_limit_ends_warm(start: Start, bench: Bench) -> None:
    """Exit code 0 after the task: whoever supervises it starts another."""
    worker = start(MOORINGS_WORKER_MEMORY_BYTES="100000000", BALLAST_BYTES="150000000")
    bench.request("shop")
    assert worker.process.wait(20) == 0
    assert bench.until("t:done", 1) == ["app:argocd/shop 4"]
    assert "worker_over_memory_limit" in worker.log.read_text()


class Home:
    """What a beat asks to list everything: one application."""

    def __init__(self, due: RedisDueSet) -> None:
        self.due = due
        self.listed = 0

    def relist(self) -> None:
        """Make it due."""
        self.listed += 1
        self.due.request(Item("app", "argocd/listed"), Kind.DIFF, delay_seconds=0.1)


@contextmanager
def beating(bench: Bench) -> Iterator[Home]:
    """A beat on a thread, as `moor control` runs it; it ends at once when it is told to."""
    home = Home(bench.due)
    bell = bench.due.doorbell()
    beat = Beat(Celery(set_as_current=False), due=bench.due, queue=bench.queue, bell=bell, relister=home)
    thread = threading.Thread(target=beat.run)
    thread.start()
    try:
        yield home
    finally:
        stopping = time.monotonic()
        beat.stop()
        thread.join(10)
        assert time.monotonic() - stopping < 2


def test_redis_restart(tmp_path: Path) -> None:
    """Redis dies and comes back empty under a worker and a beat: the beat has everything listed once, and
    the worker does it, with nobody's help.
    """
    server = EmbeddedValkey(tmp_path / "valkey")
    server.start()
    client = connect(server.url)
    bench = Bench(client)
    worker = Worker(server.url, tmp_path / "worker.log")
    try:
        with beating(bench) as home:
            assert bench.until("t:done", 1) == ["app:argocd/listed 4"]
            server.kill()
            bench.queue.ring(Item("app", "argocd/lost"), Kind.DIFF)
            time.sleep(0.5)
            server.start()
            began = time.monotonic()
            assert bench.until("t:done", 1) == ["app:argocd/listed 4"]
            assert time.monotonic() - began < 8
            assert home.listed == 2
        assert worker.end() == 0
    finally:
        worker.close()
        client.close()
        server.stop()


def test_beats_share_the_work(start: Start, bench: Bench) -> None:
    """Two beats on an empty Redis: one lists, and nothing is run twice."""
    start()
    with beating(bench) as one, beating(bench) as two:
        bench.until("t:done", 1)
        time.sleep(0.3)
        assert one.listed + two.listed == 1
        assert bench.until("t:began", 1) == bench.until("t:began", 1)[:1]


def test_beat_rings_on_time(start: Start, bench: Bench) -> None:
    """Something due in 0.3 s while the beat sleeps for longer is run within a moment of its time."""
    start()
    with beating(bench):
        bench.until("t:done", 1)
        asked = time.monotonic()
        bench.due.request(Item("app", "argocd/later"), Kind.DIFF, delay_seconds=0.3)
        bench.until("t:done", 2)
        assert 0.29 <= time.monotonic() - asked < 1.0
