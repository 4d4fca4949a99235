"""Defaults of the built-in kinds: what an API server adds to what was sent.

The tables say path → value; a path's `[]` goes into every item of a list. A default is set where the field
is absent and everything before the last element is there. Sources: the fields' own documentation in the
published schemas.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import orjson

Fields = Mapping[str, Any]

_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_MODE = 0o644

_CONTAINER: dict[str, Any] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
    "ports[].protocol": "TCP",
    "env[].valueFrom.fieldRef.apiVersion": "v1",
    **{
        f"{probe}.{name}": value
        for probe in ("livenessProbe", "readinessProbe", "startupProbe")
        for name, value in (
            *_PROBE.items(),
            ("httpGet.path", "/"),
            ("httpGet.scheme", "HTTP"),
            ("grpc.service", ""),
        )
    },
    "lifecycle.postStart.httpGet.scheme": "HTTP",
    "lifecycle.postStart.httpGet.path": "/",
    "lifecycle.preStop.httpGet.scheme": "HTTP",
    "lifecycle.preStop.httpGet.path": "/",
}
_VOLUMES: dict[str, Any] = {
    "volumes[].configMap.defaultMode": _MODE,
    "volumes[].secret.defaultMode": _MODE,
    "volumes[].projected.defaultMode": _MODE,
    "volumes[].downwardAPI.defaultMode": _MODE,
    "volumes[].downwardAPI.items[].fieldRef.apiVersion": "v1",
    "volumes[].projected.sources[].serviceAccountToken.expirationSeconds": 3600,
    "volumes[].projected.sources[].downwardAPI.items[].fieldRef.apiVersion": "v1",
    "volumes[].hostPath.type": "",
    "volumes[].ephemeral.volumeClaimTemplate.spec.volumeMode": "Filesystem",
    "volumes[].iscsi.iscsiInterface": "default",
    "volumes[].rbd.pool": "rbd",
    "volumes[].azureDisk.cachingMode": "ReadWrite",
}
POD_SPEC: dict[str, Any] = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
    **{f"containers[].{path}": value for path, value in _CONTAINER.items()},
    **{f"initContainers[].{path}": value for path, value in _CONTAINER.items()},
    **_VOLUMES,
}


def _template(prefix: str, overrides: Fields | None = None) -> dict[str, Any]:
    found = {f"{prefix}.spec.{path}": value for path, value in POD_SPEC.items()}
    found = {f"{prefix}.spec": {}} | found
    return found | {f"{prefix}.spec.{path}": value for path, value in (overrides or {}).items()}


_CLAIM = {"spec.volumeMode": "Filesystem"}
_JOB = {
    "completionMode": "NonIndexed",
    "suspend": False,
    "backoffLimit": 6,
    "podReplacementPolicy": "TerminatingOrFailed",
    "manualSelector": False,
}
_WEBHOOK = {
    "failurePolicy": "Fail",
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "timeoutSeconds": 10,
    "rules[].scope": "*",
    "clientConfig.service.port": 443,
}

TABLES: dict[tuple[str, str], dict[str, Any]] = {
    ("", "Pod"): {
        "spec": {},
        **{f"spec.{path}": value for path, value in POD_SPEC.items()},
        "spec.enableServiceLinks": True,
    },
    ("", "PodTemplate"): _template("template"),
    ("", "ReplicationController"): {"spec.replicas": 1, **_template("spec.template")},
    ("", "Secret"): {"type": "Opaque"},
    ("", "Service"): {
        "spec.sessionAffinity": "None",
        "spec.type": "ClusterIP",
        "spec.ports[].protocol": "TCP",
    },
    ("", "Namespace"): {
        "spec": {},
        "spec.finalizers": ["kubernetes"],
        "status": {},
        "status.phase": "Active",
    },
    ("", "PersistentVolumeClaim"): {**_CLAIM, "status": {}, "status.phase": "Pending"},
    ("", "PersistentVolume"): {
        "spec.persistentVolumeReclaimPolicy": "Retain",
        "spec.volumeMode": "Filesystem",
        "spec.hostPath.type": "",
        "status": {},
        "status.phase": "Pending",
    },
    ("", "Endpoints"): {"subsets[].ports[].protocol": "TCP"},
    ("apps", "Deployment"): {
        "spec.replicas": 1,
        "spec.strategy": {},
        "spec.strategy.type": "RollingUpdate",
        "spec.revisionHistoryLimit": 10,
        "spec.progressDeadlineSeconds": 600,
        **_template("spec.template"),
    },
    ("apps", "ReplicaSet"): {"spec.replicas": 1, **_template("spec.template")},
    ("apps", "StatefulSet"): {
        "spec.replicas": 1,
        "spec.podManagementPolicy": "OrderedReady",
        "spec.revisionHistoryLimit": 10,
        "spec.updateStrategy": {},
        "spec.updateStrategy.type": "RollingUpdate",
        "spec.persistentVolumeClaimRetentionPolicy": {},
        "spec.persistentVolumeClaimRetentionPolicy.whenDeleted": "Retain",
        "spec.persistentVolumeClaimRetentionPolicy.whenScaled": "Retain",
        "spec.volumeClaimTemplates[].apiVersion": "v1",
        "spec.volumeClaimTemplates[].kind": "PersistentVolumeClaim",
        **{f"spec.volumeClaimTemplates[].{path}": value for path, value in _CLAIM.items()},
        "spec.volumeClaimTemplates[].status": {},
        "spec.volumeClaimTemplates[].status.phase": "Pending",
        **_template("spec.template"),
    },
    ("apps", "DaemonSet"): {
        "spec.revisionHistoryLimit": 10,
        "spec.updateStrategy": {},
        "spec.updateStrategy.type": "RollingUpdate",
        **_template("spec.template"),
    },
    ("batch", "Job"): {
        **{f"spec.{path}": value for path, value in _JOB.items()},
        **_template("spec.template"),
    },
    ("batch", "CronJob"): {
        "spec.concurrencyPolicy": "Allow",
        "spec.suspend": False,
        "spec.successfulJobsHistoryLimit": 3,
        "spec.failedJobsHistoryLimit": 1,
        **_template("spec.jobTemplate.spec.template"),
    },
    ("autoscaling", "HorizontalPodAutoscaler"): {
        "spec.minReplicas": 1,
        "spec.behavior.scaleUp.stabilizationWindowSeconds": 0,
        "spec.behavior.scaleUp.selectPolicy": "Max",
        "spec.behavior.scaleDown.selectPolicy": "Max",
    },
    ("networking.k8s.io", "NetworkPolicy"): {
        "spec.ingress[].ports[].protocol": "TCP",
        "spec.egress[].ports[].protocol": "TCP",
        "spec.podSelector": {},
    },
    ("storage.k8s.io", "StorageClass"): {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
    ("storage.k8s.io", "CSIDriver"): {
        "spec.attachRequired": True,
        "spec.podInfoOnMount": False,
        "spec.storageCapacity": False,
        "spec.requiresRepublish": False,
        "spec.seLinuxMount": False,
        "spec.fsGroupPolicy": "ReadWriteOnceWithFSType",
        "spec.volumeLifecycleModes": ["Persistent"],
    },
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): {
        f"webhooks[].{path}": value for path, value in (*_WEBHOOK.items(), ("reinvocationPolicy", "Never"))
    },
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): {
        f"webhooks[].{path}": value for path, value in _WEBHOOK.items()
    },
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): {
        "spec.failurePolicy": "Fail",
        "spec.matchConstraints.matchPolicy": "Equivalent",
        "spec.matchConstraints.namespaceSelector": {},
        "spec.matchConstraints.objectSelector": {},
    },
    ("scheduling.k8s.io", "PriorityClass"): {"preemptionPolicy": "PreemptLowerPriority"},
    ("discovery.k8s.io", "EndpointSlice"): {"ports[].protocol": "TCP", "ports[].name": ""},
    ("apiextensions.k8s.io", "CustomResourceDefinition"): {
        "spec.conversion": {},
        "spec.conversion.strategy": "None",
    },
}


class _Branch:
    """A table as a tree, so that one walk of the object sets all of it."""

    __slots__ = ("children", "items", "value")

    def __init__(self) -> None:
        self.value: bytes | None = None
        self.children: dict[str, _Branch] = {}
        self.items: dict[str, _Branch] = {}


def _tree(table: Fields) -> _Branch:
    root = _Branch()
    for path, value in table.items():
        here = root
        for step in path.split("."):
            into = here.items if step.endswith("[]") else here.children
            here = into.setdefault(step.removesuffix("[]"), _Branch())
        here.value = orjson.dumps(value)
    return root


def _fill(branch: _Branch, value: dict[str, Any]) -> None:
    for name, below in branch.children.items():
        item = value.get(name)
        if item is None:
            if below.value is None:
                continue
            item = value[name] = orjson.loads(below.value)
        if isinstance(item, dict) and (below.children or below.items):
            _fill(below, item)
    for name, below in branch.items.items():
        for each in value.get(name) or ():
            if isinstance(each, dict):
                _fill(below, each)


_TREES = {kind: _tree(table) for kind, table in TABLES.items()}


def apply_defaults(group: str, kind: str, obj: dict[str, Any]) -> None:
    """Fill in a built-in object's defaults, in place. Values of the wrong type are left alone."""
    tree = _TREES.get((group, kind))
    if tree is not None:
        _fill(tree, obj)
    for rule in _RULES.get((group, kind), ()):
        rule(obj)


def pod_template(obj: dict[str, Any]) -> dict[str, Any]:
    """The pod spec of a workload (or of a Pod itself); empty when there is none."""
    spec: dict[str, Any] = obj.get("spec") or {}
    if obj.get("kind") == "Pod":
        return spec
    if obj.get("kind") == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    return (spec.get("template") or {}).get("spec") or {}


def _pod(obj: dict[str, Any]) -> None:
    spec = pod_template(obj)
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        image = str(container.get("image") or "")
        tag = image.rpartition("/")[2]
        latest = "@" not in tag and (":" not in tag or tag.endswith(":latest"))
        container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
        limits = (container.get("resources") or {}).get("limits") or {}
        for name, amount in limits.items():
            container["resources"].setdefault("requests", {}).setdefault(name, amount)
    if spec.get("hostNetwork"):
        for container in spec.get("containers") or ():
            for port in container.get("ports") or ():
                port.setdefault("hostPort", port.get("containerPort"))
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = account
        spec["serviceAccount"] = account


def _rolling(obj: dict[str, Any]) -> None:
    strategy = obj["spec"]["strategy"] if obj.get("spec") else {}
    if strategy.get("type") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def _daemon_rolling(obj: dict[str, Any]) -> None:
    strategy = obj["spec"]["updateStrategy"] if obj.get("spec") else {}
    if strategy.get("type") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)


def _stateful_rolling(obj: dict[str, Any]) -> None:
    strategy = obj["spec"]["updateStrategy"] if obj.get("spec") else {}
    if strategy.get("type") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)


def _job(obj: dict[str, Any]) -> None:
    spec = obj.get("spec") or {}
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = spec["parallelism"] = 1
    spec.setdefault("parallelism", 1)


def _service(obj: dict[str, Any]) -> None:
    spec = obj.get("spec") or {}
    if spec.get("type") != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    for port in spec.get("ports") or ():
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port")
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec.get("type") == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec.get("sessionAffinity") == "ClientIP":
        config = spec.setdefault("sessionAffinityConfig", {})
        config.setdefault("clientIP", {}).setdefault("timeoutSeconds", 10800)


def _secret(obj: dict[str, Any]) -> None:
    written = obj.pop("stringData", None)
    if isinstance(written, dict):
        kept = obj.setdefault("data", {})
        for name, value in written.items():
            kept[name] = b64encode(str(value).encode()).decode()


def _policy_types(obj: dict[str, Any]) -> None:
    spec = obj.get("spec") or {}
    spec.setdefault("policyTypes", ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])


def _role_ref(obj: dict[str, Any]) -> None:
    obj.setdefault("roleRef", {}).setdefault("apiGroup", "rbac.authorization.k8s.io")
    for subject in obj.get("subjects") or ():
        if "apiGroup" not in subject and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = "rbac.authorization.k8s.io"


def _autoscaler(obj: dict[str, Any]) -> None:
    spec = obj.get("spec") or {}
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def _definition_names(obj: dict[str, Any]) -> None:
    names = (obj.get("spec") or {}).get("names") or {}
    kind = names.get("kind")
    if isinstance(kind, str):
        names.setdefault("singular", kind.lower())
        names.setdefault("listKind", f"{kind}List")


_WORKLOAD = ((("apps", "ReplicaSet"), _pod), (("", "Pod"), _pod), (("", "ReplicationController"), _pod))
_RULES: dict[tuple[str, str], tuple[Callable[[dict[str, Any]], None], ...]] = {
    **{kind: (rule,) for kind, rule in _WORKLOAD},
    ("apps", "Deployment"): (_pod, _rolling),
    ("apps", "DaemonSet"): (_pod, _daemon_rolling),
    ("apps", "StatefulSet"): (_pod, _stateful_rolling),
    ("batch", "Job"): (_pod, _job),
    ("batch", "CronJob"): (_pod,),
    ("", "Service"): (_service,),
    ("", "Secret"): (_secret,),
    ("networking.k8s.io", "NetworkPolicy"): (_policy_types,),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (_role_ref,),
    ("rbac.authorization.k8s.io", "RoleBinding"): (_role_ref,),
    ("autoscaling", "HorizontalPodAutoscaler"): (_autoscaler,),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (_definition_names,),
}
