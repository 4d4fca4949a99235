"""The numbers of a fleet."""

from __future__ import annotations

from common.adapters.memory.applications import MemoryApplications
from common.core.keys import Object
from common.metrics import FleetCollector, FleetCounts
from common.operations.count import count


def _app(app: str, sync: str, health: str, rows: list[str], **destination: str) -> Object:
    return {
        "metadata": {"name": app, "namespace": "argocd", "resourceVersion": "1"},
        "spec": {"destination": destination},
        "status": {
            "sync": {"status": sync},
            "health": {"status": health},
            "resources": [{"kind": "ConfigMap", "status": row} for row in rows],
        },
    }


def test_applications_are_counted_by_status_and_objects_by_place() -> None:
    """An application that nobody has looked at yet is Unknown; synced objects are no drift."""
    store = MemoryApplications(lambda _app: ())
    store.put(_app("a", "Synced", "Healthy", ["Synced"], name="east"))
    store.put(_app("b", "OutOfSync", "Healthy", ["OutOfSync", "OutOfSync", "Synced"], name="east"))
    store.put({"metadata": {"name": "c", "namespace": "argocd", "resourceVersion": "1"}, "spec": {}})
    found = count(store)
    assert found.applications == {
        ("Synced", "Healthy"): 1,
        ("OutOfSync", "Healthy"): 1,
        ("Unknown", "Unknown"): 1,
    }
    assert found.drifted == {("east", "default"): 2, ("", "default"): 0}


def test_a_scrape_shows_both_gauges() -> None:
    """Labels in a fixed order."""
    counts = FleetCounts(applications={("Synced", "Healthy"): 3}, drifted={("east", "default"): 2})
    applications, drifted = FleetCollector(lambda: counts).collect()
    assert [(one.labels, one.value) for one in applications.samples] == [
        ({"sync_status": "Synced", "health_status": "Healthy"}, 3)
    ]
    assert [(one.labels, one.value) for one in drifted.samples] == [
        ({"cluster": "east", "project": "default"}, 2)
    ]


def test_a_scrape_without_the_store_shows_a_gap() -> None:
    """Zero applications would be a lie."""

    def fails() -> FleetCounts:
        raise ConnectionError

    assert [list(family.samples) for family in FleetCollector(fails).collect()] == [[], []]
