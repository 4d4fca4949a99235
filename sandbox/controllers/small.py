"""The small ones: claims are bound, load balancers and ingresses get an address, deleted definitions end."""

from __future__ import annotations

from typing import Any

from sandbox.controllers.actor import Actor
from sandbox.controllers.runtime import EVERYTHING, NO_KEYS, Select, itself
from sandbox.crds import CLEANUP, DEFINITIONS
from sandbox.store import Event, Key, Storage

Fields = dict[str, Any]
CLAIMS = ("", "persistentvolumeclaims")
VOLUMES = ("", "persistentvolumes")
SERVICES = ("", "services")
INGRESSES = ("networking.k8s.io", "ingresses")
PROTECTION = "kubernetes.io/pvc-protection"


class Claims:
    """Gives each claim a volume of its own, and takes it away with the claim."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self.watches: dict[Storage, Select] = {CLAIMS: itself}

    def reconcile(self, key: Key) -> None:
        """Bind, or let go."""
        claim = self._actor.get(CLAIMS, key)
        if claim is None:
            for entry in self._actor.state.store.collection(VOLUMES).select(""):
                reference = (entry.load().get("spec") or {}).get("claimRef") or {}
                if (reference.get("namespace"), reference.get("name")) == key:
                    self._actor.delete(VOLUMES, entry.key)
            return
        meta = claim["metadata"]
        if "deletionTimestamp" in meta:
            meta["finalizers"] = [f for f in meta.get("finalizers") or () if f != PROTECTION]
            self._actor.update(CLAIMS, claim)
        elif (claim.get("status") or {}).get("phase") != "Bound":
            self._bind(key, claim)

    def _bind(self, key: Key, claim: Fields) -> None:
        spec, uid = claim["spec"], claim["metadata"]["uid"]
        name = spec.get("volumeName") or f"pvc-{uid}"
        capacity = {"storage": ((spec.get("resources") or {}).get("requests") or {}).get("storage", "1Gi")}
        reference = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": key[0],
            "name": key[1],
            "uid": uid,
        }
        if self._actor.state.store.get(VOLUMES, ("", name)) is None:
            volume: Fields = {
                "capacity": capacity,
                "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
                "claimRef": reference,
                "persistentVolumeReclaimPolicy": "Delete",
                "storageClassName": spec.get("storageClassName", ""),
                "csi": {"driver": "sandbox.moorings.dev", "volumeHandle": name},
            }
            self._actor.create(VOLUMES, "", {"metadata": {"name": name}, "spec": volume})
            self._actor.put(VOLUMES, ("", name), status={"phase": "Bound"})
        self._actor.put(CLAIMS, key, spec={"volumeName": name})
        modes = spec.get("accessModes") or ["ReadWriteOnce"]
        status = {"phase": "Bound", "accessModes": modes, "capacity": capacity}
        self._actor.put(CLAIMS, key, status=status)


class Balancers:
    """Gives Services of type LoadBalancer, and Ingresses, an address."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._kinds = {"Service": SERVICES, "Ingress": INGRESSES}
        self.watches: dict[Storage, Select] = {
            SERVICES: lambda event: _named("Service", event),
            INGRESSES: lambda event: _named("Ingress", event),
        }

    def reconcile(self, key: Key) -> None:
        """Set the address when it is missing; take it when the Service is no balancer any more."""
        kind, _, namespace = key[0].partition("/")
        storage = self._kinds[kind]
        obj = self._actor.get(storage, (namespace, key[1]))
        if obj is None or "deletionTimestamp" in obj["metadata"]:
            return
        status = dict(obj.get("status") or {})
        has = bool((status.get("loadBalancer") or {}).get("ingress"))
        wants = kind == "Ingress" or obj["spec"].get("type") == "LoadBalancer"
        if wants and not has:
            address: Fields = {"ip": self._actor.state.addresses.balancers.allocate()}
            if kind == "Service":
                address["ipMode"] = "VIP"
            status["loadBalancer"] = {"ingress": [address]}
            self._actor.set_status(storage, obj, status)
        elif has and not wants:
            status["loadBalancer"] = {}
            self._actor.set_status(storage, obj, status)


def _named(kind: str, event: Event) -> tuple[Key, ...]:
    return ((f"{kind}/{event.entry.key[0]}", event.entry.key[1]),)


class DefinitionCleanup:
    """Deletes a deleted definition's objects, then lets it go."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self.watches: dict[Storage, Select] = {
            DEFINITIONS: lambda event: (event.entry.key,) if event.entry.deleting else NO_KEYS,
            EVERYTHING: self._of_definition,
        }

    def _of_definition(self, event: Event) -> tuple[Key, ...]:
        if event.type != "DELETED":
            return NO_KEYS
        kind = self._actor.state.table.of_kind(*_group_kind(event))
        return (("", f"{kind.plural}.{kind.group}"),) if kind is not None and kind.custom else NO_KEYS

    def reconcile(self, key: Key) -> None:
        """Empty it; when nothing is left, take our finalizer away."""
        definition = self._actor.get(DEFINITIONS, key)
        if definition is None or "deletionTimestamp" not in definition["metadata"]:
            return
        spec = definition["spec"]
        storage = (spec["group"], spec["names"]["plural"])
        store = self._actor.state.store
        for entry in store.collection(storage).select(""):
            if not entry.deleting:
                self._actor.delete(storage, entry.key)
        if store.collection(storage).entries:
            return
        meta = definition["metadata"]
        if CLEANUP in (meta.get("finalizers") or ()):
            meta["finalizers"] = [f for f in meta["finalizers"] if f != CLEANUP]
            self._actor.update(DEFINITIONS, definition)


def _group_kind(event: Event) -> tuple[str, str]:
    group, _, _ = event.entry.api_version.rpartition("/")
    return group, event.entry.load().get("kind", "")
