"""StatefulSets: numbered pods, one after the other, each with its claims."""

from __future__ import annotations

from typing import Any

from sandbox.controllers.actor import Actor
from sandbox.controllers.runtime import Select, itself
from sandbox.controllers.small import CLAIMS
from sandbox.controllers.templates import PODS, REVISION_LABEL, is_ready, pod_from, template_hash
from sandbox.store import Key, Storage

STATEFUL_SETS = ("apps", "statefulsets")
Fields = dict[str, Any]


class StatefulSets:
    """Brings pods up in order, and replaces outdated ones from the highest number down."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self.watches: dict[Storage, Select] = {
            STATEFUL_SETS: itself,
            PODS: lambda event: actor.owners_of(event, STATEFUL_SETS),
        }

    def reconcile(self, key: Key) -> None:
        """The next step, then the counts."""
        owner = self._actor.get(STATEFUL_SETS, key)
        if owner is None or "deletionTimestamp" in owner["metadata"]:
            return
        revision = f"{key[1]}-{template_hash(owner['spec']['template'])}"
        pods = self._pods(owner)
        self._step(owner, pods, revision)
        self._write_status(owner, self._pods(owner), revision)

    def _pods(self, owner: Fields) -> dict[int, Fields]:
        found = {}
        for entry in self._actor.owned(owner["metadata"]["uid"], PODS):
            number = entry.key[1].rpartition("-")[2]
            if number.isdigit() and not entry.deleting:
                found[int(number)] = entry.load()
        return dict(sorted(found.items()))

    def _step(self, owner: Fields, pods: dict[int, Fields], revision: str) -> None:
        spec = owner["spec"]
        first = (spec.get("ordinals") or {}).get("start", 0)
        wanted = range(first, first + spec.get("replicas", 1))
        ordered = spec.get("podManagementPolicy") != "Parallel"
        for number in wanted:
            pod = pods.get(number)
            if pod is None:
                self._create(owner, number, revision)
            if ordered and (pod is None or not is_ready(pod)):
                # A broken pod of an old revision does not hold up the one that would mend it.
                if pod is not None and _outdated(pod, revision) and _rolls(spec, number):
                    self._actor.delete(PODS, _key(pod))
                return
        surplus = [number for number in reversed(pods) if number not in wanted]
        for number in surplus[:1] if ordered else surplus:
            self._actor.delete(PODS, _key(pods[number]))
        if surplus:
            return
        for number in reversed(wanted):
            pod = pods.get(number)
            if pod is None or not is_ready(pod):
                return
            if _outdated(pod, revision) and _rolls(spec, number):
                self._actor.delete(PODS, _key(pod))
                return

    def _create(self, owner: Fields, number: int, revision: str) -> None:
        meta = owner["metadata"]
        name = f"{meta['name']}-{number}"
        labels = {
            REVISION_LABEL: revision,
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(number),
        }
        pod = pod_from(owner["spec"]["template"], owner, name=name, labels=labels)
        pod["spec"]["hostname"] = name
        if owner["spec"].get("serviceName"):
            pod["spec"]["subdomain"] = owner["spec"]["serviceName"]
        volumes = list(pod["spec"].get("volumes") or ())
        for claim in owner["spec"].get("volumeClaimTemplates") or ():
            claim_name = f"{claim['metadata']['name']}-{name}"
            volumes = [v for v in volumes if v.get("name") != claim["metadata"]["name"]]
            volumes.append(
                {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim_name}}
            )
            self._claim(meta["namespace"], claim_name, claim, owner)
        if volumes:
            pod["spec"]["volumes"] = volumes
        self._actor.create(PODS, meta["namespace"], pod)

    def _claim(self, namespace: str, name: str, template: Fields, owner: Fields) -> None:
        if self._actor.state.store.get(CLAIMS, (namespace, name)) is not None:
            return
        labels = {
            **(owner["spec"].get("selector") or {}).get("matchLabels", {}),
            **template["metadata"].get("labels", {}),
        }
        self._actor.create(
            CLAIMS, namespace, {"metadata": {"name": name, "labels": labels}, "spec": dict(template["spec"])}
        )

    def _write_status(self, owner: Fields, pods: dict[int, Fields], revision: str) -> None:
        before = owner.get("status") or {}
        ready = sum(is_ready(pod) for pod in pods.values())
        updated = sum(not _outdated(pod, revision) for pod in pods.values())
        replicas = owner["spec"].get("replicas", 1)
        settled = updated == replicas == len(pods) == ready
        current = revision if settled else before.get("currentRevision") or revision
        status: Fields = {
            "observedGeneration": owner["metadata"].get("generation", 1),
            "replicas": len(pods),
            "availableReplicas": ready,
            "collisionCount": 0,
            "currentRevision": current,
            "updateRevision": revision,
        }
        at_current = sum(not _outdated(pod, current) for pod in pods.values())
        counts = {"readyReplicas": ready, "updatedReplicas": updated, "currentReplicas": at_current}
        status |= {name: count for name, count in counts.items() if count}
        self._actor.set_status(STATEFUL_SETS, owner, status)


def _rolls(spec: Fields, number: int) -> bool:
    strategy = spec.get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    return bool(strategy.get("type", "RollingUpdate") == "RollingUpdate" and number >= partition)


def _outdated(pod: Fields, revision: str) -> bool:
    return bool((pod["metadata"].get("labels") or {}).get(REVISION_LABEL) != revision)


def _key(pod: Fields) -> Key:
    return (pod["metadata"]["namespace"], pod["metadata"]["name"])
