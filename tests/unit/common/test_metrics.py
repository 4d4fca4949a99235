"""Metrics are declared with units, keyed by nothing unbounded, and served."""

from __future__ import annotations

import re
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from common import metrics
from common.core.errors import StoreUnavailable

OURS = {
    name: value for name, value in vars(metrics).items() if isinstance(value, Counter | Gauge | Histogram)
}


@pytest.mark.parametrize("name", sorted(OURS))
def test_each_metric_has_prefix_help_and_unit(name: str) -> None:
    """Histograms are in seconds; each says what it counts; none is keyed by application."""
    (family,) = OURS[name].collect()
    assert family.name.startswith("moorings_")
    assert len(family.documentation) > 10
    assert not {"application", "app", "name"} & set(OURS[name]._labelnames)
    if isinstance(OURS[name], Histogram):
        assert family.name.endswith("_seconds")


def test_sync_latency_is_three_intervals() -> None:
    """Commit to detected, to applied, to healthy, by cluster and project."""
    for metric in (metrics.SYNC_DETECTED, metrics.SYNC_APPLIED, metrics.SYNC_HEALTHY):
        assert metric._labelnames == ("cluster", "project")


def test_depths_are_asked_when_scraped() -> None:
    """One gauge by state; a store that is away leaves a gap, and the scrape goes on."""
    registry = CollectorRegistry()
    answers: list[dict[str, int]] = [{"due": 3, "leased": 1}]

    def depth() -> dict[str, int]:
        if not answers:
            raise StoreUnavailable("away")
        return answers.pop()

    registry.register(metrics.DepthCollector(depth))
    first, second = generate_latest(registry).decode(), generate_latest(registry).decode()
    assert 'moorings_queue_items{state="due"} 3.0' in first
    assert not re.search(r"^moorings_queue_items", second, re.MULTILINE)


def test_served_over_http() -> None:
    """On the port that was free, until closed."""
    server = metrics.MetricsServer("127.0.0.1", 0)
    try:
        with urllib.request.urlopen(server.url) as answer:
            text = answer.read().decode()
    finally:
        server.close()
    assert "moorings_tasks_running 0.0" in text
    assert "process_resident_memory_bytes" in text
