"""The smallest JSON merge patch (RFC 7396) that makes an Application's status what it should be.

What nobody here knows is left as it is: unknown fields of objects are not named in the patch, and an entry
of a list that did not change is written back as it was read, unknown fields and all.
"""

from __future__ import annotations

from typing import Any

import orjson

from common.core.model.reading import read
from common.core.model.record import to_json
from common.core.model.status import ApplicationStatus

_SAME: Any = object()


def status_json(status: ApplicationStatus) -> dict[str, Any]:
    """The status in Argo CD's schema: empty fields left out, keys in a fixed order, times in UTC seconds."""
    made: dict[str, Any] = to_json(status)
    return made


def status_patch(old: dict[str, Any] | None, new: ApplicationStatus) -> dict[str, Any] | None:
    """What to send as `{"status": …}`; None when nothing changes. `old` is the raw status as it was read."""
    raw = old or {}
    known, _ = read(raw, ApplicationStatus, name="status")
    patch = _patch(raw, to_json(known), _without_nulls(to_json(new)))
    return None if patch is _SAME else patch


def _without_nulls(value: Any) -> Any:
    """A merge patch cannot set null (Helm's values may have it): with it, the same would be sent forever."""
    if not isinstance(value, dict):
        return value
    return {key: _without_nulls(item) for key, item in value.items() if item is not None}


def _patch(raw: Any, known: Any, new: Any) -> Any:
    """How `raw`, whose typed view prints as `known`, becomes `new`; `_SAME` when it is it already."""
    if known == new:
        return _SAME
    if isinstance(raw, dict) and isinstance(known, dict) and isinstance(new, dict):
        made: dict[str, Any] = {}
        for key, value in new.items():
            change = _patch(raw.get(key), known.get(key), value)
            if change is not _SAME:
                made[key] = change
        return made | {key: None for key in known if key not in new}
    if isinstance(raw, list) and isinstance(known, list) and isinstance(new, list):
        return _entries(raw, known, new)
    return new


def _entries(raw: list[Any], known: list[Any], new: list[Any]) -> list[Any]:
    """A merge patch replaces lists as a whole: entries that stay keep what was not understood of them."""
    if len(raw) != len(known):
        return new
    before = {_text(mine): theirs for theirs, mine in zip(raw, known, strict=True)}
    return [before.get(_text(entry), entry) for entry in new]


def _text(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
