"""Forms as browsers send them."""

from __future__ import annotations

from urllib.parse import parse_qsl

from server.http.faults import Code, Fault

_FIELDS = 50


def read_form(body: bytes) -> dict[str, str]:
    """The fields of an application/x-www-form-urlencoded body; the last one of a name counts.

    Raises:
        Fault: it is none, or has too many fields.
    """
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError as error:
        raise Fault(Code.INVALID_ARGUMENT, f"the form cannot be read: {error}") from None
