"""ReplicaSets: as many pods as they ask for."""

from __future__ import annotations

from typing import Any

from sandbox.controllers.actor import Actor
from sandbox.controllers.runtime import Select, itself
from sandbox.controllers.templates import PODS, active, is_ready, pod_from
from sandbox.store import Key, Storage

REPLICA_SETS = ("apps", "replicasets")
Fields = dict[str, Any]


class ReplicaSets:
    """Creates and deletes pods, and counts those that are ready."""

    def __init__(self, actor: Actor, storage: Storage = REPLICA_SETS) -> None:
        self._actor = actor
        self._storage = storage
        self.watches: dict[Storage, Select] = {
            storage: itself,
            PODS: lambda event: actor.owners_of(event, storage),
        }

    def reconcile(self, key: Key) -> None:
        """Add or take away pods; write the counts."""
        owner = self._actor.get(self._storage, key)
        if owner is None:
            return
        pods = active(self._actor.owned(owner["metadata"]["uid"], PODS))
        if "deletionTimestamp" not in owner["metadata"]:
            wanted = owner["spec"].get("replicas", 1)
            for _ in range(wanted - len(pods)):
                template = owner["spec"].get("template") or {}
                self._actor.create(PODS, key[0], pod_from(template, owner))
            for pod in sorted(pods, key=_least_wanted)[: max(0, len(pods) - wanted)]:
                self._actor.delete(PODS, (key[0], pod["metadata"]["name"]))
            pods = active(self._actor.owned(owner["metadata"]["uid"], PODS))
        self._actor.set_status(self._storage, owner, _status(owner, pods))


def _least_wanted(pod: Fields) -> tuple[bool, str]:
    """Those that are not ready go first, then the youngest."""
    created = pod["metadata"].get("creationTimestamp", "")
    return (is_ready(pod), "".join(chr(255 - ord(letter)) for letter in created))


def _status(owner: Fields, pods: list[Fields]) -> Fields:
    ready = sum(is_ready(pod) for pod in pods)
    status: Fields = {
        "replicas": len(pods),
        "observedGeneration": owner["metadata"].get("generation", 1),
    }
    if pods:
        status["fullyLabeledReplicas"] = len(pods)
    if ready:
        status |= {"readyReplicas": ready, "availableReplicas": ready}
    kept = (owner.get("status") or {}).get("conditions")
    return status | ({"conditions": kept} if kept else {})
