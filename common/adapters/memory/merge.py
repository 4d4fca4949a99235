"""Merging of plain JSON objects, for the cluster in memory: no schema, lists as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

Path = tuple[str, ...]

_IDENTITY = frozenset({("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")})


def merged(live: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON merge patch (RFC 7396): null takes away, objects are merged, the rest replaces."""
    result = dict(live)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            old = result.get(name)
            result[name] = merged(old if isinstance(old, dict) else {}, value)
        else:
            result[name] = value
    return result


def field_paths(obj: Mapping[str, Any], prefix: Path = ()) -> Iterator[Path]:
    """Paths of the leaves; a list or an empty object is one."""
    for name, value in obj.items():
        path = (*prefix, name)
        if isinstance(value, Mapping) and value:
            yield from field_paths(value, path)
        elif path not in _IDENTITY:
            yield path


def without(
    live: dict[str, Any], before: Mapping[str, Any], now: Mapping[str, Any], kept: Collection[Path]
) -> dict[str, Any]:
    """Live without the leaves that a manager applied before and neither it nor another applies now."""
    dropped = set(field_paths(before)) - set(field_paths(now)) - set(kept)
    result = live
    for path in sorted(dropped):
        result = _dropped(result, path)
    return result


def changed_by_others(
    wanted: Mapping[str, Any], live: Mapping[str, Any], applied: Mapping[str, Mapping[str, Any]]
) -> set[tuple[str, str]]:
    """(manager, field) of what would change and another manager has applied."""
    found: set[tuple[str, str]] = set()
    for path in field_paths(wanted):
        if _at(wanted, path) == _at(live, path):
            continue
        for manager, theirs in applied.items():
            if path in set(field_paths(theirs)):
                found.add((manager, "." + ".".join(path)))
    return found


def _at(obj: Any, path: Path) -> Any:
    for name in path:
        if not isinstance(obj, Mapping):
            return None
        obj = obj.get(name)
    return obj


def _dropped(obj: dict[str, Any], path: Path) -> dict[str, Any]:
    name, *rest = path
    if name not in obj:
        return obj
    result = dict(obj)
    if rest and isinstance(result[name], dict):
        result[name] = _dropped(result[name], tuple(rest))
    else:
        del result[name]
    return result
