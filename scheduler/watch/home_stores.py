"""What the home cluster's watches do with what they see: Applications are kept, settings only announced."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from common.core.keys import AppKey, Object
from common.core.wake import wake_digest
from common.ports import Item, Kind, WatchEvent
from scheduler.watch.parts import Parts
from scheduler.watch.wakes import wake_kinds

WOKEN = "woken"
"""Facts by application: the digest of what it asked for when it was last made due."""

ALIVE = "@alive"
"""A name in WOKEN that no application can have: when it is gone, Redis was flushed."""

HOME = "home"
"""The version that is bumped when projects, Secrets or ConfigMaps of the home namespace change."""


class ApplicationsStore:
    """A KindStore: keeps Applications, and makes due those that ask for something new."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._listed: list[Object] = []
        self._woken: dict[str, str] | None = None

    def begin(self) -> None:
        """See `KindStore.begin`."""
        self._listed = []
        self._woken = {name: str(digest) for name, digest in self._parts.facts.all(WOKEN).items()}

    def listed(self, objects: Sequence[Object]) -> None:
        """See `KindStore.listed`."""
        self._listed += [obj for obj in objects if self._parts.admits(_key(obj))]

    def swap(self, resource_version: str) -> None:
        """See `KindStore.swap`. After a flush nothing is known to have been woken, so everything is."""
        objects, self._listed = self._listed, []
        gone = self._parts.applications.swap(objects, resource_version)
        listed = {ALIVE, *(str(_key(obj)) for obj in objects)}
        ghosts = [AppKey.parse(name) for name in self._known() if name not in listed]
        for key in sorted({*gone, *ghosts}):
            if self._parts.applications.get(key) is None:
                self._forget(key)
        self._wake_changed(objects)

    def events(self, events: Sequence[WatchEvent]) -> None:
        """See `KindStore.events`."""
        changed: dict[str, Object] = {}
        for event in events:
            key = _key(event.object)
            if not self._parts.admits(key):
                continue
            if event.type == "DELETED":
                changed.pop(str(key), None)
                self._parts.applications.remove(key)
                self._forget(key)
            else:
                self._parts.applications.put(event.object)
                changed[str(key)] = event.object
        self._wake_changed(list(changed.values()))

    def lost(self) -> None:
        """See `KindStore.lost`."""
        self._parts.applications.incomplete()

    def flushed(self) -> bool:
        """Whether Redis has lost what was kept there. Raises StoreUnavailable."""
        kept = self._parts.applications.confirm()
        return not kept or self._parts.facts.get(WOKEN, [ALIVE]) == [None]

    def _known(self) -> dict[str, str]:
        if self._woken is None:
            self._woken = {name: str(digest) for name, digest in self._parts.facts.all(WOKEN).items()}
        return self._woken

    def _wake_changed(self, objects: Sequence[Object]) -> None:
        """The digest of what was asked decides, whether or not the answer to a write of ours came first."""
        known = self._known()
        digests = {str(_key(obj)): wake_digest(obj) for obj in objects}
        asking = [obj for obj in objects if known.get(str(_key(obj))) != digests[str(_key(obj))]]
        by_kinds: dict[Kind, list[Item]] = {}
        for obj in asking:
            by_kinds.setdefault(wake_kinds(obj), []).append(Item.app(_key(obj)))
        for kinds, items in by_kinds.items():
            self._parts.request(items, kinds)
        refs = {Item.ref(digest) for obj in asking for digest in self._parts.refs_of(obj)}
        if refs:
            self._parts.request(refs, Kind.FETCH)
        woken = {str(_key(obj)): digests[str(_key(obj))] for obj in asking} | {ALIVE: ""}
        # After the requests: killed in between, the next watcher asks again, which costs a comparison.
        self._parts.facts.put(WOKEN, woken)
        known.update(woken)

    def _forget(self, key: AppKey) -> None:
        self._parts.due.forget(Item.app(key))
        self._parts.facts.drop(WOKEN, [str(key)])
        self._known().pop(str(key), None)


class ReloadStore:
    """A KindStore: tells all processes to read their settings again. Keeps nothing but versions."""

    def __init__(self, parts: Parts, counts: Callable[[str], bool] = lambda _name: True) -> None:
        self._parts, self._counts = parts, counts
        self._listed: dict[str, str] = {}
        self._seen: dict[str, str] | None = None

    def begin(self) -> None:
        """See `KindStore.begin`."""
        self._listed = {}

    def listed(self, objects: Sequence[Object]) -> None:
        """See `KindStore.listed`."""
        self._listed.update(self._versions(objects))

    def swap(self, resource_version: str) -> None:  # noqa: ARG002  # the port's shape
        """See `KindStore.swap`. The first LIST announces too: something may have changed before it."""
        if self._listed != self._seen:
            self._parts.facts.bump(HOME)
        self._seen = self._listed

    def events(self, events: Sequence[WatchEvent]) -> None:
        """See `KindStore.events`."""
        seen = self._seen if self._seen is not None else {}
        changed = False
        for event in events:
            for name, version in self._versions([event.object]).items():
                if event.type == "DELETED":
                    changed |= seen.pop(name, None) is not None
                elif seen.get(name) != version:
                    seen[name], changed = version, True
        if changed:
            self._parts.facts.bump(HOME)
        self._seen = seen

    def lost(self) -> None:
        """See `KindStore.lost`. What was read stays the last good settings."""

    def _versions(self, objects: Sequence[Object]) -> dict[str, str]:
        metas = [obj.get("metadata") or {} for obj in objects]
        return {
            str(meta.get("name")): str(meta.get("resourceVersion"))
            for meta in metas
            if self._counts(str(meta.get("name")))
        }


def _key(obj: Object) -> AppKey:
    meta = obj.get("metadata") or {}
    return AppKey(str(meta.get("namespace") or ""), str(meta.get("name") or ""))
