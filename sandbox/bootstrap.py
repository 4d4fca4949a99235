"""What a new cluster holds before anybody asks it anything."""

from __future__ import annotations

from typing import Any

from sandbox.addresses import NODE_ADDRESS
from sandbox.schemas import KUBERNETES_VERSION
from sandbox.state import ClusterState, WriteContext
from sandbox.writes import create

NODE = "sandbox"
_SYSTEM = WriteContext(manager="kube-apiserver", validation="Ignore")
_CAPACITY = {"cpu": "8", "memory": "16Gi", "pods": "1000", "ephemeral-storage": "100Gi"}


def bootstrap(state: ClusterState) -> None:
    """Create the node, the namespaces, the API's Service and a storage class; what is there already stays."""
    for name in ("default", "kube-node-lease", "kube-public", "kube-system"):
        _ensure(state, "", "namespaces", "", {"metadata": {"name": name}})
    node: dict[str, Any] = {
        "metadata": {
            "name": NODE,
            "labels": {
                "kubernetes.io/hostname": NODE,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node-role.kubernetes.io/control-plane": "",
            },
        },
        "spec": {"podCIDR": "10.244.0.0/16"},
    }
    if _ensure(state, "", "nodes", "", node):
        _node_status(state)
    _ensure(state, "", "services", "default", {
        "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]},
    })  # fmt: skip
    _ensure(state, "storage.k8s.io", "storageclasses", "", {
        "metadata": {
            "name": "standard",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "sandbox.moorings.dev/memory",
    })  # fmt: skip
    for name, value in (("system-cluster-critical", 2000000000), ("system-node-critical", 2000001000)):
        _ensure(
            state, "scheduling.k8s.io", "priorityclasses", "", {"metadata": {"name": name}, "value": value}
        )


def _ensure(state: ClusterState, group: str, plural: str, namespace: str, obj: dict[str, Any]) -> bool:
    resource = state.table.of_storage((group, plural))
    if resource is None or state.store.get((group, plural), (namespace, obj["metadata"]["name"])):
        return False
    create(state, resource, namespace, obj, _SYSTEM)
    return True


def _node_status(state: ClusterState) -> None:
    entry = state.store.get(("", "nodes"), ("", NODE))
    if entry is None:
        return
    node = entry.load()
    now = state.stamp()
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    }
    node["status"] = {
        "capacity": _CAPACITY,
        "allocatable": _CAPACITY,
        "conditions": [ready],
        "addresses": [
            {"type": "InternalIP", "address": NODE_ADDRESS},
            {"type": "Hostname", "address": NODE},
        ],
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": "",
            "containerRuntimeVersion": "sandbox://1",
            "kernelVersion": "sandbox",
            "kubeProxyVersion": KUBERNETES_VERSION,
            "kubeletVersion": KUBERNETES_VERSION,
            "machineID": "",
            "operatingSystem": "linux",
            "osImage": "Moorings sandbox",
            "systemUUID": "",
        },
    }
    state.store.put(("", "nodes"), node)
