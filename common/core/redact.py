"""Secrets as keyed digests: equal values stay equal, and nobody can read them back.

The same function goes over the live object before it is stored and over the desired one before the two are
compared.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

import orjson

from common.core.keys import Object

PREFIX = "hmac-sha256:"
"""Begins every digest. It is no valid base64, so no value of `data` can be taken for one."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def is_secret(obj: Object) -> bool:
    """Whether it is a core/v1 Secret."""
    return obj.get("kind") == "Secret" and obj.get("apiVersion") == "v1"


def digest_secret(obj: Object, key: bytes) -> Object:
    """A copy whose `data`, `stringData` and last-applied annotation hold digests; anything else unchanged.

    A digest depends on the key, the Secret's namespace and name, the field's name and the decoded value: so
    the same value in `data` and in `stringData` is the same digest, and equal passwords of two Secrets are
    not seen to be equal. Digesting twice changes nothing.
    """
    if not is_secret(obj):
        return obj
    meta = obj.get("metadata") or {}
    place = f"{meta.get('namespace') or ''}/{meta.get('name') or ''}"
    made = _with_digests(obj, key, place)
    annotations = meta.get("annotations")
    if isinstance(annotations, dict) and LAST_APPLIED in annotations:
        applied = _last_applied(annotations[LAST_APPLIED], key, place)
        made["metadata"] = meta | {"annotations": annotations | {LAST_APPLIED: applied}}
    return made


def _with_digests(obj: Object, key: bytes, place: str) -> Object:
    made = dict(obj)
    for section in ("data", "stringData"):
        values = obj.get(section)
        if isinstance(values, dict):
            made[section] = {
                name: _digest(value, key, f"{place}/{name}", decode=section == "data")
                for name, value in values.items()
            }
        elif values is not None:
            made[section] = _digest(values, key, f"{place}/", decode=False)
    return made


def _digest(value: Any, key: bytes, place: str, *, decode: bool) -> Any:
    if value is None:
        return None
    if not isinstance(value, str):
        plain = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    elif value.startswith(PREFIX):
        return value
    else:
        plain = _decoded(value) if decode else value.encode("utf-8", "surrogatepass")
    mac = hmac.new(key, place.encode("utf-8", "surrogatepass") + b"\0" + plain, hashlib.sha256)
    return PREFIX + mac.hexdigest()


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value.encode("utf-8", "surrogatepass")


def _last_applied(text: Any, key: bytes, place: str) -> Any:
    """The annotation's fields stay, for three-way comparisons; what cannot be read is digested whole."""
    try:
        document = orjson.loads(text)
    except (orjson.JSONDecodeError, TypeError):
        return _digest(text, key, f"{place}/{LAST_APPLIED}", decode=False)
    if not isinstance(document, dict):
        return _digest(text, key, f"{place}/{LAST_APPLIED}", decode=False)
    return orjson.dumps(_with_digests(document, key, place), option=orjson.OPT_SORT_KEYS).decode()
