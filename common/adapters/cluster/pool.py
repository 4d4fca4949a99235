"""The Clusters port: one client for each cluster, behind a circuit breaker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from common import metrics
from common.adapters.cluster.client import FIELD_MANAGER, HttpCluster, Observe
from common.adapters.cluster.connection import Limits
from common.core.access import ClusterAccess
from common.core.errors import ClusterError, ClusterUnreachable
from common.core.keys import ClusterId, GroupVersionKind, Object
from common.ports import ApiCatalog, Cluster, ListResult, PatchType, Propagation

T = TypeVar("T")


class Breaker:
    """Refuses requests to a server that did not answer several times in a row.

    Open for `open_seconds`; then one request goes through as a probe, and its outcome closes or opens it
    again, for twice as long up to `open_seconds_cap`. Any answer, a refusal too, closes it.
    """

    def __init__(
        self,
        *,
        failures: int = 5,
        open_seconds: float = 1.0,
        open_seconds_cap: float = 30.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = failures
        self._first_seconds = open_seconds
        self._cap_seconds = open_seconds_cap
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._seconds = open_seconds
        self._open_until = 0.0
        self._reason = ""

    @property
    def is_open(self) -> bool:
        """Whether requests are being refused, or one is probing."""
        return self._failures >= self._threshold

    def run(self, call: Callable[[], T]) -> T:
        """Make the call, or refuse it.

        Raises:
            ClusterUnreachable: refused; `retry_after_seconds` says when the next probe may go.
        """
        self._admit()
        try:
            result = call()
        except ClusterUnreachable as error:
            self._failed(str(error))
            raise
        except ClusterError:
            self._answered()
            raise
        self._answered()
        return result

    def _admit(self) -> None:
        if self._failures < self._threshold:
            return
        with self._lock:
            left = self._open_until - self._monotonic()
            if self._failures >= self._threshold and left > 0:
                refused = ClusterUnreachable(f"not asked, it did not answer the last time: {self._reason}")
                refused.retry_after_seconds = left
                raise refused
            # This call is the probe; others are refused until it is back.
            self._open_until = self._monotonic() + self._seconds

    def _failed(self, reason: str) -> None:
        with self._lock:
            was_open = self._failures >= self._threshold
            self._failures += 1
            self._reason = reason
            if self._failures >= self._threshold:
                if was_open:
                    self._seconds = min(self._seconds * 2, self._cap_seconds)
                self._open_until = self._monotonic() + self._seconds

    def _answered(self) -> None:
        if self._failures:
            with self._lock:
                self._failures, self._seconds, self._reason = 0, self._first_seconds, ""


class GuardedCluster:
    """A Cluster whose every request goes through a breaker."""

    def __init__(self, inner: HttpCluster, breaker: Breaker) -> None:
        self._inner = inner
        self.breaker = breaker

    @property
    def access(self) -> ClusterAccess:
        """Whom we talk to."""
        return self._inner.access

    def catalog(self, *, refresh: bool = False) -> ApiCatalog:
        """See `Cluster.catalog`."""
        return self.breaker.run(lambda: self._inner.catalog(refresh=refresh))

    def schema(self, gvk: GroupVersionKind) -> Mapping[str, Any] | None:
        """See `Cluster.schema`."""
        return self.breaker.run(lambda: self._inner.schema(gvk))

    def get(self, gvk: GroupVersionKind, namespace: str, name: str) -> Object:
        """See `Cluster.get`."""
        return self.breaker.run(lambda: self._inner.get(gvk, namespace, name))

    def list(self, gvk: GroupVersionKind, namespace: str = "", *, label_selector: str = "") -> ListResult:
        """See `Cluster.list`."""
        return self.breaker.run(lambda: self._inner.list(gvk, namespace, label_selector=label_selector))

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
        return self.breaker.run(
            lambda: self._inner.apply(
                obj, force=force, dry_run=dry_run, field_manager=field_manager, validate=validate
            )
        )

    def create(self, obj: Object, *, dry_run: bool = False) -> Object:
        """See `Cluster.create`."""
        return self.breaker.run(lambda: self._inner.create(obj, dry_run=dry_run))

    def replace(self, obj: Object, *, dry_run: bool = False) -> Object:
        """See `Cluster.replace`."""
        return self.breaker.run(lambda: self._inner.replace(obj, dry_run=dry_run))

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
        return self.breaker.run(
            lambda: self._inner.patch(
                gvk, namespace, name, body, patch_type=patch_type, dry_run=dry_run, subresource=subresource
            )
        )

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
        self.breaker.run(
            lambda: self._inner.delete(
                gvk,
                namespace,
                name,
                uid=uid,
                resource_version=resource_version,
                propagation=propagation,
                dry_run=dry_run,
            )
        )


def observed(access: ClusterAccess, verb: str, gvk: GroupVersionKind, code: str, seconds: float) -> None:
    """Count a request; by cluster name, never by kind: a fleet has hundreds of those."""
    del gvk
    metrics.KUBERNETES_SECONDS.labels(access.name or access.id, verb, code).observe(seconds)


class HttpClusters:
    """The Clusters port. A changed access (rotated credentials) replaces the client of its cluster."""

    def __init__(
        self,
        home: ClusterAccess,
        *,
        limits: Callable[[ClusterAccess], Limits] = lambda _access: Limits(),
        breaker: Callable[[], Breaker] = Breaker,
        observe: Observe = observed,
    ) -> None:
        self._home = home
        self._limits = limits
        self._new_breaker = breaker
        self._observe = observe
        self._lock = threading.Lock()
        self._clients: dict[tuple[ClusterId, tuple[str, ...], bool], tuple[HttpCluster, GuardedCluster]] = {}
        """By what the client's requests depend on besides how to connect."""

    def connect(self, access: ClusterAccess) -> Cluster:
        """See `Clusters.connect`."""
        key = (access.id, access.namespaces, access.cluster_resources)
        kept = self._clients.get(key)
        if kept is not None and _same_connection(kept[0].access, access):
            return kept[1]
        with self._lock:
            kept = self._clients.get(key)
            if kept is not None and _same_connection(kept[0].access, access):
                return kept[1]
            if kept is not None:
                kept[0].close()
            inner = HttpCluster(access, limits=self._limits(access), observe=self._observe)
            guarded = GuardedCluster(inner, self._new_breaker())
            self._clients[key] = (inner, guarded)
            return guarded

    def home(self) -> Cluster:
        """See `Clusters.home`."""
        return self.connect(self._home)

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            for inner, _ in self._clients.values():
                inner.close()
            self._clients.clear()


def _same_connection(one: ClusterAccess, other: ClusterAccess) -> bool:
    """Whether they are reached alike; what they are called, and by which project, makes no connection.

    A Secret may name the home cluster, which is the same cluster without it.
    """
    if one is other:
        return True
    bare = {"name": "", "project": "", "labels": (), "annotations": (), "skip_reconcile": False}
    return msgspec.structs.replace(one, **bare) == msgspec.structs.replace(other, **bare)
