"""A line by line difference of two objects as YAML, for terminals and pages."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Any

import yaml

from common.core.compare.fold import folded, without_server_fields
from common.core.compare.masking import masked
from common.core.keys import Object


class _Dumper(yaml.SafeDumper):
    """Text of several lines as a block, so that a change in it is a changed line; no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never: a repeated value is written again."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(value: Any) -> str:
    """YAML with sorted keys; nothing for None."""
    return "" if value is None else yaml.dump(value, Dumper=_Dumper, allow_unicode=True, width=4096)


def unified_diff(
    live: Object | None,
    desired: Object | None,
    *,
    name: str,
    annotations: Collection[str] = (),
    context: int = 3,
) -> str:
    """The unified difference from live to desired, empty when there is none. Secrets' values are hidden, and
    so are the `annotations` named; status and what only the server writes is left out.
    """
    sides = [None if obj is None else without_server_fields(folded(obj)) for obj in (live, desired)]
    hidden_desired, hidden_live = masked(sides[1], sides[0], annotations=annotations)
    lines = difflib.unified_diff(
        as_yaml(hidden_live).splitlines(),
        as_yaml(hidden_desired).splitlines(),
        f"live/{name}",
        f"desired/{name}",
        n=context,
        lineterm="",
    )
    return "".join(f"{line}\n" for line in lines)
