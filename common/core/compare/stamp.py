"""In-sync stamps: three digests which, unchanged, say that an object was found in sync and still is."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from typing import Any

import msgspec
import orjson

from common.core.compare.fold import folded, without_server_fields
from common.core.keys import Object

COMPARISON_VERSION = "1"
"""Goes up when the same input may compare differently."""


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared when the object was in sync."""

    desired: str
    live: str
    governing: str


def digest(value: Any, *, key: bytes = b"") -> str:
    """A JSON value's digest: 32 hex digits, the same for the same value whatever its order of keys.

    With a key (at most 64 bytes) it tells nothing of a guessable value, such as a password, without it.
    """
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16, key=key).hexdigest()


def desired_digest(obj: Object, *, key: bytes = b"") -> str:
    """Of the form in which it is compared: stringData is folded into data."""
    return digest(folded(obj), key=key)


def live_fingerprint(obj: Object, managers: Collection[str], *, key: bytes = b"") -> str:
    """Of live without status and what only the server writes, but with who owns what, without times.

    `managers`, those whose entries count, are ours and the legacy appliers': they decide what is given up.
    """
    bare = without_server_fields(obj)
    entries = (obj.get("metadata") or {}).get("managedFields") or ()
    owned = [
        {name: value for name, value in entry.items() if name != "time"}
        for entry in entries
        if entry.get("manager") in managers
    ]
    owned.sort(key=lambda entry: orjson.dumps(entry, option=orjson.OPT_SORT_KEYS))
    return digest([bare, owned], key=key)


def governing_digest(parts: Iterable[Any]) -> str:
    """Of all that decides how the two are compared: ignore rules, tracking, the schema's digest."""
    return digest([COMPARISON_VERSION, *(msgspec.to_builtins(part) for part in parts)])
