"""First contact with an object that others applied: their ownership becomes ours.

Server-side apply takes away what its manager owned and no longer names. What kubectl or Argo CD applied is
owned by them, and would stay for ever. So their entries are joined with ours before (or right after) our
first apply; the next apply takes away what Git no longer has.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce

import msgspec

from common.core.errors import InvalidInput
from common.core.keys import Object
from common.core.typed.entries import APPLY, Entry, read_entries, write_entries


def has_entries_of(obj: Object, managers: Collection[str]) -> bool:
    """Whether one of the managers owns fields of the object, its subresources aside."""
    listed = (obj.get("metadata") or {}).get("managedFields") or ()
    return any(_is_theirs(one.get("manager"), one.get("subresource"), managers) for one in listed)


def taken_over(obj: Object, managers: Collection[str], *, manager: str) -> list[Object] | None:
    """The `managedFields` in which what the managers own, by apply or by update, is `manager`'s by apply.

    None when there is nothing to take, or when the entries cannot be read. What a subresource wrote stays
    its writer's: a scaled replica count is nobody's manifest.
    """
    if not has_entries_of(obj, managers):
        return None
    try:
        entries = read_entries(obj)
    except InvalidInput:
        return None
    theirs = [one for one in entries if _is_theirs(one.manager, one.subresource, managers)]
    ours = [one for one in entries if _is_ours(one, manager)]
    others = [one for one in entries if one not in theirs and one not in ours]
    first = ours[0] if ours else msgspec.structs.replace(theirs[0], manager=manager, operation=APPLY)
    fields = reduce(lambda all_, one: all_ | one.fields, theirs, first.fields)
    return write_entries([*others, first.owning(fields)])


def _is_theirs(manager: str | None, subresource: str | None, managers: Collection[str]) -> bool:
    return manager in managers and not subresource


def _is_ours(entry: Entry, manager: str) -> bool:
    return entry.manager == manager and entry.operation == APPLY and not entry.subresource
