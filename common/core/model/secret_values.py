"""What a Secret holds, decoded; and errors about it that never show a value."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from common.core.access import Secret
from common.core.errors import FieldError
from common.core.keys import Object

TRUTHS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False", ""), False),
}
"""What Go's strconv.ParseBool takes; nothing is false."""


class SecretValues:
    """The decoded values of one Secret, with the errors that reading them made."""

    def __init__(self, obj: Object) -> None:
        given = obj.get("metadata")
        meta: Mapping[str, object] = given if isinstance(given, dict) else {}
        self.name = f"Secret {meta.get('namespace') or ''}/{meta.get('name') or ''}"
        self.labels = _texts(meta.get("labels"))
        self.annotations = _texts(meta.get("annotations"))
        self.errors: list[FieldError] = []
        self._values: dict[str, str] = {}
        for key, value in _texts(obj.get("data")).items():
            self._decode(key, value)
        self._values |= _texts(obj.get("stringData"))

    def _decode(self, key: str, value: str) -> None:
        try:
            self._values[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            self.refuse(f"data.{key}", "a value that is not base64 of text", "base64 of UTF-8 text")

    def refuse(self, field: str, found: str, expected: str) -> None:
        """Note an error. `found` describes; it never is the value."""
        self.errors.append(FieldError(self.name, field, found, expected))

    def text(self, key: str) -> str:
        """A value without the white space around it; empty when there is none."""
        return self._values.get(key, "").strip()

    def required(self, key: str) -> str:
        """A value that must be there."""
        text = self.text(key)
        if not text and not any(error.field == f"data.{key}" for error in self.errors):
            self.refuse(f"data.{key}", "nothing", "a value")
        return text

    def secret(self, key: str) -> Secret | None:
        """A secret value, as it is; None when there is none."""
        value = self._values.get(key, "")
        return Secret(value) if value else None

    def truth(self, key: str) -> bool:
        """A boolean; false when there is none."""
        found = TRUTHS.get(self.text(key))
        if found is None:
            self.refuse(f"data.{key}", "a value that is neither", "true or false")
        return bool(found)

    def number(self, key: str) -> int:
        """A whole number from 0; 0 when there is none."""
        text = self.text(key)
        if text and not (text.isascii() and text.isdigit()):
            self.refuse(f"data.{key}", "a value that is none", "a whole number")
            return 0
        return int(text or 0)


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(key): str(text) for key, text in value.items() if text is not None}
