"""CustomResourceDefinitions: what they make a cluster serve, and what their own status says of it."""

from __future__ import annotations

from typing import Any

from sandbox.resources import PrinterColumn, Resource, ScalePaths
from sandbox.state import ClusterState
from sandbox.store import Event, Storage

DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")
Fields = dict[str, Any]


def resources_of(definition: Fields) -> list[Resource]:
    """One resource per served version; the storage version is the preferred one."""
    spec = definition["spec"]
    names = spec["names"]
    served = [version for version in spec.get("versions") or () if version.get("served")]
    storage = next((v["name"] for v in spec.get("versions") or () if v.get("storage")), "")
    preferred = (
        storage if any(v["name"] == storage for v in served) else (served[0]["name"] if served else "")
    )
    return [
        Resource(
            group=spec["group"],
            version=version["name"],
            kind=names["kind"],
            plural=names["plural"],
            singular=names.get("singular") or names["kind"].lower(),
            namespaced=spec.get("scope") == "Namespaced",
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            status="status" in (version.get("subresources") or {}),
            scale=_scale(version),
            schema=_schema(version),
            columns=tuple(_column(c) for c in version.get("additionalPrinterColumns") or ()),
            custom=True,
            preferred=version["name"] == preferred,
        )
        for version in served
    ]


def _schema(version: Fields) -> Fields | None:
    schema: Fields | None = (version.get("schema") or {}).get("openAPIV3Schema")
    return schema


def _scale(version: Fields) -> ScalePaths | None:
    found = (version.get("subresources") or {}).get("scale")
    if found is None:
        return None
    return ScalePaths(
        spec_replicas=found.get("specReplicasPath", "").lstrip("."),
        status_replicas=found.get("statusReplicasPath", "").lstrip("."),
        selector=found.get("labelSelectorPath", "").lstrip("."),
    )


def _column(column: Fields) -> PrinterColumn:
    return PrinterColumn(
        name=column["name"],
        type=column["type"],
        json_path=column["jsonPath"],
        description=column.get("description", ""),
        priority=column.get("priority", 0),
        format=column.get("format", ""),
    )


class Definitions:
    """Keeps the table of resources in step with the stored definitions."""

    def __init__(self, state: ClusterState) -> None:
        self._state = state

    def load(self) -> None:
        """Serve what is stored already (read from disk)."""
        for entry in self._state.store.collection(DEFINITIONS).select(""):
            self._serve(entry.load())

    def on_event(self, storage: Storage, event: Event) -> None:
        """A definition came, changed or went: the very next request sees it."""
        if storage != DEFINITIONS:
            return
        definition = event.entry.load()
        if event.type == "DELETED":
            names = definition["spec"]["names"]
            self._state.table.remove(definition["spec"]["group"], names["plural"])
            return
        if event.previous is None or event.previous.load()["spec"] != definition["spec"]:
            self._serve(definition)

    def _serve(self, definition: Fields) -> None:
        spec = definition["spec"]
        self._state.table.remove(spec["group"], spec["names"]["plural"])
        for resource in resources_of(definition):
            self._state.table.add(resource)


def prepare_definition(state: ClusterState, definition: Fields) -> None:
    """Fill in the status that says the names are accepted and the kind is served, in place."""
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    status = definition.setdefault("status", {})
    status["acceptedNames"] = dict(names)
    stored = [v["name"] for v in spec.get("versions") or () if v.get("storage")]
    before = status.get("storedVersions") or []
    status["storedVersions"] = before + [name for name in stored if name not in before]
    if not status.get("conditions"):
        now = state.stamp()
        status["conditions"] = [
            _condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
            _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now),
        ]
    finalizers = definition["metadata"].setdefault("finalizers", [])
    if "deletionTimestamp" not in definition["metadata"] and CLEANUP not in finalizers:
        finalizers.append(CLEANUP)


CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


def _condition(kind: str, reason: str, message: str, now: str) -> Fields:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": now,
    }
