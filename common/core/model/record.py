"""The base of all typed views: how a Python field is spelt in JSON, and what is left out when written."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from common.core.timestamps import rfc3339

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone."""


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A part of an object. Fields with a default are left out of JSON while they hold it."""


def to_json(value: object) -> Any:
    """JSON values in Argo CD's schema: empty fields left out, times in UTC and whole seconds.

    The order of keys is the order in which the fields are declared.
    """
    return _plain(msgspec.to_builtins(value, builtin_types=(datetime,)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return rfc3339(value) if isinstance(value, datetime) else value
