"""What a plain YAML scalar means to Kubernetes' tools: the rules of sigs.k8s.io/yaml, which reads YAML 1.1
through go-yaml 2, without its base-60 numbers and with dates left as text.
"""

from __future__ import annotations

import base64
import binascii
import ctypes
import math
import re

JsonScalar = str | int | float | bool | None

STR = "tag:yaml.org,2002:str"
BINARY = "tag:yaml.org,2002:binary"
MERGE = "tag:yaml.org,2002:merge"
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_BOOL = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"
_TIME = "tag:yaml.org,2002:timestamp"

_WORDS: dict[str, JsonScalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_NUMERIC = frozenset("+-.0123456789")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_POINT_FIRST = re.compile(r"\.[0-9]+(?:[eE][-+]?[0-9]+)?")
_MAX_DIGITS = 400
"""Longer numbers are beyond any float, and slow to read."""


class WrongTag(ValueError):
    """A scalar under a tag that its text cannot be."""


def resolve(text: str) -> JsonScalar:
    """A plain scalar without a tag."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first not in _NUMERIC:
        return text
    if first == ".":
        return _finite(text, text) if _POINT_FIRST.fullmatch(text) else text
    return _number(text)


def _number(text: str) -> JsonScalar:
    plain = text.replace("_", "")
    if len(plain) > _MAX_DIGITS:
        return text
    found = _INTEGER.fullmatch(plain)
    if found is not None:
        value = _whole(found)
        if -(1 << 63) <= value < (1 << 64):
            return value
    return _finite(plain, text) if _DECIMAL.fullmatch(plain) else text


def _whole(found: re.Match[str]) -> int:
    sign, *digits = found.groups()
    value = next(int(text, base) for text, base in zip(digits, (16, 8, 2, 10), strict=True) if text)
    return -value if sign == "-" else value


def _finite(plain: str, text: str) -> JsonScalar:
    value = float(plain)
    return text if math.isinf(value) else value


def resolve_tagged(tag: str, text: str) -> JsonScalar:
    """A scalar with an explicit tag; unknown tags mean text.

    Raises:
        WrongTag: the text is nothing of that kind.
    """
    if tag == BINARY:
        try:
            return base64.b64decode(text, validate=False).decode(errors="replace")
        except (binascii.Error, ValueError) as error:
            raise WrongTag(f"!!binary value contains invalid base64 data: {error}") from error
    wanted = {_INT: int, _FLOAT: float, _BOOL: bool, _NULL: type(None)}.get(tag)
    if wanted is None:
        return text
    value = resolve(text)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise WrongTag(f"cannot decode {text!r} as a !!{tag.rpartition(':')[2]}")
    return value


def as_json(value: JsonScalar) -> JsonScalar:
    """The value as it comes out of Go's JSON: a float without a fraction is a whole number.

    Raises:
        WrongTag: infinity or not a number, which JSON has not.
    """
    if type(value) is not float:
        return value
    if math.isinf(value) or math.isnan(value):
        raise WrongTag("JSON has no infinity and no NaN")
    return int(value) if value.is_integer() and abs(value) < 1 << 63 else value


def as_key(value: JsonScalar) -> str:
    """A mapping's key as text: `true`, `8080`, `1.5`.

    Raises:
        WrongTag: null, or a whole number beyond 64 bits with sign.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or (isinstance(value, int) and value >= 1 << 63):
        raise WrongTag(f"a mapping cannot have the key {'null' if value is None else value}")
    return _short_float(value) if isinstance(value, float) else str(value)


def _short_float(value: float) -> str:
    """As Go's `FormatFloat(v, 'g', -1, 32)` prints it, by which go-yaml makes keys of floats."""
    if math.isnan(value):
        return ".nan"
    single = _single(value)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    tries = ((digits, f"{single:.{digits}e}") for digits in range(9))  # nine digits tell any two apart
    digits, text = next(pair for pair in tries if _single(float(pair[1])) == single)
    exponent = int(text.partition("e")[2])
    return f"{single:.{max(digits - exponent, 0)}f}" if -4 <= exponent < 6 else text


def _single(value: float) -> float:
    """Rounded to 32 bits; too large ones become infinite."""
    return ctypes.c_float(value).value
