"""What one cluster serves, kept between requests: its catalog and the schemas of its kinds."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from common.adapters.cluster.discovery import Fetch, discover
from common.core.errors import KindNotServed, NotFound, ServerError
from common.core.keys import GroupVersionKind
from common.ports import ApiCatalog, ApiResource

REFRESH_SECONDS = 1.0
"""Discovery is asked at most this often for kinds that it did not have."""

_EXPECTED_SECONDS = 15.0
_EXPECTED_REFRESH_SECONDS = 0.1
"""After a definition that we wrote ourselves its kind comes soon: discovery is asked as often for so long."""

_FAILED_REFRESH_SECONDS = 30.0
"""A catalog with failed groups is asked again after this long."""


class KnownKinds:
    """Catalog and schemas of one cluster; safe to call from several threads."""

    def __init__(self, fetch: Fetch, where: str) -> None:
        self._fetch = fetch
        self._where = where
        self._lock = threading.Lock()
        self._catalog: ApiCatalog | None = None
        self._asked_at = 0.0
        self._expected_until = 0.0
        self._rows: dict[GroupVersionKind, ApiResource] = {}
        self._schemas: dict[str, tuple[str, dict[GroupVersionKind, Mapping[str, Any]]]] = {}
        """By apiVersion: the document's address, whose query carries its hash, and its schemas."""
        self._schema_index: tuple[str, dict[str, str]] | None = None
        """The catalog's digest at which the index of addresses was read, and the index."""

    def catalog(self, *, refresh: bool = False) -> ApiCatalog:
        """What is served. `refresh` asks the server, once for callers that ask at the same time."""
        wanted_at = time.monotonic()
        kept = self._catalog
        if kept is not None and not refresh:
            due = kept.failed and wanted_at - self._asked_at > _FAILED_REFRESH_SECONDS
            if not due:
                return kept
        with self._lock:
            if self._catalog is None or self._asked_at < wanted_at:
                asked_at = time.monotonic()
                made = discover(self._fetch)
                rows: dict[GroupVersionKind, ApiResource] = {}
                for row in made.resources:
                    rows.setdefault(row.gvk, row)
                self._catalog, self._rows, self._asked_at = made, rows, asked_at
            return self._catalog

    def resource(self, gvk: GroupVersionKind) -> ApiResource:
        """The row of a kind; one that is missing makes discovery be asked again, at a bounded rate.

        Raises:
            KindNotServed: the server does not serve it.
            ServerError: it may, but its group could not be asked.
        """
        row = self._rows.get(gvk)
        if row is not None:
            return row
        catalog = self.catalog()
        now = time.monotonic()
        pause = _EXPECTED_REFRESH_SECONDS if now < self._expected_until else REFRESH_SECONDS
        if gvk not in self._rows and now - self._asked_at > pause:
            catalog = self.catalog(refresh=True)
        row = self._rows.get(gvk)
        if row is not None:
            return row
        if gvk.api_version in catalog.failed:
            raise ServerError(
                f"{self._where}: the group of {gvk.api_version} {gvk.kind} does not answer discovery"
            )
        raise KindNotServed(f"{self._where}: no {gvk.kind} in {gvk.api_version}")

    def expect_more(self) -> None:
        """A definition of kinds was written."""
        self._expected_until = time.monotonic() + _EXPECTED_SECONDS
        self._asked_at = 0.0

    def missing(self, gvk: GroupVersionKind) -> None:
        """The server answered that it has no such path: forget the row, so that the next call asks."""
        self._rows.pop(gvk, None)

    def schema(self, gvk: GroupVersionKind) -> Mapping[str, Any] | None:
        """See `Cluster.schema`."""
        with self._lock:
            index = self._index()
            address = index.get(f"apis/{gvk.api_version}" if gvk.group else f"api/{gvk.version}")
            if address is None:
                return None
            kept = self._schemas.get(gvk.api_version)
            if kept is None or kept[0] != address:
                kept = (address, _schemas_by_kind(self._fetch(address, "application/json")))
                self._schemas[gvk.api_version] = kept
            return kept[1].get(gvk)

    def _index(self) -> dict[str, str]:
        """Addresses of the documents; read again when the catalog has changed."""
        digest = self._catalog.digest if self._catalog else ""
        kept = self._schema_index
        if kept is not None and kept[0] == digest:
            return kept[1]
        try:
            answer = self._fetch("/openapi/v3", "application/json")
        except (NotFound, KindNotServed):
            answer = {}
        index = {
            path: entry["serverRelativeURL"]
            for path, entry in (answer.get("paths") or {}).items()
            if isinstance(entry, dict) and entry.get("serverRelativeURL")
        }
        self._schema_index = (digest, index)
        return index


def _schemas_by_kind(document: Mapping[str, Any]) -> dict[GroupVersionKind, Mapping[str, Any]]:
    """The schemas of one OpenAPI v3 document by the kind they describe, all sharing the document's."""
    schemas = (document.get("components") or {}).get("schemas") or {}
    found: dict[GroupVersionKind, Mapping[str, Any]] = {}
    for name, schema in schemas.items():
        for row in schema.get("x-kubernetes-group-version-kind") or ():
            gvk = GroupVersionKind(row.get("group") or "", row.get("version") or "", row.get("kind") or "")
            found.setdefault(gvk, {"root": name, "schemas": schemas})
    return found
