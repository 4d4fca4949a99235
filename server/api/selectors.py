"""Label selectors as Kubernetes writes them: `a=b,c!=d,e in (f,g),h,!i`."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from common.core.errors import InvalidInput

_PART = re.compile(
    r"\s*(?:(?P<not>!)\s*(?P<absent>[^\s=!,()]+)"
    r"|(?P<key>[^\s=!,()]+)\s*"
    r"(?:(?P<op>==|=|!=)\s*(?P<value>[^\s=!,()]*)"
    r"|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|$)"
)


class Requirement(msgspec.Struct, frozen=True):
    """One term: the label's value is among `values`, or (negated) is not; None for whether it is there."""

    key: str
    values: frozenset[str] | None
    negated: bool

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy it. A label that is not there satisfies every negated term."""
        found = self.key in labels and (self.values is None or labels[self.key] in self.values)
        return found is not self.negated


def parse_selector(text: str) -> tuple[Requirement, ...]:
    """Read a selector.

    Raises:
        InvalidInput: it is none.
    """
    found, at = [], 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None or match.end() == at:
            raise InvalidInput(
                "selector", "", found=text, expected="terms such as a=b, a!=b, a in (b,c), a, !a"
            )
        at = match.end()
        found.append(_requirement(match))
    return tuple(found)


def _requirement(match: re.Match[str]) -> Requirement:
    if match["not"]:
        return Requirement(match["absent"], None, True)
    if match["op"]:
        return Requirement(match["key"], frozenset({match["value"]}), match["op"] == "!=")
    if match["set"]:
        values = frozenset(part.strip() for part in match["values"].split(","))
        return Requirement(match["key"], values, match["set"] == "notin")
    return Requirement(match["key"], None, False)


def selected(requirements: tuple[Requirement, ...], labels: Mapping[str, str]) -> bool:
    """Whether labels satisfy all terms."""
    return all(one.holds(labels) for one in requirements)
