"""A row of each application, kept for lists of thousands: only what changed is read again, when asked."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import msgspec

from common.core.keys import AppKey, Object
from common.ports import Applications

_SLICE = 500


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What lists, filters and counts need of an application."""

    key: AppKey
    project: str
    sync: str
    health: str
    revision: str
    target: str
    repo: str
    path: str
    cluster: str
    """`destination.name`, or else its server."""
    namespace: str
    """The destination's."""
    synced_at: str
    """When its last operation ended; empty for never."""
    phase: str
    """Its last operation's."""
    automated: bool
    conditions: int
    """How many of them are errors."""
    labels: tuple[tuple[str, str], ...]
    resources: int
    out_of_sync: int


def row_of(app: Object) -> Row:
    """The row of an Application as it was stored. What is malformed counts as absent."""
    meta, spec, status = (_map(app.get(name)) for name in ("metadata", "spec", "status"))
    sources = spec.get("sources") or [spec.get("source") or {}]
    source = _map(sources[0]) if isinstance(sources, list) and sources else {}
    sync, operation = _map(status.get("sync")), _map(status.get("operationState"))
    destination = _map(spec.get("destination"))
    revisions = sync.get("revisions") or [sync.get("revision") or ""]
    resources = [_map(one) for one in status.get("resources") or ()]
    automated = _map(spec.get("syncPolicy")).get("automated")
    return Row(
        key=AppKey(str(meta.get("namespace") or ""), str(meta.get("name") or "")),
        project=str(spec.get("project") or "default"),
        sync=str(sync.get("status") or "Unknown"),
        health=str(_map(status.get("health")).get("status") or "Unknown"),
        revision=str(revisions[0] or ""),
        target=str(source.get("targetRevision") or "HEAD"),
        repo=str(source.get("repoURL") or ""),
        path=str(source.get("path") or source.get("chart") or ""),
        cluster=str(destination.get("name") or destination.get("server") or ""),
        namespace=str(destination.get("namespace") or ""),
        synced_at=str(operation.get("finishedAt") or ""),
        phase=str(operation.get("phase") or ""),
        automated=isinstance(automated, dict) and automated.get("enabled") is not False,
        conditions=sum(_is_error(_map(one)) for one in status.get("conditions") or ()),
        labels=tuple(sorted((str(k), str(v)) for k, v in _map(meta.get("labels")).items())),
        resources=len(resources),
        out_of_sync=sum(one.get("status") == "OutOfSync" for one in resources),
    )


def _is_error(condition: Object) -> bool:
    return str(condition.get("type") or "").endswith("Error")


def _map(value: object) -> Object:
    return value if isinstance(value, dict) else {}


class Roster:
    """Thread-safe."""

    def __init__(self, applications: Applications) -> None:
        self._applications = applications
        self._lock = threading.Lock()
        self._rows: dict[AppKey, Row] = {}
        self._ordered: tuple[Row, ...] | None = None
        self._stale: set[AppKey] = set()
        self._all_stale = True
        self._marks = threading.Lock()

    def touch(self, keys: Iterable[AppKey | None]) -> None:
        """These have changed (None: anything may have); nothing is read yet."""
        with self._marks:
            for key in keys:
                if key is None:
                    self._all_stale = True
                else:
                    self._stale.add(key)

    def rows(self) -> tuple[Row, ...]:
        """All rows as they are now, sorted by name and namespace. Raises StoreUnavailable."""
        with self._lock:
            with self._marks:
                everything, stale = self._all_stale, self._stale
                self._all_stale, self._stale = False, set()
            try:
                self._read(everything, stale)
            except BaseException:
                self.touch([None])
                raise
            if self._ordered is None:
                rows = sorted(self._rows.values(), key=lambda row: (row.key.name, row.key.namespace))
                self._ordered = tuple(rows)
            return self._ordered

    def _read(self, everything: bool, stale: set[AppKey]) -> None:
        if everything:
            keys: Sequence[AppKey] = self._applications.keys()
            self._rows = {}
        elif stale:
            keys = sorted(stale)
        else:
            return
        self._ordered = None
        for start in range(0, len(keys), _SLICE):
            part = keys[start : start + _SLICE]
            for key, app in zip(part, self._applications.many(part), strict=True):
                if app is None:
                    self._rows.pop(key, None)
                else:
                    self._rows[key] = row_of(app)
