"""When an API server takes two scalars for the same, though they are written differently."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from common.core.typed.items import same
from common.core.typed.schema import Scalar

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d+)")
_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{letter: Decimal(1000) ** (power + 1) for power, letter in enumerate("kMGTPE")},
    **{f"{letter}i": Decimal(1024) ** (power + 1) for power, letter in enumerate("KMGTPE")},
}


@lru_cache(maxsize=4096)
def quantity(text: str) -> Decimal | None:
    """The number that a resource quantity stands for (kubernetes.io, "Quantity"); None when it is none."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, suffix = match.groups()
    scale = _SUFFIXES.get(suffix)
    if scale is None:
        return Decimal(f"{number}{suffix}")
    return Decimal(number) * scale


def equal_quantities(a: Any, b: Any) -> bool:
    """Whether two values are quantities of the same size; numbers count as the text they print."""
    if isinstance(a, bool) or isinstance(b, bool):
        return False
    first, second = quantity(str(a)), quantity(str(b))
    return first is not None and first == second


def equal_scalars(a: Any, b: Any, kind: Scalar) -> bool | None:
    """Whether a server that reads both ends up with the same value; None when only the server can tell."""
    if same(a, b):
        return True
    if kind is Scalar.QUANTITY:
        return equal_quantities(a, b)
    if kind is Scalar.BYTES:
        return _equal_bytes(a, b)
    if kind is Scalar.TIME:
        return _equal_times(a, b)
    if kind is Scalar.INT_OR_STRING and str(a) == str(b):
        return None
    if kind is Scalar.ANY and equal_quantities(a, b):
        return None
    return False


def _equal_bytes(a: Any, b: Any) -> bool:
    try:
        return base64.b64decode(a) == base64.b64decode(b)
    except (binascii.Error, TypeError, ValueError):
        return False


def _equal_times(a: Any, b: Any) -> bool:
    try:
        return datetime.fromisoformat(a) == datetime.fromisoformat(b)
    except (TypeError, ValueError):
        return False
