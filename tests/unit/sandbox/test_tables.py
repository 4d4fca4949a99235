"""Tables: built-in columns, a definition's columns, what rows hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from sandbox.columns import COLUMNS
from sandbox.resources import PrinterColumn, Resource
from sandbox.state import ClusterState
from sandbox.store import Entry
from sandbox.tables import TableForm, table

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
META = {"name": "a", "namespace": "n", "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z"}


def cells(group: str, kind: str, **fields: Any) -> dict[str, Any]:
    """Column → cell, by the built-in columns."""
    obj = {"kind": kind, "metadata": META, **fields}
    return {column.name: column.cell(obj, NOW) for column in COLUMNS[(group, kind)]}


def test_a_pod_shows_the_reason_that_matters() -> None:
    """A waiting container's reason wins over the phase; deletion over both."""
    waiting = {"ready": False, "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    status = {"phase": "Running", "containerStatuses": [waiting]}
    shown = cells("", "Pod", spec={"containers": [{}, {}]}, status=status)
    assert (shown["Ready"], shown["Status"], shown["Restarts"]) == ("0/2", "CrashLoopBackOff", "3")
    assert (shown["Age"], shown["Node"]) == ("5m", "<none>")


@pytest.mark.parametrize(
    ("spec", "status", "address", "ports"),
    [
        ({"type": "ClusterIP", "ports": [{"port": 80, "protocol": "TCP"}]}, {}, "<none>", "80/TCP"),
        ({"type": "LoadBalancer"}, {}, "<pending>", "<none>"),
        ({"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}, "1.2.3.4", "<none>"),
        ({"ports": [{"port": 80, "nodePort": 30000, "protocol": "TCP"}]}, {}, "<none>", "80:30000/TCP"),
        ({"type": "ExternalName", "externalName": "x.dev"}, {}, "x.dev", "<none>"),
    ],
)  # fmt: skip
def test_a_service(spec: dict[str, Any], status: dict[str, Any], address: str, ports: str) -> None:
    """Addresses and ports by type."""
    shown = cells("", "Service", spec=spec, status=status)
    assert (shown["External-IP"], shown["Port(s)"]) == (address, ports)


def test_a_job_shows_its_end_and_how_long_it_took() -> None:
    """Until the end, how long it has been running."""
    status: dict[str, Any] = {"startTime": "2026-01-01T00:00:00Z"}
    shown = cells("batch", "Job", spec={"completions": 1}, status=status)
    assert (shown["Status"], shown["Completions"], shown["Duration"]) == ("Running", "0/1", "5m")
    status |= {"completionTime": "2026-01-01T00:00:09Z", "succeeded": 1}
    status["conditions"] = [{"type": "Complete", "status": "True"}]
    shown = cells("batch", "Job", spec={"completions": 1}, status=status)
    assert (shown["Status"], shown["Completions"], shown["Duration"]) == ("Complete", "1/1", "9s")


def test_every_column_bears_an_empty_object() -> None:
    """A table never fails for want of a field."""
    for group, kind in COLUMNS:
        assert cells(group, kind)


def custom(**fields: Any) -> list[Any]:
    """The cells of a custom resource with some columns, after its name."""
    resource = Resource(
        group="sea.dev",
        version="v1",
        kind="Boat",
        plural="boats",
        custom=True,
        columns=(
            PrinterColumn("Size", "integer", ".spec.size"),
            PrinterColumn("Fast", "boolean", ".spec.fast"),
            PrinterColumn("Crew", "string", ".spec.crew"),
            PrinterColumn("Built", "date", ".spec.built"),
            PrinterColumn("Odd", "string", ".spec[["),
        ),
    )
    obj = {"apiVersion": "sea.dev/v1", "kind": "Boat", "metadata": META, "spec": fields}
    entry = Entry(resource.storage, ("n", "a"), orjson.dumps(obj), obj)
    shown = table(ClusterState("c", now=lambda: NOW), resource, [entry], TableForm(), "7")
    assert [c["name"] for c in shown["columnDefinitions"]] == ["Name", "Size", "Fast", "Crew", "Built", "Odd"]
    assert shown["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    row: list[Any] = shown["rows"][0]["cells"]
    return row[1:]


def test_custom_columns_by_type() -> None:
    """Values of another type are left out, structures are shown as JSON, dates as ages."""
    built = "2026-01-01T00:00:00Z"
    assert custom(size=3, fast=True, crew=["ann"], built=built) == [3, True, '["ann"]', "5m", None]
    assert custom(size="3", fast="yes") == [None, None, None, None, None]
