"""Attempts to log in, one-time links and revoked tokens on Redis; each ends by itself."""

from __future__ import annotations

import hashlib

import redis

from common.adapters.redis.connection import PREFIX, translating


class RedisLogins:
    """`ports.Logins`."""

    def __init__(self, client: redis.Redis, *, prefix: str = PREFIX) -> None:
        self._client = client
        self._prefix = prefix

    def attempt(self, who: str, *, window_seconds: float) -> int:
        """See `Logins.attempt`. Raises StoreUnavailable."""
        key = self._attempts(who)
        with translating, self._client.pipeline() as pipe:
            pipe.set(key, 0, px=int(window_seconds * 1000), nx=True)
            pipe.incr(key)
            return int(pipe.execute()[1])

    def forgive(self, who: str) -> None:
        """See `Logins.forgive`. Raises StoreUnavailable."""
        with translating:
            self._client.delete(self._attempts(who))

    def hand_out(self, token: str, *, seconds: float) -> None:
        """See `Logins.hand_out`. Raises StoreUnavailable."""
        with translating:
            self._client.set(self._once(token), b"1", px=int(seconds * 1000))

    def take(self, token: str) -> bool:
        """See `Logins.take`. Raises StoreUnavailable."""
        with translating:
            return self._client.getdel(self._once(token)) is not None

    def revoke(self, token_id: str, *, seconds: float) -> None:
        """See `Logins.revoke`. Raises StoreUnavailable."""
        with translating:
            self._client.set(f"{self._prefix}revoked:{token_id}", b"1", px=max(1, int(seconds * 1000)))

    def revoked(self, token_id: str) -> bool:
        """See `Logins.revoked`. Raises StoreUnavailable."""
        with translating:
            return bool(self._client.exists(f"{self._prefix}revoked:{token_id}"))

    def _attempts(self, who: str) -> str:
        return f"{self._prefix}attempts:{hashlib.sha256(who.encode('utf-8', 'replace')).hexdigest()}"

    def _once(self, token: str) -> str:
        return f"{self._prefix}login:{hashlib.sha256(token.encode('utf-8', 'replace')).hexdigest()}"
