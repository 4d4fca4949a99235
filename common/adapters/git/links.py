"""Symbolic links of a tree: which of them stay inside it."""

from __future__ import annotations

from collections.abc import Mapping

_MAX_STEPS = 40
"""As many links as Linux follows in one path."""


def stays_inside(path: str, links: Mapping[str, str]) -> bool:
    """Whether following the link at `path` never leaves the tree, not even on the way.

    `links` are all links of the tree, by path. Every step is followed as the kernel would, because a target
    that is harmless as text (`a/../..`) leaves the tree when `a` is a link itself. A link that leads nowhere
    inside the tree is harmless; one that leads in circles is not made.
    """
    place = path.split("/")[:-1]
    if links[path].startswith("/") or any("/".join(place[:n]) in links for n in range(1, len(place) + 1)):
        return False  # a directory and a link of one name: only a hostile tree has both
    todo = links[path].split("/")[::-1]
    steps = 0
    while todo:
        part = todo.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            if not place:
                return False
            place.pop()
            continue
        place.append(part)
        target = links.get("/".join(place))
        if target is not None:
            steps += 1
            if target.startswith("/") or steps > _MAX_STEPS:
                return False
            place.pop()
            todo.extend(target.split("/")[::-1])
    return True
