"""jq in this process, for tests: without a time limit."""

from __future__ import annotations

import jq

from common.core.errors import InvalidInput


class MemoryJq:
    """`ports.Jq`."""

    def delete_paths(self, expression: str, document: object) -> object:
        """See `Jq.delete_paths`."""
        try:
            return jq.compile(f"del({expression})").input_value(document).first()
        except (ValueError, StopIteration) as error:
            raise InvalidInput(
                "ignoreDifferences",
                "jqPathExpressions",
                found=expression,
                expected=f"a path expression that jq accepts ({error})",
            ) from None
