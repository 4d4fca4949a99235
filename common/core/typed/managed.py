"""Who owns which field after a write: server-side apply and the tracking of other writes.

The rules are those of "Server-Side Apply" on kubernetes.io and of KEP-555. Objects are never changed;
results share what did not change with the live object, so copy a result before changing it.

A server fills in defaults *after* `apply` (nobody owns them) and *before* `track` (the writer owns them).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from common.core.errors import InvalidInput
from common.core.keys import Object, key_of
from common.core.typed.difference import Comparison, compare
from common.core.typed.entries import (
    APPLY,
    METADATA_NEVER_OWNED,
    UPDATE,
    Conflict,
    Entry,
    EntryKey,
    capped,
    is_reset,
    lenient_entries,
    read_entries,
    timestamp,
    write_entries,
)
from common.core.typed.fields import EMPTY, FieldSet
from common.core.typed.items import same
from common.core.typed.merge import field_set, merge, remove, with_named
from common.core.typed.nulls import without_nulls
from common.core.typed.schema import Schema
from common.core.typed.validate import require_valid

STATUS = FieldSet.of(("f:status",))
"""What a write to the resource itself ignores, where it has a status subresource."""
NOT_STATUS = FieldSet.of(("f:spec",), ("f:metadata", "f:labels"), ("f:metadata", "f:annotations"))
"""What a write to the status subresource ignores."""

BEFORE_FIRST_APPLY = "before-first-apply"


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What an apply comes to."""

    object: Object
    """The object to store; the live one when there are conflicts."""
    conflicts: tuple[Conflict, ...] = ()
    """Why it was refused; empty when it was not."""
    changed: bool = True
    """Something is to be written. An apply that changes nothing keeps its old time."""


def apply(
    live: Object | None,
    applied: Object,
    schema: Schema,
    *,
    manager: str,
    now: datetime,
    force: bool = False,
    subresource: str = "",
    ignored: FieldSet = EMPTY,
) -> Applied:
    """Server-side apply of a configuration. `ignored` are the fields that this endpoint resets.

    Raises:
        InvalidInput: the configuration has managedFields, does not fit the schema, or names an item twice.
    """
    name = str(key_of(applied))
    if (applied.get("metadata") or {}).get("managedFields"):
        raise InvalidInput(name, "metadata.managedFields", found="entries", expected="nothing in an apply")
    config = _without_paths(applied, ignored)
    require_valid(config, schema, name=name)
    bare = _without_entries(live)
    before = {entry.key: entry for entry in lenient_entries(live)}
    entries = dict(before) if before or live is None else _untracked(live, bare, schema, now)
    own = Entry(
        manager=manager,
        operation=APPLY,
        api_version=str(applied.get("apiVersion") or ""),
        subresource=subresource,
        time=timestamp(now),
        fields=field_set(config, schema).without_below(ignored),
    )
    last = entries.get(own.key)
    entries[own.key] = own
    merged = merge(bare, config, schema)
    kept = own.fields - METADATA_NEVER_OWNED
    if last is not None and last.fields - kept:
        merged = _give_up(merged, last.fields, entries, schema)
    changes = compare(bare, merged, schema).without_below(ignored)
    taken, conflicts = _reduce(entries, changes, own.key)
    if conflicts and not force:
        return Applied(object=live or {}, conflicts=conflicts, changed=False)
    taken[own.key] = own.owning(kept)
    # Only now: a container emptied to null was not removed, as far as its owners are concerned.
    stored = bare if merged is bare else without_nulls(merged, schema)
    if live is not None and _same_owners(before, taken) and same(stored, bare):
        return Applied(object=live, changed=False)
    return Applied(object=_with_entries(stored, taken))


def track(
    live: Object | None,
    new: Object,
    schema: Schema,
    *,
    manager: str,
    now: datetime,
    subresource: str = "",
    ignored: FieldSet = EMPTY,
) -> Object:
    """The new object with the managedFields that a create, an update or a patch other than apply leaves.

    `new` may carry managedFields of its own: then these are the ones to go on with; `[{}]` forgets all.
    An object that has none is not tracked before its first apply.

    Raises:
        InvalidInput: an item of an associative list without its keys.
    """
    bare_new, bare_live = _without_entries(new), _without_entries(live)
    entries = {} if not subresource and is_reset(new) else _entries_given(live, new, subresource)
    if live is not None and not entries:
        return bare_new
    changes = compare(bare_live, bare_new, schema).without_below(ignored)
    taken, _ = _reduce(entries, changes, None)
    own = Entry(
        manager=manager,
        operation=UPDATE,
        api_version=str(new.get("apiVersion") or ""),
        subresource=subresource,
    )
    fields = (changes.added | changes.modified) - METADATA_NEVER_OWNED
    if fields:
        before = taken.get(own.key)
        taken[own.key] = own.owning(fields if before is None else before.fields | fields, time=timestamp(now))
    return _with_entries(bare_new, capped(taken))


def _entries_given(live: Object | None, new: Object, subresource: str) -> dict[EntryKey, Entry]:
    """What the request brings, unless it goes to a subresource, brings none or cannot be read."""
    given: tuple[Entry, ...] = ()
    if not subresource:
        given = lenient_entries(new)
    return {entry.key: entry for entry in given or lenient_entries(live)}


def _untracked(live: Object, bare: Object, schema: Schema, now: datetime) -> dict[EntryKey, Entry]:
    """What is there before the first apply belongs to a manager of its own."""
    first = Entry(
        manager=BEFORE_FIRST_APPLY,
        operation=UPDATE,
        api_version=str(live.get("apiVersion") or ""),
        time=timestamp(now),
        fields=compare({}, bare, schema).added - METADATA_NEVER_OWNED,
    )
    return {first.key: first}


def _give_up(merged: Object, last: FieldSet, entries: dict[EntryKey, Entry], schema: Schema) -> Object:
    """Remove what the applier owned, does not name any more, and nobody else owns.

    What goes is decided on whole items: first all that it had is taken out, then what anybody owns is put
    back, then what it never had (defaults, unowned fields) is put back.
    """
    had = with_named(last, schema)
    everything = with_named(field_set(merged, schema), schema)
    owned = EMPTY
    for entry in entries.values():
        owned |= entry.fields
    stripped = remove(merged, had, schema)
    left = with_named(field_set(stripped or {}, schema), schema)
    stripped = remove(merged, everything - (left | with_named(owned, schema)), schema)
    left = with_named(field_set(stripped or {}, schema), schema)
    out: Object = remove(merged, (everything - left) & had, schema) or {}
    return out


def _reduce(
    entries: dict[EntryKey, Entry], changes: Comparison, own: EntryKey | None
) -> tuple[dict[EntryKey, Entry], tuple[Conflict, ...]]:
    """The others' entries without what changed under them, and where that takes fields from them."""
    if not changes:
        return dict(entries), ()
    set_now = changes.added | changes.modified
    out: dict[EntryKey, Entry] = {}
    conflicts: list[Conflict] = []
    for key, entry in entries.items():
        if key == own:
            out[key] = entry
            continue
        lost = entry.fields & set_now
        conflicts.extend(Conflict(entry=entry, path=path) for path in lost)
        left = entry.fields - lost - changes.removed
        if left:
            out[key] = entry.owning(left)
    return out, tuple(conflicts)


def _same_owners(before: dict[EntryKey, Entry], after: dict[EntryKey, Entry]) -> bool:
    """Whether the entries are the same, but for their times."""
    return before.keys() == after.keys() and all(
        entry.fields == before[key].fields and entry.api_version == before[key].api_version
        for key, entry in after.items()
    )


def _without_entries(obj: Object | None) -> Object:
    if obj is None:
        return {}
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return obj
    return {**obj, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}


def _with_entries(obj: Object, entries: dict[EntryKey, Entry]) -> Object:
    written = write_entries(entries.values())
    if not written:
        return obj
    return {**obj, "metadata": {**(obj.get("metadata") or {}), "managedFields": written}}


def _without_paths(obj: Object, paths: FieldSet) -> Object:
    """The object without these fields, which are all fields of structs."""

    def cut(value: Any, tree: dict[str, Any]) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            name: cut(inner, tree["f:" + name]) if "f:" + name in tree else inner
            for name, inner in value.items()
            if tree.get("f:" + name) != {}
        }

    out: Object = cut(obj, paths.tree) if paths else obj
    return out


__all__ = [
    "BEFORE_FIRST_APPLY",
    "NOT_STATUS",
    "STATUS",
    "Applied",
    "Conflict",
    "Entry",
    "apply",
    "read_entries",
    "track",
]
