"""What the server itself adds to or refuses of an object, kind by kind, when it is created or changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.addresses import SERVICES
from sandbox.builtin import BUILTIN
from sandbox.crds import prepare_definition
from sandbox.resources import Resource
from sandbox.state import ClusterState
from sandbox.status import Cause, forbidden, invalid, not_found
from sandbox.structural import invalid_value

Fields = dict[str, Any]

NAMESPACES = ("", "namespaces")
_NAMESPACE = next(resource for resource in BUILTIN if resource.storage == NAMESPACES)


def check_namespace(state: ClusterState, resource: Resource, namespace: str, name: str) -> None:
    """A namespaced object is only created in a namespace that is there and stays.

    Raises:
        ApiError: 404 for the namespace, 403 while it is being terminated.
    """
    if not resource.namespaced:
        return
    found = state.store.get(NAMESPACES, ("", namespace))
    if found is None:
        raise not_found(_NAMESPACE, namespace)
    if found.deleting:
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        cause = Cause(
            "NamespaceTerminating", "metadata.namespace", f"namespace {namespace} is being terminated"
        )
        raise forbidden(resource, name, why, [cause])


def admit(
    state: ClusterState, resource: Resource, obj: Fields, live: Fields | None, *, dry_run: bool
) -> None:
    """Complete an object in place.

    Raises:
        ApiError: it asks for what cannot be given.
    """
    step = _STEPS.get((resource.group, resource.kind))
    if step is not None:
        step(state, resource, obj, live, dry_run)


def released(state: ClusterState, resource: Resource, obj: Fields) -> None:
    """Give back what a deleted object held."""
    spec = obj.get("spec") or {}
    if (resource.group, resource.kind) == ("", "Service"):
        for address in spec.get("clusterIPs") or ():
            state.addresses.services.free(address)
        for port in spec.get("ports") or ():
            state.addresses.free_port(port.get("nodePort", 0))
        for ingress in ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            state.addresses.balancers.free(ingress.get("ip", ""))
    elif (resource.group, resource.kind) == ("", "Pod"):
        state.addresses.pods.free((obj.get("status") or {}).get("podIP", ""))


def held(state: ClusterState, obj: Fields) -> None:
    """Hold again what an object read from disk had."""
    spec = obj.get("spec") or {}
    if obj.get("kind") == "Service":
        for address in spec.get("clusterIPs") or ():
            state.addresses.services.take(address)
        for port in spec.get("ports") or ():
            if port.get("nodePort"):
                state.addresses.take_port(port["nodePort"])
    elif obj.get("kind") == "Pod":
        state.addresses.pods.take((obj.get("status") or {}).get("podIP", ""))


def _namespace(
    _state: ClusterState, _resource: Resource, obj: Fields, live: Fields | None, _dry: bool
) -> None:
    meta = obj["metadata"]
    if meta.get("name"):
        meta.setdefault("labels", {})["kubernetes.io/metadata.name"] = meta["name"]
    if live is not None:
        obj["spec"] = live.get("spec", {})


def _job(_state: ClusterState, _resource: Resource, obj: Fields, live: Fields | None, _dry: bool) -> None:
    spec, meta = obj.get("spec") or {}, obj["metadata"]
    template = spec.get("template")
    if spec.get("manualSelector") or not isinstance(template, dict):
        return
    if live is not None:
        # A client that does not know what was generated leaves it out.
        spec.setdefault("selector", live["spec"].get("selector"))
        kept = ((live["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
        labels = template.setdefault("metadata", {}).setdefault("labels", {})
        for key in _job_labels("", ""):
            if key in kept:
                labels.setdefault(key, kept[key])
        return
    made = _job_labels(meta.get("uid", ""), meta.get("name", ""))
    template.setdefault("metadata", {}).setdefault("labels", {}).update(made)
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": meta.get("uid", "")}}


def _job_labels(uid: str, name: str) -> dict[str, str]:
    return {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }


def _pod(state: ClusterState, _resource: Resource, obj: Fields, live: Fields | None, _dry: bool) -> None:
    spec = obj.get("spec")
    if not isinstance(spec, dict) or live is not None:
        return
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", _priority(state, spec.get("priorityClassName", "")))
    spec.setdefault(
        "tolerations",
        [
            {
                "key": f"node.kubernetes.io/{fault}",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            }
            for fault in ("not-ready", "unreachable")
        ],
    )
    obj.setdefault("status", {})["phase"] = "Pending"
    obj["status"]["qosClass"] = qos_class(spec)


def _priority(state: ClusterState, name: str) -> int:
    found = state.store.get(("scheduling.k8s.io", "priorityclasses"), ("", name)) if name else None
    return int(found.load().get("value", 0)) if found else 0


def qos_class(spec: Fields) -> str:
    """Guaranteed, Burstable or BestEffort, by the containers' requests and limits."""
    requests: Fields = {}
    limits: Fields = {}
    complete = True
    for container in spec.get("containers") or ():
        found = container.get("resources") or {}
        requests.update(found.get("requests") or {})
        limits.update(found.get("limits") or {})
        mine = found.get("limits") or {}
        complete = complete and {"cpu", "memory"} <= set(mine)
        complete = complete and all((found.get("requests") or mine).get(name) == mine[name] for name in mine)
    if not requests and not limits:
        return "BestEffort"
    return "Guaranteed" if complete else "Burstable"


def _service(state: ClusterState, resource: Resource, obj: Fields, live: Fields | None, dry: bool) -> None:
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return
    before = (live or {}).get("spec") or {}
    if spec.get("type") == "ExternalName":
        return
    _cluster_ip(state, resource, obj, before, dry)
    if spec.get("clusterIP") != "None" or spec.get("selector"):
        spec.setdefault("ipFamilies", before.get("ipFamilies") or ["IPv4"])
        spec.setdefault("ipFamilyPolicy", before.get("ipFamilyPolicy") or "SingleStack")
    obj.setdefault("status", {}).setdefault("loadBalancer", {})
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        _node_ports(state, resource, obj, before, dry)


def _cluster_ip(state: ClusterState, resource: Resource, obj: Fields, before: Fields, dry: bool) -> None:
    spec, name = obj["spec"], obj["metadata"].get("name", "")
    asked, had = spec.get("clusterIP") or "", before.get("clusterIP") or ""
    if not asked and had:
        asked = spec["clusterIP"] = had
    if had and asked != had:
        cause = invalid_value("spec.clusterIPs[0]", [asked], "may not change once set")
        raise invalid(resource, name, [cause])
    if not asked:
        asked = spec["clusterIP"] = state.addresses.services.allocate()
        if dry:
            state.addresses.services.free(asked)
    elif not had and asked != "None":
        if asked not in state.addresses.services:
            cause = invalid_value(
                "spec.clusterIPs",
                [asked],
                f"failed to allocate IP {asked}: the provided IP ({asked}) is not in the valid range."
                f" The range of valid IPs is {SERVICES}",
            )
            raise invalid(resource, name, [cause])
        if not state.addresses.services.take(asked):
            why = f"failed to allocate IP {asked}: provided IP is already allocated"
            raise invalid(resource, name, [invalid_value("spec.clusterIPs", [asked], why)])
        if dry:
            state.addresses.services.free(asked)
    spec["clusterIPs"] = [asked]


def _node_ports(state: ClusterState, resource: Resource, obj: Fields, before: Fields, dry: bool) -> None:
    had = {(p.get("port"), p.get("protocol")): p.get("nodePort") for p in before.get("ports") or ()}
    known = set(had.values())
    for place, port in enumerate(obj["spec"].get("ports") or ()):
        asked = port.get("nodePort")
        if not asked:
            port["nodePort"] = (
                had.get((port.get("port"), port.get("protocol"))) or state.addresses.node_port()
            )
        elif asked not in known and not state.addresses.take_port(asked):
            cause = invalid_value(
                f"spec.ports[{place}].nodePort", asked, "provided port is already allocated"
            )
            raise invalid(resource, obj["metadata"].get("name", ""), [cause])
        if dry and port["nodePort"] not in known:
            state.addresses.free_port(port["nodePort"])


def _claim(state: ClusterState, _resource: Resource, obj: Fields, live: Fields | None, _dry: bool) -> None:
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return
    if live is not None:
        for name in ("storageClassName", "volumeName"):
            if name in live["spec"]:
                spec.setdefault(name, live["spec"][name])
        return
    finalizers = obj["metadata"].setdefault("finalizers", [])
    if "kubernetes.io/pvc-protection" not in finalizers:
        finalizers.append("kubernetes.io/pvc-protection")
    if "storageClassName" not in spec:
        for entry in state.store.collection(("storage.k8s.io", "storageclasses")).select(""):
            annotations = entry.load()["metadata"].get("annotations") or {}
            if annotations.get("storageclass.kubernetes.io/is-default-class") == "true":
                spec["storageClassName"] = entry.key[1]
                break


def _definition(
    state: ClusterState, _resource: Resource, obj: Fields, _live: Fields | None, _dry: bool
) -> None:
    prepare_definition(state, obj)


_Step = Callable[[ClusterState, Resource, Fields, Fields | None, bool], None]
_STEPS: dict[tuple[str, str], _Step] = {
    ("", "Namespace"): _namespace,
    ("", "Pod"): _pod,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Service"): _service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("batch", "Job"): _job,
}
