"""Every metric, declared once, with its unit in its name. Each process serves its own on its own port.

Nothing here is keyed by application: a fleet has thousands, and a series costs memory in every scrape.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SLOW = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


def _histogram(name: str, meaning: str, labels: Iterable[str], buckets: tuple[float, ...]) -> Histogram:
    return Histogram(name, meaning, tuple(labels), buckets=buckets, registry=REGISTRY)


def _counter(name: str, meaning: str, labels: Iterable[str] = ()) -> Counter:
    return Counter(name, meaning, tuple(labels), registry=REGISTRY)


def _gauge(name: str, meaning: str, labels: Iterable[str] = ()) -> Gauge:
    return Gauge(name, meaning, tuple(labels), registry=REGISTRY)


# From commit to healthy: three intervals, each ending where the next begins

SYNC_DETECTED = _histogram(
    "moorings_sync_commit_to_detected_seconds",
    "From a commit's time until its ref was seen to have moved there",
    ("cluster", "project"),
    _SLOW,
)
SYNC_APPLIED = _histogram(
    "moorings_sync_detected_to_applied_seconds",
    "From the ref's move being seen until an application's last object was applied",
    ("cluster", "project"),
    _SLOW,
)
SYNC_HEALTHY = _histogram(
    "moorings_sync_applied_to_healthy_seconds",
    "From an application's last object being applied until all of them were healthy",
    ("cluster", "project"),
    _SLOW,
)

# Applications

STATUS_WRITES = _counter("moorings_status_writes_total", "Writes of an Application's status")
STATUS_CONFLICTS = _counter(
    "moorings_status_conflicts_total", "Writes of an Application that another writer had overtaken"
)
SYNCS = _counter(
    "moorings_syncs_total", "Operations that ended, by their phase", ("phase", "cluster", "project")
)

# Tasks

TASKS = _counter(
    "moorings_tasks_total", "Tasks that ended, by outcome: ok, error, retryable", ("task", "outcome")
)
TASK_SECONDS = _histogram("moorings_task_duration_seconds", "How long a task ran", ("task",), _QUICK)
TASK_QUEUED_SECONDS = _histogram(
    "moorings_task_queued_seconds", "From a message being sent until its task began", ("task",), _QUICK
)
TASKS_RUNNING = _gauge("moorings_tasks_running", "Tasks that run now in this process")
LEASES_LOST = _counter("moorings_leases_lost_total", "Leases that another process took before we were done")
RINGS = _counter("moorings_rings_total", "Messages sent to make a worker look at an item", ("task",))

# The outside

GIT_SECONDS = _histogram(
    "moorings_git_request_duration_seconds", "Requests to Git servers", ("operation", "outcome"), _QUICK
)
RENDER_SECONDS = _histogram(
    "moorings_render_duration_seconds", "Renders that no cache had", ("renderer", "outcome"), _QUICK
)
KUBERNETES_SECONDS = _histogram(
    "moorings_kubernetes_request_duration_seconds",
    "Requests to API servers, by HTTP status or `error` for none",
    ("cluster", "verb", "status"),
    _QUICK,
)
CACHE = _counter(
    "moorings_cache_requests_total", "Look-ups in a cache, by outcome: hit, miss", ("cache", "outcome")
)

# Watches

WATCH_EVENTS = _counter("moorings_watch_events_total", "Watch events taken in", ("cluster", "type"))
WATCH_LAG = _histogram(
    "moorings_watch_lag_seconds",
    "From a change's managedFields time (whole seconds) until its event was in the snapshot",
    ("cluster",),
    _SLOW,
)
WATCHES = _gauge("moorings_watches", "Kinds watched now by this process", ("cluster",))
WATCH_RESTARTS = _counter(
    "moorings_watch_restarts_total", "Lists begun anew, by reason", ("cluster", "reason")
)

# The scheduler

SCHEDULER_LATENESS = _histogram(
    "moorings_scheduler_lateness_seconds", "How long past its due time an item was claimed", ("sort",), _QUICK
)
SCHEDULER_TICKS = _counter("moorings_scheduler_ticks_total", "Looks at the due set, by outcome", ("outcome",))
EPOCHS = _counter("moorings_epochs_total", "Times that Redis was found empty and everything was listed")


class FleetCounts(NamedTuple):
    """How many there are; the keys are label values."""

    applications: Mapping[tuple[str, str], int]
    """By sync status and health."""
    drifted: Mapping[tuple[str, str], int]
    """Objects that differ from Git, by cluster and project."""


class FleetCollector(Collector):
    """Counts applications and drifted objects when it is scraped, so that an idle fleet costs nothing.

    Every process that serves it gives the same numbers: take the maximum over instances, not the sum.
    """

    def __init__(self, count: Callable[[], FleetCounts]) -> None:
        self._count = count

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Two gauges; none when the store cannot be asked (a gap is truer than a zero)."""
        applications = GaugeMetricFamily(
            "moorings_applications",
            "Applications by sync status and health",
            labels=("sync_status", "health_status"),
        )
        drifted = GaugeMetricFamily(
            "moorings_drifted_objects",
            "Objects that differ from what Git says",
            labels=("cluster", "project"),
        )
        try:
            counts = self._count()
        except Exception:  # noqa: BLE001 - a scrape must not fail with the store
            return [applications, drifted]
        for family, values in ((applications, counts.applications), (drifted, counts.drifted)):
            for labels in sorted(values):
                family.add_metric(labels, values[labels])
        return [applications, drifted]


class DepthCollector(Collector):
    """Asks for depths when it is scraped, so that an idle process asks nothing."""

    def __init__(self, depth: Callable[[], Mapping[str, int]]) -> None:
        self._depth = depth

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One gauge by state; none when the store cannot be asked (a gap is truer than a zero)."""
        family = GaugeMetricFamily("moorings_queue_items", "Items of the due set by state", labels=("state",))
        try:
            depths = self._depth()
        except Exception:  # noqa: BLE001 - a scrape must not fail with the store
            return [family]
        for state in sorted(depths):
            family.add_metric((state,), depths[state])
        return [family]

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Known without asking."""
        return [GaugeMetricFamily("moorings_queue_items", "Items of the due set by state", labels=("state",))]


class MetricsServer:
    """/metrics of this process, on a thread of its own."""

    def __init__(self, host: str, port: int) -> None:
        """Raises OSError when the port is in use."""
        self._server: WSGIServer
        self._thread: threading.Thread
        self._server, self._thread = start_http_server(port, addr=host, registry=REGISTRY)
        self.url = f"http://{host}:{self._server.server_port}/metrics"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
