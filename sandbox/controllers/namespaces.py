"""Namespaces: a default ServiceAccount in each, and the end of those that are deleted."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.controllers.actor import Actor
from sandbox.controllers.runtime import EVERYTHING, NO_KEYS, Select
from sandbox.store import Event, Key, Storage

NAMESPACES = ("", "namespaces")
_ACCOUNTS = ("", "serviceaccounts")


class Accounts:
    """Gives each namespace its default ServiceAccount, again when it was deleted."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self.watches: dict[Storage, Select] = {NAMESPACES: _names, _ACCOUNTS: _namespaces_of_deleted}

    def reconcile(self, key: Key) -> None:
        """Create it when it is missing."""
        namespace = self._actor.state.store.get(NAMESPACES, key)
        if namespace is None or namespace.deleting:
            return
        if self._actor.state.store.get(_ACCOUNTS, (key[1], "default")) is None:
            self._actor.create(_ACCOUNTS, key[1], {"metadata": {"name": "default"}})


def _names(event: Event) -> Iterable[Key]:
    return (event.entry.key,) if event.type == "ADDED" else NO_KEYS


def _namespaces_of_deleted(event: Event) -> Iterable[Key]:
    return (("", event.entry.key[0]),) if event.type == "DELETED" else NO_KEYS


class Terminations:
    """Deletes what a terminating namespace holds, then lets it go."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self.watches: dict[Storage, Select] = {
            NAMESPACES: lambda event: (event.entry.key,) if event.entry.deleting else NO_KEYS,
            EVERYTHING: self._emptied,
        }

    def _emptied(self, event: Event) -> Iterable[Key]:
        if event.type != "DELETED" or not event.entry.key[0]:
            return NO_KEYS
        namespace = self._actor.state.store.get(NAMESPACES, ("", event.entry.key[0]))
        return (namespace.key,) if namespace is not None and namespace.deleting else NO_KEYS

    def reconcile(self, key: Key) -> None:
        """Delete all of its content; when there is none left, finalize."""
        namespace = self._actor.get(NAMESPACES, key)
        if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
            return
        left = 0
        for resource in self._actor.state.table.namespaced():
            for entry in self._actor.state.store.collection(resource.storage).select(key[1]):
                if not entry.deleting:
                    self._actor.delete(resource.storage, entry.key)
            left += len(self._actor.state.store.collection(resource.storage).select(key[1]))
        if left:
            self._report(namespace, left)
            return
        self._actor.finalize(key)

    def _report(self, namespace: dict[str, object], left: int) -> None:
        status = {
            "phase": "Terminating",
            "conditions": [
                {
                    "type": "NamespaceContentRemaining",
                    "status": "True",
                    "reason": "SomeResourcesRemain",
                    "message": f"Some resources are remaining: {left} resource instances",
                    "lastTransitionTime": self._actor.state.stamp(),
                }
            ],
        }
        before = namespace.get("status")
        if isinstance(before, dict) and before.get("conditions"):
            return
        self._actor.set_status(NAMESPACES, namespace, status)
