"""JSON Web Tokens as Argo CD issues them: HS256 with `server.secretkey`, issuer `argocd`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

ISSUER = "argocd"
LIFETIME_SECONDS = 24 * 3600
"""Argo CD's `users.session.duration`."""
LEEWAY_SECONDS = 60
_ALGORITHMS = ["HS256"]


class InvalidToken(Exception):
    """A token that is not ours, has ended, or says nothing that we understand."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says."""

    subject: str
    """`name` or `name:capability`."""
    id: str
    issued_at: datetime
    expires_at: datetime | None

    @property
    def name(self) -> str:
        """The account."""
        return self.subject.partition(":")[0]


def issue(key: bytes, subject: str, *, now: datetime, token_id: str, lifetime_seconds: int) -> str:
    """A signed token."""
    issued = int(now.timestamp())
    claims = {
        "iss": ISSUER,
        "sub": subject,
        "iat": issued,
        "nbf": issued,
        "exp": issued + lifetime_seconds,
        "jti": token_id,
    }
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(key), algorithms=_ALGORITHMS)


def read(key: bytes, token: str, *, now: datetime) -> Claims:
    """Verify a token.

    Raises:
        InvalidToken: its signature, algorithm, issuer or times are wrong.
    """
    try:
        claims = jwt.decode(token, OctKey.import_key(key), algorithms=_ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidToken(f"the token is not valid: {type(error).__name__}") from None
    subject, token_id = claims.get("sub"), claims.get("jti")
    issued: Any = claims.get("iat")
    expires: Any = claims.get("exp")
    begins: Any = claims.get("nbf", 0)
    seconds = now.timestamp()
    if claims.get("iss") != ISSUER or not isinstance(subject, str) or not subject:
        raise InvalidToken("the token was issued by somebody else")
    if not _is_time(issued) or not _is_time(begins) or not (expires is None or _is_time(expires)):
        raise InvalidToken("the token's times are no numbers")
    if expires is not None and seconds >= expires:
        raise InvalidToken("the token has expired")
    if begins > seconds + LEEWAY_SECONDS or issued > seconds + LEEWAY_SECONDS:
        raise InvalidToken("the token is not valid yet")
    return Claims(
        subject=subject,
        id=token_id if isinstance(token_id, str) else "",
        issued_at=datetime.fromtimestamp(issued, UTC),
        expires_at=None if expires is None else datetime.fromtimestamp(expires, UTC),
    )


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11
