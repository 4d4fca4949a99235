"""Globs in the grammar of the Go package gobwas/glob, which Argo CD uses: `*`, `**`, `?`, `[a]`, `{a,b}`."""

from __future__ import annotations

import re
from functools import lru_cache


def matches(pattern: str, text: str, *, separator: str = "") -> bool:
    """Whether a glob matches the whole text. With a separator, `*` and `?` do not cross it and `**` does. A
    pattern that cannot be read matches nothing.
    """
    compiled = _compiled(pattern, separator)
    return compiled is not None and compiled.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str, separator: str) -> re.Pattern[str] | None:
    try:
        return re.compile(_Translation(pattern, separator).all(), re.DOTALL)
    except (re.error, _Unreadable):
        return None


class _Unreadable(Exception):
    pass


class _Translation:
    """One pass over a pattern that makes a regular expression."""

    def __init__(self, pattern: str, separator: str) -> None:
        self.pattern, self.at, self.depth = pattern, 0, 0
        self.one = f"[^{re.escape(separator)}]" if separator else "."

    def all(self) -> str:
        """The whole expression."""
        parts = []
        while self.at < len(self.pattern):
            parts.append(self._next())
        if self.depth:
            raise _Unreadable
        return "".join(parts)

    def _next(self) -> str:
        char = self.pattern[self.at]
        self.at += 1
        if char == "*":
            return self._star()
        if char == "?":
            return self.one
        if char == "[":
            return self._class()
        if char == "\\" and self.at < len(self.pattern):
            self.at += 1
            return re.escape(self.pattern[self.at - 1])
        return self._brace(char)

    def _brace(self, char: str) -> str:
        if char == "{":
            self.depth += 1
            return "(?:"
        if char == "}" and self.depth:
            self.depth -= 1
            return ")"
        return "|" if char == "," and self.depth else re.escape(char)

    def _star(self) -> str:
        start = self.at
        while self.at < len(self.pattern) and self.pattern[self.at] == "*":
            self.at += 1
        return ".*" if self.at > start else f"{self.one}*"

    def _class(self) -> str:
        end = self.pattern.find("]", self.at + 1)
        if end < 0:
            raise _Unreadable
        inside = self.pattern[self.at : end]
        self.at = end + 1
        negated = inside.startswith(("!", "^"))
        body = re.sub(r"([\\\[\]&|~^])", r"\\\1", inside[1:] if negated else inside)
        return f"[{'^' if negated else ''}{body}]"
