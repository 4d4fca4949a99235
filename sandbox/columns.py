"""The columns that kubectl shows of the built-in kinds, in its words and order. Priority 1 is `-o wide`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from sandbox.durations import age, human
from sandbox.jsonpath import first_value, values
from sandbox.selectors import selector_text

Fields = dict[str, Any]
Cell = Callable[[Fields, datetime], Any]


class Column(msgspec.Struct, frozen=True):
    """One column and how its cells are made."""

    name: str
    cell: Cell
    type: str = "string"
    priority: int = 0


def _at(path: str, *, default: Any = "<none>") -> Cell:
    def cell(obj: Fields, _now: datetime) -> Any:
        found = first_value(path, obj)
        return default if found in (None, "") else found

    return cell


def _joined(path: str, *, default: str = "<none>") -> Cell:
    return lambda obj, _now: ",".join(str(v) for v in values(path, obj)) or default


def _count(path: str) -> Cell:
    return lambda obj, _now: len(first_value(path, obj) or ())


def _selector(path: str) -> Cell:
    def cell(obj: Fields, _now: datetime) -> str:
        found = first_value(path, obj) or {}
        if "matchLabels" not in found and "matchExpressions" not in found:
            found = {"matchLabels": found}
        return selector_text(found) or "<none>"

    return cell


def _ready(ready: str, wanted: str) -> Cell:
    return lambda obj, _now: f"{first_value(ready, obj) or 0}/{_number(first_value(wanted, obj), 0)}"


def _number(value: Any, default: int) -> Any:
    return default if value is None else value


def _span(path: str) -> Cell:
    return lambda obj, now: age(first_value(path, obj), now) if first_value(path, obj) else "<none>"


def _pod_ready(obj: Fields, _now: datetime) -> str:
    statuses = first_value(".status.containerStatuses", obj) or []
    return f"{sum(bool(s.get('ready')) for s in statuses)}/{len(first_value('.spec.containers', obj) or ())}"


def _pod_status(obj: Fields, _now: datetime) -> str:
    status = obj.get("status") or {}
    reason = status.get("reason") or status.get("phase") or "Unknown"
    for container in status.get("containerStatuses") or ():
        state = container.get("state") or {}
        waiting = (state.get("waiting") or {}).get("reason")
        ended = (state.get("terminated") or {}).get("reason")
        reason = waiting or ended or reason
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else reason


def _pod_restarts(obj: Fields, _now: datetime) -> str:
    return str(sum(values(".status.containerStatuses[*].restartCount", obj)))


def _service_address(obj: Fields, _now: datetime) -> str:
    spec = obj.get("spec") or {}
    listed = list(spec.get("externalIPs") or ())
    if spec.get("type") == "LoadBalancer":
        listed += values(".status.loadBalancer.ingress[*].ip", obj)
        return ",".join(listed) or "<pending>"
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    return ",".join(listed) or "<none>"


def _service_ports(obj: Fields, _now: datetime) -> str:
    shown = []
    for port in (obj.get("spec") or {}).get("ports") or ():
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        shown.append(f"{port.get('port')}{node}/{port.get('protocol')}")
    return ",".join(shown) or "<none>"


def _node_status(obj: Fields, _now: datetime) -> str:
    ready = first_value('.status.conditions[?(@.type=="Ready")].status', obj)
    status = {"True": "Ready", "False": "NotReady"}.get(ready or "", "Unknown")
    return status + (",SchedulingDisabled" if first_value(".spec.unschedulable", obj) else "")


def _job_status(obj: Fields, _now: datetime) -> str:
    for kind in ("Complete", "Failed", "Suspended"):
        if first_value(f'.status.conditions[?(@.type=="{kind}")].status', obj) == "True":
            return kind
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else "Running"


def _job_duration(obj: Fields, now: datetime) -> str:
    start, end = first_value(".status.startTime", obj), first_value(".status.completionTime", obj)
    if not start:
        return ""
    return human(
        ((datetime.fromisoformat(end) if end else now) - datetime.fromisoformat(start)).total_seconds()
    )


def _ingress_hosts(obj: Fields, _now: datetime) -> str:
    return ",".join(rule.get("host") or "*" for rule in first_value(".spec.rules", obj) or ()) or "*"


def _data(obj: Fields, _now: datetime) -> int:
    return len(obj.get("data") or ()) + len(obj.get("binaryData") or ())


def _access_modes(obj: Fields, _now: datetime) -> str:
    short = {
        "ReadWriteOnce": "RWO",
        "ReadOnlyMany": "ROX",
        "ReadWriteMany": "RWX",
        "ReadWriteOncePod": "RWOP",
    }
    modes = first_value(".status.accessModes", obj) or first_value(".spec.accessModes", obj) or ()
    return ",".join(short.get(mode, mode) for mode in modes)


def _role(obj: Fields, _now: datetime) -> str:
    reference = obj.get("roleRef") or {}
    return f"{reference.get('kind')}/{reference.get('name')}"


def _event_object(obj: Fields, _now: datetime) -> str:
    found = obj.get("involvedObject") or obj.get("regarding") or {}
    return f"{str(found.get('kind', '')).lower()}/{found.get('name', '')}"


AGE = Column("Age", _span(".metadata.creationTimestamp"))
_CONTAINERS = (
    Column("Containers", _joined(".spec.template.spec.containers[*].name"), priority=1),
    Column("Images", _joined(".spec.template.spec.containers[*].image"), priority=1),
    Column("Selector", _selector(".spec.selector"), priority=1),
)


def _integer(name: str, path: str) -> Column:
    return Column(name, _at(path, default=0), "integer")


COLUMNS: dict[tuple[str, str], tuple[Column, ...]] = {
    ("", "Pod"): (
        Column("Ready", _pod_ready),
        Column("Status", _pod_status),
        Column("Restarts", _pod_restarts),
        AGE,
        Column("IP", _at(".status.podIP"), priority=1),
        Column("Node", _at(".spec.nodeName"), priority=1),
        Column("Nominated Node", _at(".status.nominatedNodeName"), priority=1),
        Column("Readiness Gates", _at(".spec.readinessGates[0].conditionType"), priority=1),
    ),
    ("apps", "Deployment"): (
        Column("Ready", _ready(".status.readyReplicas", ".spec.replicas")),
        _integer("Up-to-date", ".status.updatedReplicas"),
        _integer("Available", ".status.availableReplicas"),
        AGE,
        *_CONTAINERS,
    ),
    ("apps", "ReplicaSet"): (
        _integer("Desired", ".spec.replicas"),
        _integer("Current", ".status.replicas"),
        _integer("Ready", ".status.readyReplicas"),
        AGE,
        *_CONTAINERS,
    ),
    ("apps", "StatefulSet"): (
        Column("Ready", _ready(".status.readyReplicas", ".spec.replicas")),
        AGE,
        *_CONTAINERS[:2],
    ),
    ("apps", "DaemonSet"): (
        _integer("Desired", ".status.desiredNumberScheduled"),
        _integer("Current", ".status.currentNumberScheduled"),
        _integer("Ready", ".status.numberReady"),
        _integer("Up-to-date", ".status.updatedNumberScheduled"),
        _integer("Available", ".status.numberAvailable"),
        Column("Node Selector", _selector(".spec.template.spec.nodeSelector")),
        AGE,
        *_CONTAINERS,
    ),
    ("batch", "Job"): (
        Column("Status", _job_status),
        Column("Completions", _ready(".status.succeeded", ".spec.completions")),
        Column("Duration", _job_duration),
        AGE,
        *_CONTAINERS,
    ),
    ("batch", "CronJob"): (
        Column("Schedule", _at(".spec.schedule")),
        Column("Timezone", _at(".spec.timeZone")),
        Column("Suspend", lambda obj, _now: str(bool(first_value(".spec.suspend", obj)))),
        Column("Active", _count(".status.active"), "integer"),
        Column("Last Schedule", _span(".status.lastScheduleTime")),
        AGE,
    ),
    ("", "Service"): (
        Column("Type", _at(".spec.type")),
        Column("Cluster-IP", _at(".spec.clusterIP")),
        Column("External-IP", _service_address),
        Column("Port(s)", _service_ports),
        AGE,
        Column("Selector", _selector(".spec.selector"), priority=1),
    ),
    ("", "Namespace"): (Column("Status", _at(".status.phase")), AGE),
    ("", "Node"): (
        Column("Status", _node_status),
        Column("Roles", lambda _obj, _now: "control-plane"),
        AGE,
        Column("Version", _at(".status.nodeInfo.kubeletVersion")),
        Column("Internal-IP", _at('.status.addresses[?(@.type=="InternalIP")].address'), priority=1),
        Column("OS-Image", _at(".status.nodeInfo.osImage"), priority=1),
        Column("Container-Runtime", _at(".status.nodeInfo.containerRuntimeVersion"), priority=1),
    ),
    ("", "ConfigMap"): (Column("Data", _data, "integer"), AGE),
    ("", "Secret"): (Column("Type", _at(".type")), Column("Data", _data, "integer"), AGE),
    ("", "ServiceAccount"): (Column("Secrets", _count(".secrets"), "integer"), AGE),
    ("", "Endpoints"): (Column("Endpoints", _joined(".subsets[*].addresses[*].ip")), AGE),
    ("", "PersistentVolumeClaim"): (
        Column("Status", _at(".status.phase")),
        Column("Volume", _at(".spec.volumeName", default="")),
        Column("Capacity", _at(".status.capacity.storage", default="")),
        Column("Access Modes", _access_modes),
        Column("StorageClass", _at(".spec.storageClassName", default="")),
        AGE,
    ),
    ("", "PersistentVolume"): (
        Column("Capacity", _at(".spec.capacity.storage", default="")),
        Column("Access Modes", _access_modes),
        Column("Reclaim Policy", _at(".spec.persistentVolumeReclaimPolicy")),
        Column("Status", _at(".status.phase")),
        Column("Claim", _at(".spec.claimRef.name", default="")),
        Column("StorageClass", _at(".spec.storageClassName", default="")),
        AGE,
    ),
    ("", "Event"): (
        Column("Last Seen", _span(".lastTimestamp")),
        Column("Type", _at(".type")),
        Column("Reason", _at(".reason")),
        Column("Object", _event_object),
        Column("Message", _at(".message")),
    ),
    ("networking.k8s.io", "Ingress"): (
        Column("Class", _at(".spec.ingressClassName")),
        Column("Hosts", _ingress_hosts),
        Column("Address", _joined(".status.loadBalancer.ingress[*].ip", default="")),
        Column("Ports", lambda obj, _now: "80, 443" if first_value(".spec.tls", obj) else "80"),
        AGE,
    ),
    ("networking.k8s.io", "NetworkPolicy"): (Column("Pod-Selector", _selector(".spec.podSelector")), AGE),
    ("rbac.authorization.k8s.io", "RoleBinding"): (Column("Role", _role), AGE),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (Column("Role", _role), AGE),
    ("rbac.authorization.k8s.io", "Role"): (Column("Created At", _at(".metadata.creationTimestamp")),),
    ("rbac.authorization.k8s.io", "ClusterRole"): (Column("Created At", _at(".metadata.creationTimestamp")),),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        Column("Created At", _at(".metadata.creationTimestamp")),
    ),
    ("storage.k8s.io", "StorageClass"): (
        Column("Provisioner", _at(".provisioner")),
        Column("ReclaimPolicy", _at(".reclaimPolicy")),
        Column("VolumeBindingMode", _at(".volumeBindingMode")),
        Column("AllowVolumeExpansion", lambda obj, _now: str(bool(obj.get("allowVolumeExpansion"))).lower()),
        AGE,
    ),
    ("autoscaling", "HorizontalPodAutoscaler"): (
        Column(
            "Reference",
            lambda obj, _now: "{kind}/{name}".format(
                **(first_value(".spec.scaleTargetRef", obj) or {"kind": "", "name": ""})
            ),
        ),
        Column("Targets", lambda _obj, _now: "<unknown>"),
        Column("MinPods", _at(".spec.minReplicas", default="<unset>")),
        Column("MaxPods", _at(".spec.maxReplicas", default=0), "integer"),
        Column("Replicas", _at(".status.currentReplicas", default=0), "integer"),
        AGE,
    ),
    ("policy", "PodDisruptionBudget"): (
        Column("Min Available", _at(".spec.minAvailable", default="N/A")),
        Column("Max Unavailable", _at(".spec.maxUnavailable", default="N/A")),
        Column("Allowed Disruptions", _at(".status.disruptionsAllowed", default=0), "integer"),
        AGE,
    ),
    ("coordination.k8s.io", "Lease"): (Column("Holder", _at(".spec.holderIdentity", default="")), AGE),
}
