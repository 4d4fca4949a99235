"""Compare what should be with what is, at the least cost that answers: stamp, then schema, then dry run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from common import metrics
from common.core.compare.fold import folded
from common.core.compare.ignore import Ignored, IgnoreRule, ignored_for
from common.core.compare.normalise import normalised, with_ignored_from_live
from common.core.compare.stamp import Stamp, desired_digest, governing_digest, live_fingerprint
from common.core.compare.structural import LEGACY_MANAGERS, MANAGER, Drift, structural
from common.core.desired import DesiredObject, DesiredSet
from common.core.errors import (
    AdmissionDenied,
    ClusterError,
    Forbidden,
    InvalidInput,
    KindNotServed,
    NamespaceMissing,
    ObjectRejected,
    Retryable,
)
from common.core.keys import GroupVersionKind, Object, ObjectKey, gvk_of
from common.core.redact import digest_secret, is_secret
from common.core.statuses import SyncStatus
from common.core.typed.schema import Schema, openapi_schema
from common.operations.bundle import Ports
from common.operations.live_view import LiveView
from common.ports import Cluster

STAMPS = "stamps"
"""Facts by application: object key → desired, live and governing digest when it was found in sync."""
_MANAGERS = (MANAGER, *LEGACY_MANAGERS)


class ObjectComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One desired object beside its live one."""

    key: ObjectKey
    status: SyncStatus
    drift: Drift = Drift()
    reason: str = ""
    """Why it is OutOfSync or Unknown, when that is not a matter of fields."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All desired objects of one application, compared."""

    objects: Mapping[ObjectKey, ObjectComparison]
    stamps: Mapping[str, list[str]]
    """To be kept: one for each object in sync."""

    @property
    def in_sync(self) -> frozenset[ObjectKey]:
        """Objects that are as desired."""
        return frozenset(key for key, one in self.objects.items() if one.status is SyncStatus.SYNCED)

    @property
    def drifted(self) -> frozenset[ObjectKey]:
        """Objects that are not."""
        return frozenset(key for key, one in self.objects.items() if one.status is SyncStatus.OUT_OF_SYNC)


class Judge:
    """Compares the objects of one application on one cluster."""

    def __init__(
        self,
        ports: Ports,
        cluster: Cluster,
        rules: Sequence[IgnoreRule],
        stamps: Mapping[str, Any],
        *,
        dry_run_when_unsure: bool,
    ) -> None:
        self._ports = ports
        self._cluster = cluster
        self._rules = tuple(rules)
        self._stamps = stamps
        self._dry_run = dry_run_when_unsure
        self._governing = governing_digest(self._rules)

    def compare(self, desired: DesiredSet, live: LiveView) -> Comparison:
        """Every desired object.

        Raises:
            Retryable: the cluster could not say what it must be asked.
        """
        return self.comparison({one.key: self.one(one, live) for one in desired.objects}, desired, live)

    def comparison(
        self, objects: Mapping[ObjectKey, ObjectComparison], desired: DesiredSet, live: LiveView
    ) -> Comparison:
        """The comparisons with the stamps of those in sync."""
        stamps = {
            str(one.key): self.stamp(one.object, live.objects[one.key])
            for one in desired.objects
            if objects[one.key].status is SyncStatus.SYNCED
        }
        return Comparison(objects=objects, stamps=stamps)

    def with_stamps(self, stamps: Mapping[str, Any]) -> Judge:
        """The same judge with other stamps: after a write, its answer is what in sync means."""
        return Judge(self._ports, self._cluster, self._rules, stamps, dry_run_when_unsure=self._dry_run)

    def to_apply(self, obj: Object, live: Object | None) -> Object:
        """The object as it is applied: ignored fields keep their live values."""
        ignored = self._ignored(obj)
        if not ignored or live is None:
            return obj
        gvk = gvk_of(obj)
        if is_secret(live):  # the snapshot has digests of its values: never apply those
            meta = live["metadata"]
            live = self._cluster.get(gvk, meta.get("namespace", ""), meta["name"])
        return with_ignored_from_live(
            obj, live, ignored, self._schema(gvk), manager=MANAGER, delete_paths=self._ports.jq.delete_paths
        )

    def _ignored(self, obj: Object) -> Ignored:
        gvk, meta = gvk_of(obj), obj["metadata"]
        key = ObjectKey(gvk.group, gvk.kind, meta.get("namespace", ""), meta.get("name", ""))
        return ignored_for(key, self._rules)

    def one(self, one: DesiredObject, view: LiveView) -> ObjectComparison:
        """One desired object."""
        live = view.objects.get(one.key)
        if live is None:
            reason = one.refusal or ("missing" if one.key in view.absent else "not looked at")
            return ObjectComparison(key=one.key, status=SyncStatus.OUT_OF_SYNC, reason=reason)
        live = digest_secret(live, self._ports.secrets_key)
        if self._stamps.get(str(one.key)) == self.stamp(one.object, live):
            metrics.CACHE.labels(cache="stamp", outcome="hit").inc()
            return ObjectComparison(key=one.key, status=SyncStatus.SYNCED)
        metrics.CACHE.labels(cache="stamp", outcome="miss").inc()
        drift = self._structural(one.object, live)
        if drift.certain or not self._dry_run:
            status = SyncStatus.OUT_OF_SYNC if drift else SyncStatus.SYNCED
            return ObjectComparison(key=one.key, status=status, drift=drift)
        return self._predicted(one, live, drift)

    def _structural(self, desired: Object, live: Object) -> Drift:
        schema = self._schema(gvk_of(desired))
        desired = digest_secret(folded(desired), self._ports.secrets_key)
        compared = normalised(
            desired, live, self._ignored(desired), schema, delete_paths=self._ports.jq.delete_paths
        )
        return structural(compared.desired, compared.live, schema)

    def _predicted(self, one: DesiredObject, live: Object, drift: Drift) -> ObjectComparison:
        """Ask the server what applying would change."""
        obj = self.to_apply(one.object, live)
        try:
            predicted = self._cluster.apply(obj, dry_run=True)
        except (ObjectRejected, InvalidInput) as error:
            return ObjectComparison(
                key=one.key, status=SyncStatus.OUT_OF_SYNC, drift=drift, reason=str(error)
            )
        except (NamespaceMissing, KindNotServed) as error:
            return ObjectComparison(key=one.key, status=SyncStatus.OUT_OF_SYNC, reason=str(error))
        except (Forbidden, AdmissionDenied, Retryable, ClusterError) as error:
            return ObjectComparison(key=one.key, status=SyncStatus.UNKNOWN, drift=drift, reason=str(error))
        predicted = digest_secret(predicted, self._ports.secrets_key)
        same = live_fingerprint(predicted, ()) == live_fingerprint(live, ())
        status = SyncStatus.SYNCED if same else SyncStatus.OUT_OF_SYNC
        return ObjectComparison(key=one.key, status=status, drift=Drift() if same else drift)

    def stamp(self, desired: Object, live: Object) -> list[str]:
        """What an object in sync is recognised by."""
        stamp = Stamp(
            desired=desired_digest(desired),
            live=live_fingerprint(digest_secret(live, self._ports.secrets_key), _MANAGERS),
            governing=self._governing,
        )
        return [stamp.desired, stamp.live, stamp.governing]

    def _schema(self, gvk: GroupVersionKind) -> Schema:
        return openapi_schema(self._cluster.schema(gvk))
