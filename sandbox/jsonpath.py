"""The part of JSONPath that printer columns use: fields, indexes, `[*]`, and filters by equality."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(
    r"""\.\.(?P<deep>[A-Za-z_][\w-]*)"""
    r"""|\.(?P<field>(?:[\w-]|\\\.)+)"""
    r"""|\.?\[(?P<quote>['"])(?P<quoted>(?:(?!(?P=quote)).)*)(?P=quote)\]"""
    r"""|\[(?P<index>-?\d+)\]"""
    r"""|\[(?P<all>\*)\]|\.(?P<star>\*)"""
    r"""|\[\?\(\s*@(?P<path>[^=!<>]*?)\s*(?P<op>==|!=)\s*(?P<value>[^)]*?)\s*\)\]"""
)

Step = Callable[[Any], Iterator[Any]]


class BadPath(ValueError):
    """A path that is not understood."""


def values(path: str, obj: Any) -> list[Any]:
    """Everything that a path finds.

    Raises:
        BadPath: it is not understood.
    """
    found = [obj]
    for step in _compiled(path):
        found = [inner for value in found for inner in step(value)]
    return found


def first_value(path: str, obj: Any) -> Any:
    """What a path finds first; None when it finds nothing.

    Raises:
        BadPath: it is not understood.
    """
    found = values(path, obj)
    return found[0] if found else None


@lru_cache(maxsize=1024)
def _compiled(path: str) -> tuple[Step, ...]:
    text = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    if text and text[0] not in ".[":
        text = "." + text
    steps: list[Step] = []
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise BadPath(f"{path}: not understood at {text[place:]!r}")
        steps.append(_step(found))
        place = found.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    if found["deep"]:
        return _deep(found["deep"])
    if found["field"] is not None:
        return _field(found["field"].replace("\\.", "."))
    if found["quoted"] is not None:
        return _field(found["quoted"].replace("\\.", "."))
    if found["index"] is not None:
        return _index(int(found["index"]))
    if found["path"] is not None:
        return _filter(found["path"], found["op"], found["value"])
    return _each


def _field(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _deep(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            if name in value:
                yield value[name]
            for inner in value.values():
                yield from step(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from step(inner)

    return step


def _index(place: int) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= place < len(value):
            yield value[place]

    return step


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict):
        yield from value.values()


def _filter(path: str, operator: str, wanted: str) -> Step:
    literal: Any = wanted[1:-1] if wanted[:1] in ("'", '"') else _literal(wanted)

    def step(value: Any) -> Iterator[Any]:
        for item in value if isinstance(value, list) else ():
            if (first_value(path, item) == literal) == (operator == "=="):
                yield item

    return step


def _literal(text: str) -> Any:
    known = {"true": True, "false": False, "null": None, "nil": None}
    if text in known:
        return known[text]
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
