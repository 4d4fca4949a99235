"""Tokens: who signed them, for whom, and when they count."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from server.auth.tokens import InvalidToken, issue, read

KEY = b"0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def token(key: bytes = KEY) -> str:
    """An hour's."""
    return issue(key, "admin:login", now=NOW, token_id="t1", lifetime_seconds=3600)


def test_a_token_says_whose_it_is() -> None:
    """The account without its capability, the id and both times."""
    claims = read(KEY, token(), now=NOW)
    assert (claims.name, claims.id, claims.issued_at) == ("admin", "t1", NOW)
    assert claims.expires_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("after", [timedelta(hours=1), timedelta(days=9), timedelta(minutes=-2)])
def test_a_token_counts_in_its_time_only(after: timedelta) -> None:
    """Neither at its end nor well before its beginning."""
    with pytest.raises(InvalidToken):
        read(KEY, token(), now=NOW + after)


def test_another_key_is_refused() -> None:
    """Whoever signed it, it was not us."""
    with pytest.raises(InvalidToken):
        read(KEY, token(b"another-key-another-key-another-"), now=NOW)


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "é.é.é", "..", "x" * 10_000])
def test_no_token_at_all_is_refused(text: str) -> None:
    """Whatever comes in the header."""
    with pytest.raises(InvalidToken):
        read(KEY, text, now=NOW)


def test_an_unsigned_token_is_refused() -> None:
    """The algorithm `none` is none."""
    parts = [{"alg": "none"}, {"iss": "argocd", "sub": "admin", "iat": 1767225600}]
    encoded = [base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode() for part in parts]
    with pytest.raises(InvalidToken):
        read(KEY, ".".join([*encoded, ""]), now=NOW)
