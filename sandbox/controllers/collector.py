"""Garbage collection by ownerReferences: background, foreground and orphan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.controllers.actor import Actor
from sandbox.controllers.runtime import EVERYTHING, NO_KEYS, Select
from sandbox.deletion import FOREGROUND, ORPHAN
from sandbox.store import Event, Key, Storage


class Collector:
    """Deletes dependents whose owners are gone, and finishes foreground and orphan deletions.

    Its keys are uids, as its questions are about who is still there.
    """

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self.watches: dict[Storage, Select] = {EVERYTHING: self._select}

    def _select(self, event: Event) -> Iterable[Key]:
        entry = event.entry
        if event.type == "DELETED":
            return (("gone", entry.uid), *(("owner", uid) for uid in entry.owners))
        if entry.deleting:
            return (("owner", entry.uid), *(("owner", uid) for uid in entry.owners))
        if entry.owners and (event.previous is None or event.previous.owners != entry.owners):
            return (("dependent", entry.uid),)
        return NO_KEYS

    def reconcile(self, key: Key) -> None:
        """One uid's turn."""
        question, uid = key
        if question == "gone":
            for place in self._actor.state.store.dependents(uid):
                self._judge(*place)
        elif question == "dependent":
            found = self._actor.state.store.by_uid.get(uid)
            if found is not None:
                self._judge(*found)
        else:
            self._advance(uid)

    def _judge(self, storage: Storage, key: Key) -> None:
        """Delete a dependent when none of its owners is there; drop references to those that are gone."""
        entry = self._actor.state.store.get(storage, key)
        if entry is None or not entry.owners:
            return
        left = [uid for uid in entry.owners if uid in self._actor.state.store.by_uid]
        if not left:
            if not entry.deleting:
                self._actor.delete(storage, key, uid=entry.uid)
        elif len(left) < len(entry.owners):
            self._keep_owners(storage, key, set(left))

    def _keep_owners(self, storage: Storage, key: Key, left: set[str]) -> None:
        obj = self._actor.get(storage, key)
        if obj is None:
            return
        meta = obj["metadata"]
        kept = [o for o in meta.get("ownerReferences") or () if o.get("uid") in left]
        if kept:
            meta["ownerReferences"] = kept
        else:
            meta.pop("ownerReferences", None)
        self._actor.update(storage, obj)

    def _advance(self, uid: str) -> None:
        """Take the next step of a foreground or orphan deletion."""
        place = self._actor.state.store.by_uid.get(uid)
        if place is None:
            return
        obj = self._actor.get(*place)
        if obj is None or "deletionTimestamp" not in obj["metadata"]:
            return
        finalizers = obj["metadata"].get("finalizers") or []
        if ORPHAN in finalizers:
            for dependent in self._actor.state.store.dependents(uid):
                entry = self._actor.state.store.get(*dependent)
                if entry is not None:
                    self._keep_owners(*dependent, set(entry.owners) - {uid})
            self._drop(place[0], obj, ORPHAN)
        elif FOREGROUND in finalizers:
            blocking = False
            for storage, key in self._actor.state.store.dependents(uid):
                entry = self._actor.state.store.get(storage, key)
                if entry is None:
                    continue
                if not entry.deleting:
                    self._actor.delete(storage, key, uid=entry.uid, policy="Foreground")
                blocking = blocking or self._blocks(storage, key, uid)
            if not blocking:
                self._drop(place[0], obj, FOREGROUND)

    def _blocks(self, storage: Storage, key: Key, uid: str) -> bool:
        obj = self._actor.get(storage, key)
        references = (obj or {}).get("metadata", {}).get("ownerReferences") or ()
        return any(o.get("uid") == uid and o.get("blockOwnerDeletion") for o in references)

    def _drop(self, storage: Storage, obj: dict[str, Any], finalizer: str) -> None:
        meta = obj["metadata"]
        meta["finalizers"] = [f for f in meta.get("finalizers") or () if f != finalizer]
        self._actor.update(storage, obj)
