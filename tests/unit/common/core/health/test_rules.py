"""Health of built-in kinds: one row a state, as Argo CD's users know them."""

# ruff: noqa: E501 (one row a state)

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from common.core.health import RULES, Health, application_health, assess, worst
from common.core.keys import Object
from common.core.statuses import HealthStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
APIS = {
    "PersistentVolumeClaim": "v1",
    "Pod": "v1",
    "Service": "v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "APIService": "apiregistration.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "Job": "batch/v1",
    "Ingress": "networking.k8s.io/v1",
    "Workflow": "argoproj.io/v1alpha1",
}


def obj(kind: str, status: Object | None = None, spec: Object | None = None, **meta: Any) -> Object:
    """An object of a kind."""
    made: Object = {"apiVersion": APIS.get(kind, "apps/v1"), "kind": kind, "metadata": {"name": "a", **meta}}
    return (
        made
        | ({"status": status} if status is not None else {})
        | ({"spec": spec} if spec is not None else {})
    )


def cond(kind: str, status: str = "True", **more: str) -> Object:
    """A status with one condition."""
    return {"conditions": [{"type": kind, "status": status, **more}]}


def rolled(**more: Any) -> Object:
    """The status of a workload whose replicas are all there."""
    return {
        "observedGeneration": 2,
        "replicas": 2,
        "updatedReplicas": 2,
        "availableReplicas": 2,
        "readyReplicas": 2,
    } | more


TWO = {"replicas": 2}
OLD = {"generation": 3}
ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}
PARTITION = {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}}
REVISIONS = {"updateRevision": "a-2", "currentRevision": "a-1"}
DAEMONS = {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
WAITING = {
    "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no image"}}}]
}


def ended(**terminated: Any) -> Object:
    """A failed pod with one container that ended."""
    return {
        "phase": "Failed",
        "containerStatuses": [{"state": {}}, {"name": "c", "state": {"terminated": terminated}}],
    }


CASES: list[tuple[Object, str, str]] = [
    (obj("Deployment", rolled(), TWO), "Healthy", ""),
    (obj("Deployment", rolled(), {"paused": True}), "Suspended", "paused"),
    (obj("Deployment", rolled(), TWO, **OLD), "Progressing", "observed deployment generation"),
    (obj("Deployment", rolled() | cond("Progressing", "False", reason="ProgressDeadlineExceeded"), TWO), "Degraded", '"a" exceeded its progress deadline'),
    (obj("Deployment", rolled(updatedReplicas=1), TWO), "Progressing", "1 out of 2 new replicas"),
    (obj("Deployment", rolled(replicas=3), TWO), "Progressing", "1 old replicas"),
    (obj("Deployment", rolled(availableReplicas=0), TWO), "Progressing", "0 of 2 updated replicas"),
    (obj("Deployment"), "Progressing", "0 out of 1 new replicas"),
    (obj("Deployment", {}, {"replicas": 0}), "Healthy", ""),
    (obj("StatefulSet", rolled(), TWO), "Healthy", "update complete"),
    (obj("StatefulSet", {}, TWO), "Progressing", "to be observed"),
    (obj("StatefulSet", rolled(), TWO, **OLD), "Progressing", "to be observed"),
    (obj("StatefulSet", rolled(readyReplicas=1), TWO), "Progressing", "Waiting for 1 pods"),
    (obj("StatefulSet", rolled(), TWO | ON_DELETE), "Healthy", "2 ready pods"),
    (obj("StatefulSet", rolled(readyReplicas=3, updatedReplicas=1), PARTITION), "Progressing", "1 out of 2 new pods"),
    (obj("StatefulSet", rolled(readyReplicas=3), PARTITION), "Healthy", "partitioned roll out complete: 2"),
    (obj("StatefulSet", rolled(**REVISIONS), TWO), "Progressing", "at revision a-2"),
    (obj("DaemonSet", DAEMONS), "Healthy", ""),
    (obj("DaemonSet", DAEMONS, **OLD), "Progressing", "observed daemon set generation"),
    (obj("DaemonSet", DAEMONS, ON_DELETE), "Healthy", "2 out of 2 new pods"),
    (obj("DaemonSet", DAEMONS | {"updatedNumberScheduled": 1}), "Progressing", "1 out of 2 new pods"),
    (obj("DaemonSet", DAEMONS | {"numberAvailable": 0}), "Progressing", "0 of 2 updated pods"),
    (obj("ReplicaSet", rolled(), TWO), "Healthy", ""),
    (obj("ReplicaSet", rolled(), TWO, **OLD), "Progressing", "observed replica set generation"),
    (obj("ReplicaSet", rolled(availableReplicas=1), TWO), "Progressing", "1 out of 2 new replicas"),
    (obj("ReplicaSet", rolled() | cond("ReplicaFailure", message="quota"), TWO), "Degraded", "quota"),
    (obj("ReplicaSet", rolled() | cond("ReplicaFailure", "False"), TWO), "Healthy", ""),
    (obj("Job"), "Progressing", ""),
    (obj("Job", cond("Complete", message="all")), "Healthy", "all"),
    (obj("Job", cond("Failed", message="limit")), "Degraded", "limit"),
    (obj("Job", cond("Failed", "False")), "Progressing", ""),
    (obj("Job", cond("Suspended", message="held")), "Suspended", "held"),
    (obj("Workflow"), "Progressing", ""),
    (obj("Workflow", {"phase": "Running"}), "Progressing", ""),
    (obj("Workflow", {"phase": "Succeeded"}), "Healthy", ""),
    (obj("Workflow", {"phase": "Error", "message": "x"}), "Degraded", "x"),
    (obj("Workflow", {"phase": "Odd"}), "Unknown", ""),
    (obj("Pod", {"phase": "Pending", "message": "m"}), "Progressing", "m"),
    (obj("Pod", {"phase": "Pending"} | WAITING), "Degraded", "no image"),
    (obj("Pod", {"phase": "Pending"} | WAITING, {"restartPolicy": "Never"}), "Progressing", ""),
    (obj("Pod", {"phase": "Pending"} | WAITING, {"restartPolicy": "Never"}, annotations={"argocd.argoproj.io/ignore-restart-policy": "true"}), "Degraded", "no image"),
    (obj("Pod", {"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}), "Progressing", ""),
    (obj("Pod", {"phase": "Succeeded"}), "Healthy", ""),
    (obj("Pod", {"phase": "Failed", "message": "evicted"}), "Degraded", "evicted"),
    (obj("Pod", ended(message="bad flag")), "Degraded", "bad flag"),
    (obj("Pod", ended(reason="OOMKilled")), "Degraded", "OOMKilled"),
    (obj("Pod", ended(exitCode=3)), "Degraded", 'container "c" failed with exit code 3'),
    (obj("Pod", ended(exitCode=0)), "Degraded", ""),
    (obj("Pod", {"phase": "Running"} | cond("Ready")), "Healthy", ""),
    (obj("Pod", {"phase": "Running"} | cond("Ready", "False")), "Progressing", ""),
    (obj("Pod", {"phase": "Running", "containerStatuses": [{"lastState": {"terminated": {"exitCode": 1}}}]}), "Degraded", ""),
    (obj("Pod", {"phase": "Running"}, {"restartPolicy": "OnFailure"}), "Progressing", ""),
    (obj("Pod"), "Unknown", ""),
    (obj("PersistentVolumeClaim", {"phase": "Bound"}), "Healthy", ""),
    (obj("PersistentVolumeClaim", {"phase": "Pending"}), "Progressing", ""),
    (obj("PersistentVolumeClaim", {"phase": "Lost"}), "Degraded", ""),
    (obj("PersistentVolumeClaim"), "Unknown", ""),
    (obj("Service"), "Healthy", ""),
    (obj("Service", {}, {"type": "LoadBalancer"}), "Progressing", ""),
    (obj("Service", {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}, {"type": "LoadBalancer"}), "Healthy", ""),
    (obj("Ingress"), "Progressing", ""),
    (obj("Ingress", {"loadBalancer": {"ingress": [{"hostname": "h"}]}}), "Healthy", ""),
    (obj("HorizontalPodAutoscaler"), "Progressing", "Waiting to Autoscale"),
    (obj("HorizontalPodAutoscaler", cond("AbleToScale", reason="ReadyForNewScale")), "Healthy", "ReadyForNewScale"),
    (obj("HorizontalPodAutoscaler", cond("AbleToScale", "False", reason="FailedGetScale", message="gone")), "Degraded", "gone"),
    (obj("HorizontalPodAutoscaler", cond("ScalingActive", "False", reason="ScalingDisabled")), "Progressing", "Waiting"),
    (obj("HorizontalPodAutoscaler", annotations={"autoscaling.alpha.kubernetes.io/conditions": '[{"type":"ScalingActive","status":"False","reason":"InvalidSelector","message":"x"}]'}), "Degraded", "x"),
    (obj("HorizontalPodAutoscaler", annotations={"autoscaling.alpha.kubernetes.io/conditions": "no JSON"}), "Unknown", "cannot be read"),
    (obj("APIService"), "Progressing", "Waiting to be processed"),
    (obj("APIService", cond("Available", reason="Passed", message="ok")), "Healthy", "Passed: ok"),
    (obj("APIService", cond("Available", "False", reason="Missing", message="svc")), "Progressing", "Missing: svc"),
    (obj("CustomResourceDefinition"), "Progressing", "conditions not found"),
    (obj("CustomResourceDefinition", cond("Established")), "Healthy", "CRD is healthy"),
    (obj("CustomResourceDefinition", cond("Established", "False", message="soon")), "Degraded", "not established: soon"),
    (obj("CustomResourceDefinition", cond("NamesAccepted", "False", message="taken")), "Degraded", "taken"),
    (obj("CustomResourceDefinition", cond("Terminating", message="bye")), "Progressing", "terminated: bye"),
    (obj("CustomResourceDefinition", {"conditions": [*cond("Established")["conditions"], *cond("NonStructuralSchema", message="s")["conditions"]]}), "Degraded", "violations found: s"),
    (obj("Deployment", {"conditions": 3}), "Unknown", "cannot be read"),
    (obj("Pod", {"phase": "Succeeded"}, deletionTimestamp="2026-01-01T00:00:00Z"), "Progressing", "Pending deletion"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "status", "words"), CASES)
def test_health(found: Object, status: str, words: str) -> None:
    """The status, and what its message says."""
    health = assess(found, NOW)
    assert health is not None
    assert health.status == status
    assert words in health.message


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("argoproj.io/v1alpha1", "Application"),
        ("v1", "Namespace"),
        ("x.io/v1", "Widget"),
        ("batch/v1", "CronJob"),
    ],
)
def test_other_kinds_have_none(api: str, kind: str) -> None:
    """An app-of-apps must not block on its children by surprise."""
    assert assess({"apiVersion": api, "kind": kind, "metadata": {"name": "a"}}, NOW) is None


def test_an_installations_rule_comes_first() -> None:
    """For any kind; where it says nothing the built-in rule answers."""
    said = Health(HealthStatus.SUSPENDED, "by rule")
    pod = obj("Pod", {"phase": "Succeeded"})
    assert assess(pod, NOW, custom=lambda _: said) == said
    assert assess(pod, NOW, custom=lambda _: None) == Health(HealthStatus.HEALTHY)


def test_every_rule_has_a_case() -> None:
    """A new rule without one is found here; Ingress is in two groups."""
    assert {kind.kind for kind in RULES} == {found["kind"] for found, _, _ in CASES}


def test_the_worst_outweighs_the_others() -> None:
    """Healthy for none."""
    assert worst([]) is HealthStatus.HEALTHY
    assert worst([HealthStatus.DEGRADED, HealthStatus.UNKNOWN, HealthStatus.MISSING]) is HealthStatus.UNKNOWN
    assert worst([HealthStatus.SUSPENDED, HealthStatus.PROGRESSING]) is HealthStatus.PROGRESSING


BAD, GOOD = Health(HealthStatus.DEGRADED), Health(HealthStatus.HEALTHY)


@pytest.mark.parametrize(
    ("objects", "status"),
    [
        ([], "Healthy"),
        ([(obj("Pod"), GOOD), (obj("Pod"), None)], "Healthy"),
        ([(obj("Pod"), GOOD), (obj("Pod"), BAD)], "Degraded"),
        ([(None, None)], "Missing"),
        ([(None, None), (obj("Pod"), GOOD)], "Healthy"),
        ([(obj("Pod", annotations={"argocd.argoproj.io/ignore-healthcheck": "true"}), BAD)], "Healthy"),
        (
            [({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}, Health(HealthStatus.UNKNOWN))],
            "Healthy",
        ),
        ([({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}, BAD)], "Degraded"),
    ],
)
def test_an_applications_health(objects: list[tuple[Object | None, Health | None]], status: str) -> None:
    """The worst of what is there; Missing when nothing is."""
    assert application_health(objects) == status
