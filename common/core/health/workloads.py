"""Deployments, StatefulSets, DaemonSets and ReplicaSets: the rules of `kubectl rollout status`."""

from __future__ import annotations

from datetime import datetime

from common.core.health.values import (
    Health,
    condition,
    count,
    degraded,
    healthy,
    message_of,
    observed,
    progressing,
    spec_of,
    status_of,
    suspended,
)
from common.core.keys import Object

NOT_OBSERVED = "Waiting for rollout to finish: observed {} generation less than desired generation"


def deployment(obj: Object, now: datetime) -> Health:  # noqa: ARG001 (each rule takes the time)
    """Suspended when paused, degraded past its progress deadline, healthy when all are new and ready."""
    spec, status = spec_of(obj), status_of(obj)
    if spec.get("paused"):
        return suspended("Deployment is paused")
    if not observed(obj):
        return progressing(NOT_OBSERVED.format("deployment"))
    found = condition(obj, "Progressing")
    name = (obj.get("metadata") or {}).get("name", "")
    if found is not None and found.get("reason") == "ProgressDeadlineExceeded":
        return degraded(f'Deployment "{name}" exceeded its progress deadline')
    wanted = count(spec, "replicas", 1)
    updated, total = count(status, "updatedReplicas"), count(status, "replicas")
    available = count(status, "availableReplicas")
    if updated < wanted:
        return progressing(
            f"Waiting for rollout to finish: {updated} out of {wanted} new replicas have been updated..."
        )
    if total > updated:
        return progressing(
            f"Waiting for rollout to finish: {total - updated} old replicas are pending termination..."
        )
    if available < updated:
        return progressing(
            f"Waiting for rollout to finish: {available} of {updated} updated replicas are available..."
        )
    return healthy()


def stateful_set(obj: Object, now: datetime) -> Health:  # noqa: ARG001
    """Healthy when all replicas are ready and, unless the update waits for deletions, of the new revision."""
    spec, status = spec_of(obj), status_of(obj)
    if count(status, "observedGeneration") == 0 or not observed(obj):
        return progressing("Waiting for statefulset spec update to be observed...")
    wanted, ready = count(spec, "replicas", 1), count(status, "readyReplicas")
    if ready < wanted:
        return progressing(f"Waiting for {wanted - ready} pods to be ready...")
    strategy = spec.get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate") if strategy.get("type") == "RollingUpdate" else None
    updated = count(status, "updatedReplicas")
    if strategy.get("type") == "OnDelete":
        return healthy(f"statefulset has {ready} ready pods")
    if rolling is not None:
        expected = wanted - count(rolling, "partition")
        if updated < expected:
            return progressing(
                "Waiting for partitioned roll out to finish: "
                f"{updated} out of {expected} new pods have been updated..."
            )
        return healthy(f"partitioned roll out complete: {updated} new pods have been updated...")
    if status.get("updateRevision") != status.get("currentRevision"):
        return progressing(
            f"waiting for statefulset rolling update to complete {updated} pods at revision "
            f"{status.get('updateRevision')}..."
        )
    return healthy(
        f"statefulset rolling update complete {count(status, 'currentReplicas')} pods at revision "
        f"{status.get('currentRevision')}..."
    )


def daemon_set(obj: Object, now: datetime) -> Health:  # noqa: ARG001
    """Healthy when every node that should have a pod has an available one, of the new template."""
    status = status_of(obj)
    if not observed(obj):
        return progressing(NOT_OBSERVED.format("daemon set"))
    if (spec_of(obj).get("updateStrategy") or {}).get("type") == "OnDelete":
        return healthy(
            f"daemon set {count(status, 'updatedNumberScheduled')} out of "
            f"{count(status, 'desiredNumberScheduled')} new pods have been updated"
        )
    wanted = count(status, "desiredNumberScheduled")
    updated, available = count(status, "updatedNumberScheduled"), count(status, "numberAvailable")
    name = (obj.get("metadata") or {}).get("name", "")
    if updated < wanted:
        return progressing(
            f'Waiting for daemon set "{name}" rollout to finish: '
            f"{updated} out of {wanted} new pods have been updated..."
        )
    if available < wanted:
        return progressing(
            f'Waiting for daemon set "{name}" rollout to finish: '
            f"{available} of {wanted} updated pods are available..."
        )
    return healthy()


def replica_set(obj: Object, now: datetime) -> Health:  # noqa: ARG001
    """Degraded when it cannot make its pods; healthy when all are available."""
    if not observed(obj):
        return progressing(NOT_OBSERVED.format("replica set"))
    failure = condition(obj, "ReplicaFailure")
    if failure is not None and failure.get("status") == "True":
        return degraded(message_of(failure))
    wanted = count(spec_of(obj), "replicas", 1)
    available = count(status_of(obj), "availableReplicas")
    if available < wanted:
        return progressing(
            f"Waiting for rollout to finish: {available} out of {wanted} new replicas are available..."
        )
    return healthy()
