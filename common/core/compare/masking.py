"""Secrets' values in diffs: placeholders that still show what is equal and what is not."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from common.core.compare.fold import LAST_APPLIED, folded, is_secret
from common.core.keys import Object
from common.core.typed.fields import Path

SAME = "++++++++"
"""A hidden value; the same one on both sides."""
OTHER = "+++++++++"
"""A hidden value that differs from the one that the other side shows as `SAME`."""

_VALUES = ("data", "stringData")


def masked(
    desired: Object | None, live: Object | None, *, annotations: Collection[str] = ()
) -> tuple[Object | None, Object | None]:
    """Both objects, fit to be shown: no value of a Secret's data, no last-applied annotation, and none of the
    annotations named. Objects that are no Secrets come back as they are, but for those annotations.
    """
    shown: list[Object | None] = [desired, live]
    if any(obj is not None and is_secret(obj) for obj in shown):
        shown = [None if obj is None else folded(obj) for obj in shown]
        first, second = (None if obj is None else obj.get("data") for obj in shown)
        hidden = _hide(first, second, None)
        shown = [_with(obj, "data", values) for obj, values in zip(shown, hidden, strict=True)]
        annotations = {*annotations, LAST_APPLIED}
    if annotations:
        notes = [_annotations(obj) for obj in shown]
        hidden = _hide(notes[0], notes[1], annotations)
        shown = [
            obj
            if obj is None
            else {**obj, "metadata": _with(obj.get("metadata") or {}, "annotations", values)}
            for obj, values in zip(shown, hidden, strict=True)
        ]
    return shown[0], shown[1]


def masked_pair(obj: Object, path: Path, desired: Any, live: Any) -> tuple[Any, Any]:
    """Two values of one path of an object, hidden when it is a Secret's."""
    if not is_secret(obj) or not _sensitive(path):
        return desired, live
    if desired is None or live is None:
        return (None if desired is None else SAME), (None if live is None else SAME)
    return OTHER, SAME


def _sensitive(path: Path) -> bool:
    """Whether the value there may hold what must not be shown."""
    if path[0][2:] in _VALUES:
        return True
    annotations = ("f:metadata", "f:annotations")
    return path == annotations[: len(path)] or path[:3] == (*annotations, f"f:{LAST_APPLIED}")


def _annotations(obj: Object | None) -> Any:
    return None if obj is None else (obj.get("metadata") or {}).get("annotations")


def _hide(desired: Any, live: Any, names: Collection[str] | None) -> tuple[Any, Any]:
    """Two maps with the values of these names (None: of all) hidden."""
    first, second = (values if isinstance(values, dict) else {} for values in (desired, live))

    def hide(values: Any, *, here: dict[str, Any], there: dict[str, Any], other: str) -> Any:
        if not isinstance(values, dict):
            return values if values is None or names is not None else SAME
        return {
            name: value
            if names is not None and name not in names
            else (other if name in there and there[name] != here[name] else SAME)
            for name, value in values.items()
        }

    return (
        hide(desired, here=first, there=second, other=OTHER),
        hide(live, here=second, there=first, other=SAME),
    )


def _with(obj: Object | None, name: str, values: Any) -> Any:
    return obj if obj is None or name not in obj else {**obj, name: values}
