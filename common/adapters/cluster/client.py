"""One API server: the Cluster port over raw JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from common.adapters.cluster.connection import ConnectionPool, Limits, Response
from common.adapters.cluster.errors import error_from
from common.adapters.cluster.known_kinds import KnownKinds
from common.core.access import ClusterAccess
from common.core.errors import (
    ClusterError,
    ClusterUnreachable,
    Forbidden,
    InvalidInput,
    KindNotServed,
    NamespaceMissing,
    NotFound,
    WatchExpired,
)
from common.core.keys import GroupVersionKind, Object, gvk_of
from common.ports import ApiCatalog, ApiResource, ListResult, PatchType, Propagation

PAGE_SIZE = 500
_LIST_RESTARTS = 3
FIELD_MANAGER = "moorings"
_DEFINING = frozenset({"CustomResourceDefinition", "APIService"})
"""Kinds whose objects make the server serve other kinds, a moment later."""


Observe = Callable[[ClusterAccess, str, GroupVersionKind, str, float], None]
"""Told of each request for objects: cluster, verb, kind, HTTP status (`error` without an answer), seconds."""


def _unobserved(
    _access: ClusterAccess, _verb: str, _gvk: GroupVersionKind, _code: str, _seconds: float
) -> None:
    """Nobody looks."""


class HttpCluster:
    """The Cluster port over kept-alive connections. Safe to call from several threads."""

    def __init__(
        self, access: ClusterAccess, *, limits: Limits | None = None, observe: Observe = _unobserved
    ) -> None:
        self._access = access
        self._observe = observe
        self._pool = ConnectionPool(access, limits)
        self._where = f"cluster {access.name or access.id}"
        self._kinds = KnownKinds(self._fetch, self._where)

    @property
    def access(self) -> ClusterAccess:
        """Whom we talk to."""
        return self._access

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()

    def catalog(self, *, refresh: bool = False) -> ApiCatalog:
        """See `Cluster.catalog`."""
        return self._kinds.catalog(refresh=refresh)

    def schema(self, gvk: GroupVersionKind) -> Mapping[str, Any] | None:
        """See `Cluster.schema`. Documents are kept by the hash in their address."""
        return self._kinds.schema(gvk)

    def get(self, gvk: GroupVersionKind, namespace: str, name: str) -> Object:
        """See `Cluster.get`."""
        return self._send("GET", "get", gvk, self._path(gvk, namespace, name), name=name, idempotent=True)

    def list(self, gvk: GroupVersionKind, namespace: str = "", *, label_selector: str = "") -> ListResult:
        """See `Cluster.list`. An access limited to namespaces is listed one by one, and has the oldest
        resourceVersion of them all.
        """
        row = self._kinds.resource(gvk)
        if namespace or not row.namespaced or not self._access.namespaces:
            return self._list(gvk, self._path(gvk, namespace, ""), label_selector)
        parts = [self._list(gvk, self._path(gvk, ns, ""), label_selector) for ns in self._access.namespaces]
        items = tuple(item for part in parts for item in part.items)
        return ListResult(items, min((part.resource_version for part in parts), key=_version_order))

    def apply(
        self,
        obj: Object,
        *,
        force: bool = True,
        dry_run: bool = False,
        field_manager: str = FIELD_MANAGER,
        validate: bool = True,
    ) -> Object:
        """See `Cluster.apply`."""
        gvk, path, name = self._place(obj)
        query = {"fieldManager": field_manager, "force": "true" if force else "false"}
        query["fieldValidation"] = "Strict" if validate else "Ignore"
        return self._send(
            "PATCH", "apply", gvk, path, query=query, body=obj, content_type=PatchType.APPLY.value, name=name,
            dry_run=dry_run, idempotent=True,
        )  # fmt: skip

    def create(self, obj: Object, *, dry_run: bool = False) -> Object:
        """See `Cluster.create`."""
        gvk, path, name = self._place(obj, to_collection=True)
        query = {"fieldManager": FIELD_MANAGER}
        return self._send("POST", "create", gvk, path, query=query, body=obj, name=name, dry_run=dry_run)

    def replace(self, obj: Object, *, dry_run: bool = False) -> Object:
        """See `Cluster.replace`."""
        gvk, path, name = self._place(obj)
        query = {"fieldManager": FIELD_MANAGER}
        return self._send(
            "PUT", "replace", gvk, path, query=query, body=obj, name=name, dry_run=dry_run, idempotent=True
        )

    def patch(
        self,
        gvk: GroupVersionKind,
        namespace: str,
        name: str,
        body: object,
        *,
        patch_type: PatchType = PatchType.MERGE,
        dry_run: bool = False,
        subresource: str = "",
    ) -> Object:
        """See `Cluster.patch`."""
        path = self._path(gvk, namespace, name) + (f"/{subresource}" if subresource else "")
        return self._send(
            "PATCH", "patch", gvk, path, query={"fieldManager": FIELD_MANAGER}, body=body, name=name,
            content_type=patch_type.value, dry_run=dry_run,
        )  # fmt: skip

    def delete(
        self,
        gvk: GroupVersionKind,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: Propagation = Propagation.BACKGROUND,
        dry_run: bool = False,
    ) -> None:
        """See `Cluster.delete`."""
        expected = {"uid": uid, "resourceVersion": resource_version}
        options: Object = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation.value,
            "preconditions": {key: value for key, value in expected.items() if value},
        }
        path = self._path(gvk, namespace, name)
        self._send("DELETE", "delete", gvk, path, body=options, name=name, dry_run=dry_run, idempotent=True)

    # Paths

    def _place(self, obj: Object, *, to_collection: bool = False) -> tuple[GroupVersionKind, str, str]:
        gvk = gvk_of(obj)
        meta = obj.get("metadata") or {}
        name, namespace = meta.get("name") or "", meta.get("namespace") or ""
        if not name and not to_collection:
            raise InvalidInput(f"{gvk.kind}", "metadata.name", found=None, expected="a name")
        path = self._path(gvk, namespace, "" if to_collection else name, namespace_needed=True)
        return gvk, path, name or meta.get("generateName") or ""

    def _path(
        self, gvk: GroupVersionKind, namespace: str, name: str, *, namespace_needed: bool = False
    ) -> str:
        row = self._kinds.resource(gvk)
        self._check_scope(row, namespace)
        root = f"/apis/{gvk.group}/{gvk.version}" if gvk.group else f"/api/{gvk.version}"
        if row.namespaced and (namespace or name or namespace_needed):
            if not namespace:
                raise InvalidInput(
                    f"{gvk.kind} {name}", "metadata.namespace", found=None, expected="a namespace"
                )
            root = f"{root}/namespaces/{quote(namespace, safe='')}"
        return f"{root}/{row.plural}/{quote(name, safe='')}" if name else f"{root}/{row.plural}"

    def _check_scope(self, row: ApiResource, namespace: str) -> None:
        """The Secret's `namespaces` and `clusterResources` bind us as the API server's RBAC would."""
        allowed = self._access.namespaces
        if not allowed:
            return
        if row.namespaced and namespace and namespace not in allowed:
            raise Forbidden(f"{self._where}: namespace {namespace} is not among those its Secret lists")
        if not row.namespaced and not self._access.cluster_resources:
            raise Forbidden(f"{self._where}: its Secret allows no cluster-scoped objects ({row.gvk.kind})")

    # Requests

    def _list(self, gvk: GroupVersionKind, path: str, label_selector: str) -> ListResult:
        for attempt in range(_LIST_RESTARTS):
            try:
                return self._all_pages(gvk, path, label_selector)
            except WatchExpired:
                # The continue token is too old: part of a list is no list.
                if attempt == _LIST_RESTARTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _all_pages(self, gvk: GroupVersionKind, path: str, label_selector: str) -> ListResult:
        items: list[Object] = []
        query = {"limit": str(PAGE_SIZE)}
        if label_selector:
            query["labelSelector"] = label_selector
        while True:
            page = self._send("GET", "list", gvk, path, query=query, idempotent=True, large=True)
            # The items of built-in kinds come without their apiVersion and kind.
            named = {"apiVersion": gvk.api_version, "kind": gvk.kind}
            items.extend({**named, **item} for item in page.get("items") or ())
            meta = page.get("metadata") or {}
            if not meta.get("continue"):
                return ListResult(tuple(items), str(meta.get("resourceVersion") or ""))
            query["continue"] = meta["continue"]

    def _send(
        self,
        method: str,
        verb: str,
        gvk: GroupVersionKind,
        path: str,
        *,
        name: str = "",
        query: dict[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
        dry_run: bool = False,
        idempotent: bool = False,
        large: bool = False,
    ) -> Object:
        if dry_run:
            query = {**(query or {}), "dryRun": "All"}
        if query:
            path = f"{path}?{_encoded(tuple(query.items()))}"
        started, code = time.monotonic(), "error"
        try:
            response = self._pool.request(
                method,
                path,
                body=b"" if body is None else orjson.dumps(body),
                content_type=content_type,
                idempotent=idempotent,
                large=large,
            )
            code = str(response.status)
        finally:
            self._observe(self._access, verb, gvk, code, time.monotonic() - started)
        if response.status >= 400:
            self._refuse(response, verb, gvk, name)
        if gvk.kind in _DEFINING and method != "GET" and not dry_run:
            self._kinds.expect_more()
        return self._parsed(response, f"{verb} {gvk.kind} {name}")

    def _refuse(self, response: Response, verb: str, gvk: GroupVersionKind, name: str) -> None:
        what = f"{self._where}: {verb} {gvk.kind} {name}".rstrip()
        error: ClusterError = error_from(response.status, response.body, response.headers, what=what)
        if isinstance(error, NamespaceMissing) and gvk.kind == "Namespace" and not gvk.group:
            error = NotFound(str(error))
        if isinstance(error, KindNotServed):
            self._kinds.missing(gvk)
        raise error

    def _parsed(self, response: Response, what: str) -> Object:
        try:
            parsed = orjson.loads(response.body)
        except ValueError as error:
            raise ClusterUnreachable(f"{self._where}: {what}: the answer is not JSON") from error
        if not isinstance(parsed, dict):
            raise ClusterUnreachable(f"{self._where}: {what}: the answer is no JSON object")
        return parsed

    def _fetch(self, path: str, accept: str) -> Any:
        response = self._pool.request("GET", path, accept=accept, idempotent=True, large=True)
        if response.status >= 400:
            raise error_from(
                response.status, response.body, response.headers, what=f"{self._where}: GET {path}"
            )
        return self._parsed(response, f"GET {path}")


@lru_cache(maxsize=512)
def _encoded(query: tuple[tuple[str, str], ...]) -> str:
    """`urlencode`, which costs 15 µs, for the few queries that there are."""
    return urlencode(query)


def _version_order(version: str) -> tuple[int, str]:
    """resourceVersions are decimal numbers that grow (Kubernetes says so since 1.35, etcd always did)."""
    return (int(version), "") if version.isdecimal() else (-1, version)
