"""DaemonSets: one pod on the one node."""

from __future__ import annotations

from typing import Any

from sandbox.bootstrap import NODE
from sandbox.controllers.actor import Actor
from sandbox.controllers.runtime import Select, itself
from sandbox.controllers.templates import PODS, REVISION_LABEL, active, is_ready, pod_from, template_hash
from sandbox.store import Key, Storage

DAEMON_SETS = ("apps", "daemonsets")
Fields = dict[str, Any]


class DaemonSets:
    """Keeps the pod there, of the present template."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self.watches: dict[Storage, Select] = {
            DAEMON_SETS: itself,
            PODS: lambda event: actor.owners_of(event, DAEMON_SETS),
        }

    def reconcile(self, key: Key) -> None:
        """Replace an outdated pod, create a missing one, count."""
        owner = self._actor.get(DAEMON_SETS, key)
        if owner is None or "deletionTimestamp" in owner["metadata"]:
            return
        revision = template_hash(owner["spec"]["template"])
        rolls = (owner["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
        wanted = 1 if self._fits(owner) else 0
        pods = self._pods(owner)
        for pod in pods:
            if not wanted or (rolls and _label(pod) != revision):
                self._actor.delete(PODS, (key[0], pod["metadata"]["name"]))
        pods = self._pods(owner)
        if wanted and not pods:
            labels = {REVISION_LABEL: revision}
            pod = pod_from(owner["spec"]["template"], owner, labels=labels)
            pod["spec"]["nodeName"] = NODE
            self._actor.create(PODS, key[0], pod)
            pods = self._pods(owner)
        self._write_status(owner, pods, revision, wanted)

    def _fits(self, owner: Fields) -> bool:
        selector = ((owner["spec"]["template"].get("spec")) or {}).get("nodeSelector") or {}
        node = self._actor.state.store.get(("", "nodes"), ("", NODE))
        return node is not None and all(node.labels.get(k) == v for k, v in selector.items())

    def _pods(self, owner: Fields) -> list[Fields]:
        return active(self._actor.owned(owner["metadata"]["uid"], PODS))

    def _write_status(self, owner: Fields, pods: list[Fields], revision: str, wanted: int) -> None:
        ready = sum(is_ready(pod) for pod in pods)
        status: Fields = {
            "observedGeneration": owner["metadata"].get("generation", 1),
            "currentNumberScheduled": len(pods),
            "desiredNumberScheduled": wanted,
            "numberMisscheduled": 0,
            "numberReady": ready,
        }
        counts = {
            "numberAvailable": ready,
            "numberUnavailable": wanted - ready,
            "updatedNumberScheduled": sum(_label(pod) == revision for pod in pods),
        }
        self._actor.set_status(DAEMON_SETS, owner, status | {k: v for k, v in counts.items() if v})


def _label(pod: Fields) -> str | None:
    found: str | None = (pod["metadata"].get("labels") or {}).get(REVISION_LABEL)
    return found
