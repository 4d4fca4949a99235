"""Deployments: a new ReplicaSet for a new template, pods moved over as the strategy allows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.controllers.actor import Actor, owner_reference, set_condition
from sandbox.controllers.replicasets import REPLICA_SETS
from sandbox.controllers.runtime import Select, Work, itself
from sandbox.controllers.templates import HASH_LABEL, share, template_hash
from sandbox.store import Key, Storage

DEPLOYMENTS = ("apps", "deployments")
REVISION = "deployment.kubernetes.io/revision"
Fields = dict[str, Any]


class Deployments:
    """Rolls out."""

    def __init__(self, actor: Actor, work: Work) -> None:
        self._actor = actor
        self._work = work
        self.watches: dict[Storage, Select] = {
            DEPLOYMENTS: itself,
            REPLICA_SETS: lambda event: actor.owners_of(event, DEPLOYMENTS),
        }

    def reconcile(self, key: Key) -> None:
        """Take the next step of a rollout and write where it stands."""
        owner = self._actor.get(DEPLOYMENTS, key)
        if owner is None or "deletionTimestamp" in owner["metadata"]:
            return
        sets = self._sets(owner)
        new = next((s for s in sets if _same_template(s, owner)), None)
        paused = bool(owner["spec"].get("paused"))
        if new is None and not paused:
            self._create_set(owner, sets)
            return  # its own event comes back here
        if new is not None:
            self._bump_revision(owner, new, sets)
            self._scale(owner, new, [s for s in sets if s is not new])
        self._clean_up(owner, new, sets)
        self._write_status(key, new)

    def _sets(self, owner: Fields) -> list[Fields]:
        entries = self._actor.owned(owner["metadata"]["uid"], REPLICA_SETS)
        found = [entry.load() for entry in entries if not entry.deleting]
        return sorted(found, key=lambda s: (_revision(s), s["metadata"]["name"]))

    def _create_set(self, owner: Fields, sets: list[Fields]) -> None:
        meta, spec = owner["metadata"], owner["spec"]
        template = spec["template"]
        digest = template_hash(template)
        labels = {**((template.get("metadata") or {}).get("labels") or {}), HASH_LABEL: digest}
        selector = dict(spec["selector"])
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH_LABEL: digest}
        revision = str(1 + max((_revision(s) for s in sets), default=0))
        annotations = {
            REVISION: revision,
            "deployment.kubernetes.io/desired-replicas": str(spec["replicas"]),
            **_inherited(meta),
        }
        made = {
            "metadata": {
                "name": f"{meta['name']}-{digest}",
                "labels": labels,
                "annotations": annotations,
                "ownerReferences": [owner_reference(owner)],
            },
            "spec": {
                "replicas": self._room(owner, sets, 0),
                "selector": selector,
                "template": template | {"metadata": {**(template.get("metadata") or {}), "labels": labels}},
            },
        }
        if "minReadySeconds" in spec:
            made["spec"]["minReadySeconds"] = spec["minReadySeconds"]
        self._annotate(owner, revision)
        self._actor.create(REPLICA_SETS, meta["namespace"], made)

    def _bump_revision(self, owner: Fields, new: Fields, sets: list[Fields]) -> None:
        last = max(_revision(s) for s in sets)
        if _revision(new) < last:
            # A rollback: the old template's set becomes the newest revision.
            new["metadata"].setdefault("annotations", {})[REVISION] = str(last + 1)
            self._actor.update(REPLICA_SETS, new)
            new.update(self._actor.get(REPLICA_SETS, _key(new)) or new)
        self._annotate(owner, new["metadata"].get("annotations", {}).get(REVISION, "1"))

    def _annotate(self, owner: Fields, revision: str) -> None:
        annotations = owner["metadata"].setdefault("annotations", {})
        if annotations.get(REVISION) != revision:
            annotations[REVISION] = revision
            self._actor.update(DEPLOYMENTS, owner)
            owner.update(self._actor.get(DEPLOYMENTS, _key(owner)) or owner)

    def _room(self, owner: Fields, others: list[Fields], have: int) -> int:
        """How many replicas the new set may have now."""
        spec = owner["spec"]
        wanted: int = spec["replicas"]
        running = sum((s.get("status") or {}).get("replicas", 0) for s in others)
        if spec["strategy"].get("type") == "Recreate":
            return wanted if running == 0 else int(have)
        planned = sum(s["spec"].get("replicas", 0) for s in others)
        surge = share((spec["strategy"].get("rollingUpdate") or {}).get("maxSurge"), wanted, up=True)
        return int(min(wanted, max(have, wanted + surge - planned)))

    def _scale(self, owner: Fields, new: Fields, old: list[Fields]) -> None:
        have = new["spec"].get("replicas", 0)
        wanted: int = owner["spec"]["replicas"]
        self._set_replicas(new, wanted if have > wanted else self._room(owner, old, have))
        if owner["spec"]["strategy"].get("type") == "Recreate":
            for each in old:
                self._set_replicas(each, 0)
            return
        rolling = owner["spec"]["strategy"].get("rollingUpdate") or {}
        unavailable = share(rolling.get("maxUnavailable"), wanted, up=False)
        if share(rolling.get("maxSurge"), wanted, up=True) == 0:
            unavailable = max(1, unavailable)
        self._shrink(old, new, wanted - unavailable)

    def _shrink(self, old: list[Fields], new: Fields, least: int) -> None:
        """Take pods from the old sets, the oldest set first, while enough stay available."""
        spare = sum(_available(each) for each in (*old, new)) - least
        for each in old:
            have = each["spec"].get("replicas", 0)
            available = _available(each)
            gone = (have - available) + max(0, min(available, spare))
            spare -= gone - (have - available)
            self._set_replicas(each, have - gone)

    def _set_replicas(self, owned: Fields, replicas: int) -> None:
        if owned["spec"].get("replicas") == replicas:
            return
        owned["spec"]["replicas"] = replicas
        self._actor.update(REPLICA_SETS, owned)

    def _clean_up(self, owner: Fields, new: Fields | None, sets: list[Fields]) -> None:
        limit = owner["spec"].get("revisionHistoryLimit", 10)
        empty = [
            s
            for s in sets
            if s is not new and not s["spec"].get("replicas") and not (s.get("status") or {}).get("replicas")
        ]
        for each in empty[: max(0, len(empty) - limit)]:
            self._actor.delete(REPLICA_SETS, _key(each))

    def _write_status(self, key: Key, new: Fields | None) -> None:
        owner = self._actor.get(DEPLOYMENTS, key)
        if owner is None:
            return
        sets = self._sets(owner)
        counts = [s.get("status") or {} for s in sets]
        name = new["metadata"]["name"] if new else ""
        updated = next(
            ((s.get("status") or {}).get("replicas", 0) for s in sets if s["metadata"]["name"] == name), 0
        )
        total = sum(c.get("replicas", 0) for c in counts)
        available = sum(c.get("availableReplicas", 0) for c in counts)
        found = {
            "observedGeneration": owner["metadata"].get("generation", 1),
            "replicas": total,
            "updatedReplicas": updated,
            "readyReplicas": sum(c.get("readyReplicas", 0) for c in counts),
            "availableReplicas": available,
            "unavailableReplicas": max(0, max(owner["spec"]["replicas"], total) - available),
        }
        status = {k: v for k, v in found.items() if v}
        status["conditions"] = self._conditions(owner, found, name)
        self._actor.set_status(DEPLOYMENTS, owner, status)

    def _conditions(self, owner: Fields, found: Fields, name: str) -> list[Fields]:
        now = self._actor.state.stamp()
        before = (owner.get("status") or {}).get("conditions") or []
        wanted: int = owner["spec"]["replicas"]
        rolling = owner["spec"]["strategy"].get("rollingUpdate") or {}
        enough = found["availableReplicas"] >= wanted - share(rolling.get("maxUnavailable"), wanted, up=False)
        conditions = set_condition(
            before,
            "Available",
            "True" if enough else "False",
            now,
            reason="MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
            message=f"Deployment {'has' if enough else 'does not have'} minimum availability.",
            update=True,
        )
        complete = found["updatedReplicas"] == found["replicas"] == found["availableReplicas"] == wanted
        status, reason, message = "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'
        if complete:
            reason, message = "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'
        elif self._too_late(owner, before, found):
            status, reason = "False", "ProgressDeadlineExceeded"
            message = f'ReplicaSet "{name}" has timed out progressing.'
        return set_condition(
            conditions, "Progressing", status, now, reason=reason, message=message, update=True
        )

    def _too_late(self, owner: Fields, before: list[Fields], found: Fields) -> bool:
        last = next((c for c in before if c["type"] == "Progressing"), None)
        deadline = owner["spec"].get("progressDeadlineSeconds", 600)
        if last is None or last.get("reason") == "NewReplicaSetAvailable":
            self._work.add_later(self, _key(owner), deadline + 1)
            return False
        if last.get("reason") == "ProgressDeadlineExceeded":
            status = owner.get("status") or {}
            return all(
                status.get(n, 0) == found[n]
                for n in ("observedGeneration", "updatedReplicas", "availableReplicas")
            )
        since = self._actor.state.now() - datetime.fromisoformat(last["lastUpdateTime"])
        left = deadline - since.total_seconds()
        if left > 0:
            self._work.add_later(self, _key(owner), left + 1)
        return bool(left <= 0)


def _available(owned: Fields) -> int:
    """What a set has available, but no more than it will have: one that shrinks may not have counted yet."""
    return int(min(owned["spec"].get("replicas", 0), (owned.get("status") or {}).get("availableReplicas", 0)))


def _key(obj: Fields) -> Key:
    return (obj["metadata"]["namespace"], obj["metadata"]["name"])


def _revision(owned: Fields) -> int:
    text = (owned["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def _same_template(owned: Fields, owner: Fields) -> bool:
    template = owned["spec"]["template"]
    labels = dict((template.get("metadata") or {}).get("labels") or {})
    labels.pop(HASH_LABEL, None)
    bare = template | {"metadata": {**(template.get("metadata") or {}), "labels": labels}}
    wanted = owner["spec"]["template"]
    return bool(_tidy(bare) == _tidy(wanted))


def _tidy(template: Fields) -> Fields:
    meta = {k: v for k, v in (template.get("metadata") or {}).items() if v}
    return {**template, "metadata": meta}


def _inherited(meta: Fields) -> Fields:
    skipped = ("kubectl.kubernetes.io/last-applied-configuration", REVISION)
    return {k: v for k, v in (meta.get("annotations") or {}).items() if k not in skipped}
