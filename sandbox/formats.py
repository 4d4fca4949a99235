"""Names, quantities and the string formats of schemas."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
DNS1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
QUANTITY = re.compile(r"[+-]?(\d+|\d+\.\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?")
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")
_DURATION = re.compile(r"[-+]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+|0")

LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and"
    " end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must"
    " start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
DNS1035_WORDS = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic"
    " character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for"
    " validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
QUALIFIED_WORDS = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
    " alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
LABEL_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must"
    " start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used"
    " for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def label_fault(name: str) -> str:
    """Why a name is no RFC 1123 label; empty when it is."""
    if len(name) > 63:
        return "must be no more than 63 characters"
    return "" if LABEL.fullmatch(name) else LABEL_WORDS


def subdomain_fault(name: str) -> str:
    """Why a name is no RFC 1123 subdomain; empty when it is."""
    if len(name) > 253:
        return "must be no more than 253 characters"
    return "" if SUBDOMAIN.fullmatch(name) else SUBDOMAIN_WORDS


def dns1035_fault(name: str) -> str:
    """Why a name is no RFC 1035 label; empty when it is."""
    if len(name) > 63:
        return "must be no more than 63 characters"
    return "" if DNS1035.fullmatch(name) else DNS1035_WORDS


def path_segment_fault(name: str) -> str:
    """Why a name cannot stand in a path (RBAC's names); empty when it can."""
    if name in (".", ".."):
        return f"may not be '{name}'"
    return next((f"may not contain '{bad}'" for bad in "/%" if bad in name), "")


def qualified_fault(key: str) -> str:
    """Why a label's or annotation's key is none; empty when it is one."""
    prefix, slash, name = key.rpartition("/")
    if slash and (not prefix or subdomain_fault(prefix)):
        return "prefix part " + (subdomain_fault(prefix) if prefix else "must be non-empty")
    if not name:
        return "name part must be non-empty"
    if len(name) > 63:
        return "name part must be no more than 63 characters"
    return "" if QUALIFIED.fullmatch(name) else QUALIFIED_WORDS


def label_value_fault(value: str) -> str:
    """Why a text is no label value; empty when it is one."""
    if len(value) > 63:
        return "must be no more than 63 characters"
    return "" if not value or QUALIFIED.fullmatch(value) else LABEL_VALUE_WORDS


def _is_base64(value: object) -> bool:
    try:
        base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_time(value: object) -> bool:
    if not _RFC3339.fullmatch(str(value)):
        return False
    try:
        datetime.fromisoformat(str(value).upper())
    except ValueError:
        return False
    return True


def _ranged(bits: int) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, int) or -(1 << bits) <= value < (1 << bits)


FORMATS: dict[str, Callable[[object], bool]] = {
    "byte": _is_base64,
    "date-time": _is_time,
    "duration": lambda value: bool(_DURATION.fullmatch(str(value))),
    "int32": _ranged(31),
    "int64": _ranged(63),
    "quantity": lambda value: bool(QUANTITY.fullmatch(str(value))),
}
"""Formats that are checked; others pass, as the API server ignores what it does not know."""
