"""Kubernetes' protobuf bodies, as typed clients (some of kubectl's commands) send them, into JSON values.

The envelope is four magic bytes and an `Unknown` message (type, then the object's own bytes), as
kubernetes.io documents under "Kubernetes API Concepts". Answers are JSON; those clients read both.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from typing import Any

import orjson

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_META = "k8s.io.apimachinery.pkg.apis.meta.v1."
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Fields = dict[str, Any]


class BadProtobuf(ValueError):
    """The bytes are no object that is known here."""


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[int, tuple[str, str, str]]]:
    text = (resources.files("sandbox") / "protobuf_fields.json").read_bytes()
    return {
        message: {int(number): tuple(field) for number, field in fields.items()}
        for message, fields in orjson.loads(text).items()
    }


def decode_protobuf(body: bytes) -> Fields:
    """An object from its protobuf form.

    Raises:
        BadProtobuf: it cannot be read.
    """
    if not body.startswith(_MAGIC):
        raise BadProtobuf("the body does not begin with the magic bytes of Kubernetes' protobuf")
    try:
        envelope = dict(_wire(body[len(_MAGIC) :]))
        kind = {number: _text(value) for number, value in _wire(_bytes(envelope.get(1)))}
        api_version, name = kind.get(1, ""), kind.get(2, "")
        obj = _message(_message_name(api_version, name), _bytes(envelope.get(2)))
    except (IndexError, struct.error, UnicodeDecodeError, TypeError, AttributeError) as error:
        raise BadProtobuf(f"the body is cut short or damaged: {error}") from error
    return {"apiVersion": api_version, "kind": name, **obj}


def _message_name(api_version: str, kind: str) -> str:
    if kind == "DeleteOptions":
        return f"{_META}DeleteOptions"
    group, _, version = api_version.rpartition("/")
    name = f"k8s.io.api.{group.split('.')[0] or 'core'}.{version}.{kind}"
    if name not in _table():
        raise BadProtobuf(f"no kind {kind} in {api_version} is read as protobuf")
    return name


def _text(value: int | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _bytes(value: int | bytes | None) -> bytes:
    return value if isinstance(value, bytes) else b""


def _varint(body: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def _wire(body: bytes) -> Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(body):
        key, place = _varint(body, place)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, place = _varint(body, place)
            yield number, value
            continue
        if wire == _BYTES:
            size, place = _varint(body, place)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise BadProtobuf(f"wire type {wire} is not known")
        if place + size > len(body):
            raise BadProtobuf("the body is cut short")
        yield number, body[place : place + size]
        place += size


def _message(name: str, body: bytes) -> Any:
    special = _SPECIAL.get(name)
    if special is not None:
        return special(body)
    known = _table()[name]
    obj: Fields = {}
    for number, raw in _wire(body):
        field = known.get(number)
        if field is None:
            continue
        json_name, kind, flags = field
        if "m" in flags:
            entry = dict(_wire(_bytes(raw)))
            obj.setdefault(json_name, {})[_text(entry.get(1, b""))] = _value(kind, entry.get(2, b""))
            continue
        value = _value(kind, raw)
        if not json_name:
            obj.update(value or {})
        elif "r" in flags:
            obj.setdefault(json_name, []).append(value)
        elif "p" in flags or value not in ("", 0, False, None, {}):
            # What is no pointer is always sent; its zero value means that it is absent.
            obj[json_name] = value
    return obj


def _value(kind: str, raw: int | bytes) -> Any:
    if kind == "string":
        return _text(raw) if raw != b"" else ""
    if kind == "bytes":
        return base64.b64encode(_bytes(raw)).decode()
    if kind == "bool":
        return bool(raw)
    if kind in ("int32", "int64"):
        number = raw if isinstance(raw, int) else 0
        return number - (1 << 64) if number >= 1 << 63 else number
    if kind == "double":
        return struct.unpack("<d", raw)[0] if isinstance(raw, bytes) else 0.0
    return _message(kind, _bytes(raw))


def _time(body: bytes) -> str | None:
    found = dict(_wire(body))
    seconds = found.get(1, 0)
    if not isinstance(seconds, int) or not found:
        return None
    seconds = seconds - (1 << 64) if seconds >= 1 << 63 else seconds
    if seconds < 0:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(body: bytes) -> str | None:
    text, nanos = _time(body), dict(_wire(body)).get(2, 0)
    micros = nanos // 1000 if isinstance(nanos, int) else 0
    return None if text is None else f"{text[:-1]}.{micros:06d}Z"


def _int_or_string(body: bytes) -> int | str:
    found = dict(_wire(body))
    if found.get(1, 0):
        return _text(found.get(3, b""))
    number = found.get(2, 0)
    return number if isinstance(number, int) else 0


def _quantity(body: bytes) -> str:
    return _text(dict(_wire(body)).get(1, b""))


def _raw_json(body: bytes) -> Any:
    raw = dict(_wire(body)).get(1, b"")
    return orjson.loads(raw) if isinstance(raw, bytes) and raw else None


_SPECIAL = {
    f"{_META}Time": _time,
    f"{_META}MicroTime": _micro_time,
    f"{_META}FieldsV1": _raw_json,
    "k8s.io.apimachinery.pkg.runtime.RawExtension": _raw_json,
    "k8s.io.apimachinery.pkg.api.resource.Quantity": _quantity,
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString": _int_or_string,
}
