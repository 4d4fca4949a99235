"""`metadata.managedFields`, read and written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from common.core.errors import InvalidInput
from common.core.keys import Object
from common.core.typed.fields import EMPTY, FieldSet, Path, server_path

APPLY = "Apply"
UPDATE = "Update"
UPDATE_ENTRIES_LIMIT = 10
"""Entries of operation Update that an object keeps; API servers join the oldest ones beyond it."""
ANCIENT = "ancient-changes"

METADATA_NEVER_OWNED = FieldSet.of(
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(
        ("f:metadata", f"f:{name}")
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    ),
)
"""What no manager ever owns, whoever writes it."""

EntryKey = tuple[str, str, str, str]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One manager's fields."""

    manager: str
    operation: str
    api_version: str
    subresource: str = ""
    time: str = ""
    """RFC 3339 in UTC, to the second; empty when unknown."""
    fields: FieldSet = EMPTY

    @property
    def key(self) -> EntryKey:
        """Who it is: an applier stays the same when it changes the version it applies."""
        version = "" if self.operation == APPLY else self.api_version
        return (self.manager, self.operation, self.subresource, version)

    def owning(self, fields: FieldSet, *, time: str | None = None) -> Entry:
        """The same manager with other fields."""
        return msgspec.structs.replace(self, fields=fields, time=self.time if time is None else time)


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A field that an apply would change and another manager owns."""

    entry: Entry
    path: Path

    @property
    def field(self) -> str:
        """The path as API servers write it."""
        return server_path(self.path)

    @property
    def owner(self) -> str:
        """The other manager, as API servers describe it."""
        entry = self.entry
        text = f'"{entry.manager}"'
        if entry.subresource:
            text += f' with subresource "{entry.subresource}"'
        if entry.operation == UPDATE:
            text += f" using {entry.api_version}"
            if entry.time:
                text += f" at {entry.time}"
        return text


def conflict_message(conflicts: Iterable[Conflict]) -> str:
    """The sentence that kubectl shows for a refused apply."""
    by_owner: dict[str, list[str]] = {}
    for conflict in conflicts:
        by_owner.setdefault(conflict.owner, []).append(conflict.field)
    count = sum(map(len, by_owner.values()))
    if count == 1:
        ((owner, fields),) = by_owner.items()
        return f"Apply failed with 1 conflict: conflict with {owner}: {fields[0]}"
    parts = [
        f"conflicts with {owner}:" + "".join(f"\n- {field}" for field in fields)
        for owner, fields in sorted(by_owner.items())
    ]
    return f"Apply failed with {count} conflicts: " + "\n".join(parts)


def timestamp(now: datetime) -> str:
    """A time as objects carry it."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_entries(obj: Object | None) -> tuple[Entry, ...]:
    """The entries of an object.

    Raises:
        InvalidInput: an entry that is none.
    """
    listed = ((obj or {}).get("metadata") or {}).get("managedFields") or ()
    return tuple(_read(entry) for entry in listed)


def lenient_entries(obj: Object | None) -> tuple[Entry, ...]:
    """The same, but none at all when they cannot be read: API servers start anew then."""
    try:
        return read_entries(obj)
    except InvalidInput:
        return ()


def _read(entry: Any) -> Entry:
    if not isinstance(entry, dict) or entry.get("operation") not in (APPLY, UPDATE):
        raise InvalidInput(
            "object", "metadata.managedFields", found=entry, expected="Apply or Update entries"
        )
    return Entry(
        manager=entry.get("manager") or "",
        operation=entry["operation"],
        api_version=entry.get("apiVersion") or "",
        subresource=entry.get("subresource") or "",
        time=entry.get("time") or "",
        fields=FieldSet.parse(entry.get("fieldsV1") or {}),
    )


def write_entries(entries: Iterable[Entry]) -> list[Object]:
    """The list for an object: appliers first, then by time, manager, version and subresource."""
    ordered = sorted(entries, key=lambda e: (e.operation, e.time, e.manager, e.api_version, e.subresource))
    return [_write(entry) for entry in ordered if entry.fields]


def _write(entry: Entry) -> Object:
    out: Object = {
        "apiVersion": entry.api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": entry.fields.fields_v1(),
        "manager": entry.manager,
        "operation": entry.operation,
    }
    if entry.subresource:
        out["subresource"] = entry.subresource
    if entry.time:
        out["time"] = entry.time
    return out


def is_reset(obj: Object) -> bool:
    """Whether the object asks for its ownership to be forgotten: `managedFields: [{}]`."""
    return ((obj.get("metadata") or {}).get("managedFields")) == [{}]


def capped(entries: dict[EntryKey, Entry]) -> dict[EntryKey, Entry]:
    """The entries with the oldest Updates beyond the limit joined into one per version."""
    updates = sorted(
        (entry for entry in entries.values() if entry.operation == UPDATE), key=lambda e: (e.time, e.manager)
    )
    excess = len(updates) - UPDATE_ENTRIES_LIMIT
    if excess <= 0:
        return entries
    out = dict(entries)
    for entry in updates:
        if excess <= 0 or entry.manager == ANCIENT:
            continue
        bucket = Entry(manager=ANCIENT, operation=UPDATE, api_version=entry.api_version)
        kept = out.get(bucket.key)
        # A new bucket takes the place of the first one that goes into it.
        excess -= kept is not None
        fields = entry.fields if kept is None else kept.fields | entry.fields
        out[bucket.key] = bucket.owning(fields, time=entry.time)
        del out[entry.key]
    return out
