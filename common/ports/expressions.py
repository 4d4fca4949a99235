"""Users' expressions."""

from __future__ import annotations

from typing import Protocol


class Jq(Protocol):
    """Users' jq expressions, outside this process, with a time limit."""

    def delete_paths(self, expression: str, document: object) -> object:
        """The document without what the expression selects. Raises InvalidInput."""
        ...
