"""The floor: what the API server takes when nobody thinks.

A bare loop, eight at once: create the Application, apply its four objects server-side, write its status
twice, each status as large as ours. No rendering, no comparing, no watching, no queue.
"""

from __future__ import annotations

import contextlib
import time

import orjson

from benchmarks.client import TightClient, eight_at_once, path_of, set_latency
from benchmarks.stage import Api, api, applications_path
from benchmarks.workload import Object, app_name, application, namespace_of, objects
from common.core.keys import IN_CLUSTER

_REVISION = "0" * 40
_NOW = "2026-01-01T00:00:00Z"
_URL = "http://127.0.0.1:8000/fleet.git"


def floor(applications: int, *, latency_seconds: float = 0.0) -> float:
    """The seconds it takes on a fresh API."""
    with api() as made:
        return _measured(made, applications, latency_seconds)


def _measured(made: Api, applications: int, latency_seconds: float) -> float:
    if latency_seconds:
        with contextlib.closing(made.client()) as client:
            set_latency(client, latency_seconds)
    began = time.perf_counter()
    eight_at_once(made.target, applications, _one)
    return time.perf_counter() - began


def _one(client: TightClient, number: int) -> None:
    app = application(number, _URL)
    client.request("POST", applications_path(), app)
    for obj in objects(number):
        wanted = {
            **obj,
            "metadata": {
                **obj["metadata"],
                "namespace": namespace_of(number),
                "annotations": {"argocd.argoproj.io/tracking-id": _tracking_id(obj, number)},
            },
        }
        path = f"{path_of(wanted)}?fieldManager=floor&force=true"
        orjson.loads(client.request("PATCH", path, wanted, "apply-patch+yaml"))
    where = f"{applications_path()}/{app_name(number)}"
    for phase in ("Running", "Succeeded"):
        client.request("PATCH", where, {"status": _status(app, number, phase)}, "merge-patch+json")


def _tracking_id(obj: Object, number: int) -> str:
    group = obj["apiVersion"].partition("/")[0] if "/" in obj["apiVersion"] else ""
    name = app_name(number)
    return f"{name}:{group}/{obj['kind']}:{namespace_of(number)}/{name}"


def _status(app: Object, number: int, phase: str) -> Object:
    """In size and shape what ours is at the end of a first sync."""
    source, name = app["spec"]["source"], app_name(number)
    rows = [
        {
            "kind": obj["kind"],
            "name": name,
            "namespace": namespace_of(number),
            "status": "Synced",
            "version": "v1",
        }
        for obj in objects(number)
    ]
    results = [
        {
            **{key: row[key] for key in ("kind", "name", "namespace", "version")},
            "group": "",
            "hookPhase": "Running",
            "message": f"{row['kind'].lower()}/{name} serverside-applied",
            "status": "Synced",
            "syncPhase": "Sync",
        }
        for row in rows
    ]
    destination = {"namespace": namespace_of(number), "server": IN_CLUSTER}
    return {
        "controllerNamespace": "argocd",
        "health": {"lastTransitionTime": _NOW, "status": "Healthy"},
        "history": [
            {
                "deployStartedAt": _NOW,
                "deployedAt": _NOW,
                "id": 0,
                "initiatedBy": {"automated": True},
                "revision": _REVISION,
                "source": source,
            }
        ],
        "operationState": {
            "finishedAt": _NOW,
            "message": "successfully synced",
            "operation": {
                "initiatedBy": {"automated": True},
                "retry": {"limit": 5},
                "sync": {"prune": True, "revision": _REVISION},
            },
            "phase": phase,
            "startedAt": _NOW,
            "syncResult": {"resources": results, "revision": _REVISION, "source": source},
        },
        "reconciledAt": _NOW,
        "resources": rows,
        "sourceType": "Directory",
        "sync": {
            "comparedTo": {"destination": destination, "source": source},
            "revision": _REVISION,
            "status": "Synced",
        },
    }
