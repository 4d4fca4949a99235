"""How controllers read and write: under the name that a real cluster's component has."""

from __future__ import annotations

from typing import Any

from common.core.typed.managed import NOT_STATUS, track
from sandbox.deletion import delete, finalize_namespace
from sandbox.resources import Resource
from sandbox.state import ClusterState, WriteContext
from sandbox.store import Entry, Event, Key, Storage
from sandbox.writes import create, update

Fields = dict[str, Any]


class Actor:
    """One component's access to the store."""

    def __init__(self, state: ClusterState, manager: str = "kube-controller-manager") -> None:
        self.state = state
        self._manager = manager

    def _context(self) -> WriteContext:
        return WriteContext(manager=self._manager, validation="Ignore", trusted=True)

    def resource(self, storage: Storage) -> Resource:
        """The kind stored there.

        Raises:
            LookupError: it is not served (any more).
        """
        found = self.state.table.of_storage(storage)
        if found is None:
            raise LookupError(f"{storage} is not served")
        return found

    def get(self, storage: Storage, key: Key) -> Fields | None:
        """A fresh copy of an object; None when it is not there."""
        entry = self.state.store.get(storage, key)
        return None if entry is None else entry.load()

    def create(self, storage: Storage, namespace: str, obj: Fields) -> None:
        """Create an object."""
        create(self.state, self.resource(storage), namespace, obj, self._context())

    def update(self, storage: Storage, obj: Fields) -> None:
        """Replace an object (not its status)."""
        meta = obj["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        update(self.state, self.resource(storage), key, obj, self._context())

    def set_status(self, storage: Storage, obj: Fields, status: Fields) -> None:
        """Write an object's status; nothing when it is the same."""
        if obj.get("status") == status:
            return
        key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        self.put(storage, key, status=status)

    def put(
        self, storage: Storage, key: Key, *, status: Fields | None = None, spec: Fields | None = None
    ) -> None:
        """Write a status, or fields of the spec, straight to the store: what a controller writes is valid."""
        entry = self.state.store.get(storage, key)
        if entry is None:
            return
        resource = self.resource(storage)
        live = entry.load()
        obj = dict(live)
        if spec:
            obj["spec"] = {**(live.get("spec") or {}), **spec}
        if status is not None:
            obj["status"] = status
        tracked = track(
            live,
            obj,
            self.state.typed(resource),
            manager=self._manager,
            now=self.state.now(),
            subresource="status" if spec is None else "",
            **({"ignored": NOT_STATUS} if spec is None else {}),
        )
        stored = self.state.store.put(storage, tracked)
        if spec is None:
            # A status is no business of an apply to the object: the same apply still changes nothing.
            stored.applied = entry.applied

    def delete(self, storage: Storage, key: Key, *, uid: str = "", policy: str = "Background") -> None:
        """Delete an object, if it is there and is that one."""
        entry = self.state.store.get(storage, key)
        if entry is None or (uid and entry.uid != uid):
            return
        delete(self.state, self.resource(storage), key, {"propagationPolicy": policy}, self._context())

    def finalize(self, key: Key) -> None:
        """Take the finalizers of a namespace's spec away."""
        finalize_namespace(self.state, self.resource(("", "namespaces")), key, {}, self._context())

    def owned(self, uid: str, storage: Storage) -> list[Entry]:
        """The objects of a kind that name this one as their owner, in order."""
        store = self.state.store
        found = (store.get(place, key) for place, key in store.dependents(uid) if place == storage)
        return [entry for entry in found if entry is not None]

    def owners_of(self, event: Event, storage: Storage) -> list[Key]:
        """The keys of an event's object's owners of a kind."""
        found = []
        for uid in event.entry.owners:
            place = self.state.store.by_uid.get(uid)
            if place is not None and place[0] == storage:
                found.append(place[1])
        return found


def owner_reference(obj: Fields) -> Fields:
    """A reference to an object as its dependents' controller."""
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "name": obj["metadata"]["name"],
        "uid": obj["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def set_condition(
    conditions: list[Fields],
    kind: str,
    status: str,
    now: str,
    *,
    reason: str = "",
    message: str = "",
    update: bool = False,
) -> list[Fields]:
    """The conditions with one of them set; its transition time moves only when its status does."""
    before = next((c for c in conditions if c["type"] == kind), None)
    same = before is not None and before.get("status") == status
    made: Fields = {"type": kind, "status": status}
    made["lastTransitionTime"] = before["lastTransitionTime"] if before and same else now
    if update:
        unchanged = same and before is not None and before.get("reason") == reason
        made["lastUpdateTime"] = before["lastUpdateTime"] if before and unchanged else now
    if reason:
        made["reason"] = reason
    if message:
        made["message"] = message
    return (
        [*(c for c in conditions if c["type"] != kind), made]
        if before is None
        else [made if c["type"] == kind else c for c in conditions]
    )
