"""Around every task: its context, its metrics, its failure, the worker's memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import structlog
from celery.worker import state

from common import logging, metrics
from common.core.errors import ClusterUnreachable, LeaseLost
from workers import signals


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    """No context and no shutdown stays."""
    yield
    logging.clear()
    state.should_stop = None


def task(**headers: object) -> SimpleNamespace:
    """A task as signals give it."""
    return SimpleNamespace(name="moorings.diff", request=SimpleNamespace(id="m1", **headers))


def sample(name: str, **labels: str) -> float:
    """A metric's value now."""
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


def test_context_is_bound_and_cleared() -> None:
    """What the last task left is gone, and what this one leaves is too."""
    logging.bind(app="of/another")
    signals.before_task(task(trace_id="t1"), ["app:argocd/shop", 4])
    assert structlog.contextvars.get_contextvars() == {
        "task": "diff",
        "item": "app:argocd/shop",
        "trace_id": "t1",
    }
    signals.after_task(task(), state="SUCCESS")
    assert structlog.contextvars.get_contextvars() == {}


def test_message_without_our_headers() -> None:
    """One sent by hand has no trace and no time: its own id is its trace."""
    signals.before_task(task(), [])
    assert structlog.contextvars.get_contextvars()["trace_id"] == "m1"
    signals.after_task(task(), state="SUCCESS")


def test_time_in_queue_is_measured() -> None:
    """From the sender's clock to ours, never negative."""
    name = "moorings_task_queued_seconds"
    count, total = (sample(f"{name}_{part}", task="moorings.diff") for part in ("count", "sum"))
    for sent_at in (time.time() - 2, time.time() + 60):
        signals.before_task(task(sent_at=sent_at), ["app:a/b", 4])
        signals.after_task(task(), state="SUCCESS")
    assert sample(f"{name}_count", task="moorings.diff") == count + 2
    assert sample(f"{name}_sum", task="moorings.diff") == pytest.approx(total + 2, abs=0.5)


@pytest.mark.parametrize(
    ("state_name", "result", "expected"),
    [
        ("SUCCESS", None, "ok"),
        ("FAILURE", ClusterUnreachable("away"), "retryable"),
        ("FAILURE", LeaseLost("gone"), "error"),
        ("FAILURE", ValueError("bug"), "error"),
    ],
)
def test_outcome_is_a_matter_of_type(state_name: str, result: object, expected: str) -> None:
    """What may be retried is told apart from what is broken."""
    labels = {"task": "moorings.diff", "outcome": expected}
    before = sample("moorings_tasks_total", **labels)
    signals.before_task(task(), ["app:a/b", 4])
    signals.after_task(task(), state=state_name, retval=result)
    assert sample("moorings_tasks_total", **labels) == before + 1
    assert sample("moorings_tasks_running") == 0


@pytest.mark.parametrize(
    ("error", "level"), [(ClusterUnreachable("away"), "warning"), (ValueError("bug"), "error")]
)
def test_failure_is_logged(error: Exception, level: str) -> None:
    """Once, as loud as it deserves."""
    with structlog.testing.capture_logs() as logs:
        signals.failed_task(error)
    assert [(line["event"], line["log_level"], line["error_type"]) for line in logs] == [
        ("task_failed", level, type(error).__name__)
    ]


def test_memory_limit_stops_warm() -> None:
    """Over the limit the worker stops taking tasks; it is looked at every few seconds at most."""
    watcher = signals.MemoryWatcher(1)
    watcher.after_task()
    assert state.should_stop == 0
    state.should_stop = None
    watcher.after_task()
    assert state.should_stop is None


@pytest.mark.parametrize("limit", [None, 2**50])
def test_memory_within_the_limit(limit: int | None) -> None:
    """No limit, or one that is far away."""
    signals.MemoryWatcher(limit).after_task()
    assert state.should_stop is None
