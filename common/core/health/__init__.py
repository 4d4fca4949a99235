"""How an object does, from its own fields alone: nothing is fetched, and the time is given.

The kinds and their rules are those that Argo CD's users know. Kinds without a rule have no health, which
blocks nothing; so do Applications and custom resources unless a rule of the installation says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from common.core.annotations import IGNORE_HEALTHCHECK, annotation
from common.core.health.apis import api_service, custom_resource_definition
from common.core.health.jobs import job, workflow
from common.core.health.network import ingress, service
from common.core.health.pods import pod
from common.core.health.scaling import horizontal_pod_autoscaler
from common.core.health.storage import persistent_volume_claim
from common.core.health.values import Health
from common.core.health.workloads import daemon_set, deployment, replica_set, stateful_set
from common.core.keys import GroupKind, Object, gvk_of
from common.core.statuses import HealthStatus

__all__ = ["RULES", "Custom", "Health", "application_health", "assess", "worst"]

Rule = Callable[[Object, datetime], Health]

Custom = Callable[[Object], Health | None]
"""A rule of the installation (such as a Lua script of `resource.customizations.health`): None where it has
nothing to say about the object, so that the built-in rule answers.
"""

RULES: dict[GroupKind, Rule] = {
    GroupKind("", "PersistentVolumeClaim"): persistent_volume_claim,
    GroupKind("", "Pod"): pod,
    GroupKind("", "Service"): service,
    GroupKind("apiextensions.k8s.io", "CustomResourceDefinition"): custom_resource_definition,
    GroupKind("apiregistration.k8s.io", "APIService"): api_service,
    GroupKind("apps", "DaemonSet"): daemon_set,
    GroupKind("apps", "Deployment"): deployment,
    GroupKind("apps", "ReplicaSet"): replica_set,
    GroupKind("apps", "StatefulSet"): stateful_set,
    GroupKind("argoproj.io", "Workflow"): workflow,
    GroupKind("autoscaling", "HorizontalPodAutoscaler"): horizontal_pod_autoscaler,
    GroupKind("batch", "Job"): job,
    GroupKind("extensions", "Ingress"): ingress,
    GroupKind("networking.k8s.io", "Ingress"): ingress,
}


def assess(obj: Object, now: datetime, *, custom: Custom | None = None) -> Health | None:
    """An object's health; None where its kind has none. An object that is being deleted is Progressing."""
    if (obj.get("metadata") or {}).get("deletionTimestamp"):
        return Health(HealthStatus.PROGRESSING, "Pending deletion")
    if custom is not None and (said := custom(obj)) is not None:
        return said
    rule = RULES.get(gvk_of(obj).group_kind)
    if rule is None:
        return None
    try:
        return rule(obj, now)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # A status that is not shaped as its kind's schema says: nothing is known, and that is the answer.
        return Health(HealthStatus.UNKNOWN, f"the status cannot be read: {error}")


def worst(statuses: Iterable[HealthStatus]) -> HealthStatus:
    """The one that outweighs the others; Healthy for none."""
    order = list(HealthStatus)
    return max(statuses, key=order.index, default=HealthStatus.HEALTHY)


def application_health(objects: Iterable[tuple[Object | None, Health | None]]) -> HealthStatus:
    """An application's health: the worst of its live objects; Missing when none of its objects is there.

    Single missing objects do not count (OutOfSync says it), nor does an object with the annotation
    `ignore-healthcheck: "true"`, nor a child Application that is Unknown.

    Args:
        objects: live object (None where it is missing) and health of each that is no hook.
    """
    given = list(objects)
    found = [
        health.status
        for live, health in given
        if live is not None and health is not None and _counts(live, health)
    ]
    if given and all(live is None for live, _ in given):
        found.append(HealthStatus.MISSING)
    return worst(found)


def _counts(live: Object, health: Health) -> bool:
    if annotation(live, IGNORE_HEALTHCHECK) == "true":
        return False
    child = gvk_of(live).group_kind == GroupKind("argoproj.io", "Application")
    return not (child and health.status in {HealthStatus.MISSING, HealthStatus.UNKNOWN})
