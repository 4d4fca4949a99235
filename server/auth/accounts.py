"""The local account `admin`: its password, its tokens, and how often somebody may guess."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Protocol

import bcrypt

from common import ports
from server.auth import tokens
from server.auth.installation import Installation
from server.auth.tokens import Claims, InvalidToken
from server.http.faults import Code, Fault

ADMIN = "admin"
ATTEMPTS = 5
"""Wrong passwords for one account from one address, within the window (Argo CD's default)."""
ADDRESS_ATTEMPTS = 50
"""From one address for any account."""
WINDOW_SECONDS = 300.0
_LONGEST_PASSWORD = 72
"""Bytes that bcrypt looks at."""
_NOBODY = bcrypt.hashpw(b"nobody", bcrypt.gensalt(rounds=10))
"""What an unknown account's password is compared with: guessing names takes as long as guessing passwords."""


class Installed(Protocol):
    """Gives what `argocd-secret` says (`InstallationReader`)."""

    def current(self) -> Installation:
        """As it is now."""
        ...


class Accounts:
    """Raises StoreUnavailable and ClusterError where Redis or the home cluster cannot answer."""

    def __init__(self, installation: Installed, logins: ports.Logins, clock: ports.Clock) -> None:
        self._installation = installation
        self._logins = logins
        self._clock = clock

    def log_in(self, username: str, password: str, address: str) -> str:
        """A token for a name and a password.

        Raises:
            Fault: they are wrong, or too many were.
        """
        pair = f"{username}\0{address}"
        per_address = self._logins.attempt(address, window_seconds=WINDOW_SECONDS)
        per_pair = self._logins.attempt(pair, window_seconds=WINDOW_SECONDS)
        if per_pair > ATTEMPTS or per_address > ADDRESS_ATTEMPTS:
            raise Fault(
                Code.RESOURCE_EXHAUSTED,
                f"too many failed logins; try again within {WINDOW_SECONDS / 60:.0f} minutes",
            )
        if not self._right(username, password):
            raise Fault(Code.UNAUTHENTICATED, "Invalid username or password")
        self._logins.forgive(pair)
        self._logins.forgive(address)
        return self.token_for(ADMIN)

    def log_in_once(self, token: str) -> str | None:
        """A token for a one-time link's; None when it was used or has ended."""
        return self.token_for(ADMIN) if token and self._logins.take(token) else None

    def token_for(self, name: str) -> str:
        """A new token. Raises Fault when the installation has no key to sign with."""
        return tokens.issue(
            self._key(),
            f"{name}:login",
            now=self._clock.now(),
            token_id=secrets.token_urlsafe(16),
            lifetime_seconds=tokens.LIFETIME_SECONDS,
        )

    def identify(self, token: str) -> Claims:
        """Whose token it is.

        Raises:
            InvalidToken: nobody's, or not any more.
        """
        if not token:
            raise InvalidToken("no session information")
        installation = self._installation.current()
        if not installation.signing_key:
            raise InvalidToken("the installation has no key that signs tokens")
        key = installation.signing_key.reveal().encode()
        claims = tokens.read(key, token, now=self._clock.now())
        if claims.name != ADMIN:
            raise InvalidToken(f"there is no account {claims.name!r}")
        changed = installation.admin_password_at
        if changed is not None and claims.issued_at < changed.replace(microsecond=0):
            raise InvalidToken("the account's password has changed since the token was issued")
        if claims.id and self._logins.revoked(claims.id):
            raise InvalidToken("the token was revoked")
        return claims

    def log_out(self, claims: Claims) -> None:
        """Refuse the token from now on."""
        lifetime = timedelta(seconds=tokens.LIFETIME_SECONDS)
        if claims.id:
            ends = claims.expires_at or self._clock.now() + 365 * lifetime
            self._logins.revoke(claims.id, seconds=(ends - self._clock.now()).total_seconds())

    def _right(self, username: str, password: str) -> bool:
        given = password.encode("utf-8", "replace")
        stored = self._installation.current().admin_password.reveal().encode()
        known = username == ADMIN and bool(stored)
        if not given or len(given) > _LONGEST_PASSWORD or b"\0" in given:
            return False
        try:
            return bcrypt.checkpw(given, stored if known else _NOBODY) and known
        except ValueError:
            return False  # what is stored is no bcrypt hash

    def _key(self) -> bytes:
        key = self._installation.current().signing_key
        if not key:
            raise Fault(Code.FAILED_PRECONDITION, "argocd-secret has no server.secretkey to sign tokens with")
        return key.reveal().encode()
