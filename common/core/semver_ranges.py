"""Version ranges in the grammar of Masterminds' semver, which `targetRevision` is written in.

A comma or a space is AND, `||` is OR; `=`, `!=`, `>`, `<`, `>=`, `<=`, `~`, `^`, hyphen ranges, and `x`, `X`
or `*` for a part. A version with a prerelease matches only where the comparisons that are joined by AND name
a prerelease themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from common.core.errors import InvalidInput

MAX_LENGTH = 256
"""Longer texts are no range: what follows may take time that grows faster than the text."""

_ID = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_SUFFIX = rf"(?:-(?P<pre>{_ID}))?(?:\+(?P<build>{_ID}))?"
_VERSION = re.compile(rf"v?(?P<major>[0-9]+)(?:\.(?P<minor>[0-9]+))?(?:\.(?P<patch>[0-9]+))?{_SUFFIX}")
_PART = r"(?:[0-9]+|[xX*])"
_NUMBERS = rf"v?(?P<major>{_PART})(?:\.(?P<minor>{_PART}))?(?:\.(?P<patch>{_PART}))?"
_TERM = re.compile(rf"(?P<op>=<|=>|>=|<=|!=|~>|[=<>~^])?\s*{_NUMBERS}{_SUFFIX}")
_BARE = re.sub(r"\?P<\w+>", "?:", _TERM.pattern)
_BARE_VERSION = re.sub(r"\?P<\w+>", "?:", _NUMBERS + _SUFFIX)
_GROUP = re.compile(rf"\s*{_BARE}\s*(?:(?:\s|,)\s*{_BARE}\s*)*")
_HYPHEN = re.compile(rf"\s*({_BARE_VERSION})\s+-\s+({_BARE_VERSION})\s*")


class Version(msgspec.Struct, frozen=True):
    """A version. Compare by `order`."""

    major: int
    minor: int = 0
    patch: int = 0
    pre: str = ""
    original: str = ""
    """As it was written."""

    @property
    def order(self) -> tuple[Any, ...]:
        """As Semantic Versioning 2 says: a prerelease is before its version, build metadata is nothing."""
        parts = tuple(
            (0, int(part), "") if part.isdigit() else (1, 0, part) for part in self.pre.split(".") if self.pre
        )
        return (self.major, self.minor, self.patch, not self.pre, parts)


def parse_version(text: str) -> Version | None:
    """Read a version; a `v` before it and missing parts are allowed. None for what is none."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    pre = found["pre"] or ""
    if _has_leading_zero(pre):
        return None
    return Version(int(found["major"]), int(found["minor"] or 0), int(found["patch"] or 0), pre, text)


def _has_leading_zero(pre: str) -> bool:
    return any(part.isdigit() and len(part) > 1 and part[0] == "0" for part in pre.split("."))


class _Comparison(msgspec.Struct, frozen=True):
    """One comparison: what follows the first wildcard, or is missing, is free."""

    operator: str
    version: Version
    given: int
    """How many of the three parts are given."""

    def allows(self, version: Version, *, prereleases: bool) -> bool:
        if version.pre and not self.version.pre and not prereleases:
            return False
        return _OPERATORS[self.operator](self, version)

    def same(self, version: Version, parts: int) -> bool:
        """Equal in the first parts."""
        return _numbers(version)[:parts] == _numbers(self.version)[:parts]


def _numbers(version: Version) -> tuple[int, int, int]:
    return (version.major, version.minor, version.patch)


def _equal(term: _Comparison, version: Version) -> bool:
    return version.order == term.version.order if term.given == 3 else _tilde(term, version)


def _not_equal(term: _Comparison, version: Version) -> bool:
    if term.given == 3:
        return version.order != term.version.order
    if not term.same(version, term.given or 3):
        return True
    return term.given != 1 and version.pre != term.version.pre


def _greater(term: _Comparison, version: Version) -> bool:
    if term.given in (0, 3):
        return version.order > term.version.order
    return _numbers(version)[: term.given] > _numbers(term.version)[: term.given]


def _less_or_equal(term: _Comparison, version: Version) -> bool:
    if term.given == 3:
        return version.order <= term.version.order
    parts = term.given or 2
    return _numbers(version)[:parts] <= _numbers(term.version)[:parts]


def _tilde(term: _Comparison, version: Version) -> bool:
    """The same minor version, or the same major one where no minor is given."""
    if version.order < term.version.order:
        return False
    if _numbers(term.version) == (0, 0, 0) and term.given in (0, 3):
        return True
    return term.same(version, 1 if term.given == 1 else 2)


def _caret(term: _Comparison, version: Version) -> bool:
    """What does not change the leftmost part that is not zero."""
    if version.order < term.version.order:
        return False
    major, minor, _ = _numbers(term.version)
    if major > 0 or term.given == 1:
        return term.same(version, 1)
    if minor > 0 or term.given == 2:
        return term.same(version, 2)
    return term.same(version, 3)


_OPERATORS: dict[str, Callable[[_Comparison, Version], bool]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": lambda term, version: version.order < term.version.order,
    ">=": lambda term, version: version.order >= term.version.order,
    "=>": lambda term, version: version.order >= term.version.order,
    "<=": _less_or_equal,
    "=<": _less_or_equal,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}


class VersionRange(msgspec.Struct, frozen=True):
    """A parsed range."""

    groups: tuple[tuple[_Comparison, ...], ...]
    """OR of ANDs."""

    def allows(self, version: Version) -> bool:
        """Whether a version is in the range."""
        return any(
            all(term.allows(version, prereleases=any(other.version.pre for other in group)) for term in group)
            for group in self.groups
        )


def parse_range(text: str) -> VersionRange:
    """Read a range.

    Raises:
        InvalidInput: it is none.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput("version range", "", found=text, expected=f"at most {MAX_LENGTH} characters")
    rewritten = _HYPHEN.sub(r" >= \1, <= \2 ", text)
    return VersionRange(tuple(_group(part, text) for part in rewritten.split("||")))


def _group(text: str, whole: str) -> tuple[_Comparison, ...]:
    terms = list(_TERM.finditer(text))
    if _GROUP.fullmatch(text) is None or any(_has_leading_zero(found["pre"] or "") for found in terms):
        raise InvalidInput("version range", "", found=whole, expected="such as '>=1.2, <2' or '1.x || ^3.4'")
    return tuple(_comparison(found) for found in terms)


def _comparison(found: re.Match[str]) -> _Comparison:
    parts = [found["major"], found["minor"], found["patch"]]
    given = next((i for i, part in enumerate(parts) if part is None or part in "xX*"), 3)
    major, minor, patch = (int(part) if i < given else 0 for i, part in enumerate(parts))
    return _Comparison(found["op"] or "", Version(major, minor, patch, found["pre"] or ""), given)
