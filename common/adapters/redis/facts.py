"""Small JSON documents by name on Redis, one hash for each namespace, and counters that tell of change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson
import redis

from common.adapters.redis.connection import PREFIX, translating


class RedisFacts:
    """`ports.Facts`."""

    def __init__(self, client: redis.Redis, *, prefix: str = PREFIX) -> None:
        self._client = client
        self._prefix = prefix

    def get(self, namespace: str, names: Sequence[str]) -> list[Any | None]:
        """Values in the order asked; None for what is not there. Raises StoreUnavailable."""
        if not names:
            return []
        with translating:
            found = self._client.hmget(self._key(namespace), list(names))
        return [None if value is None else orjson.loads(value) for value in found]

    def put(self, namespace: str, values: Mapping[str, Any]) -> None:
        """Set several, as a whole. Raises StoreUnavailable."""
        if values:
            with translating:
                self._client.hset(
                    self._key(namespace), mapping={name: orjson.dumps(v) for name, v in values.items()}
                )

    def drop(self, namespace: str, names: Sequence[str]) -> None:
        """Remove several. Raises StoreUnavailable."""
        if names:
            with translating:
                self._client.hdel(self._key(namespace), *names)

    def all(self, namespace: str) -> dict[str, Any]:
        """Every document of a namespace, sorted by name. Raises StoreUnavailable."""
        with translating:
            found = cast("dict[bytes, bytes]", self._client.hgetall(self._key(namespace)))
        return {name.decode(): orjson.loads(found[name]) for name in sorted(found)}

    def version(self, name: str) -> int:
        """A counter, 0 at first. Raises StoreUnavailable."""
        with translating:
            return int(self._client.hget(f"{self._prefix}versions", name) or 0)

    def bump(self, name: str) -> int:
        """Count on. After a flush it starts from the time, never at a number that was there before.

        Raises StoreUnavailable.
        """
        with translating:
            key = f"{self._prefix}versions"
            if not self._client.hexists(key, name):
                self._client.hsetnx(key, name, self._client.time()[0] * 1000)
            return int(self._client.hincrby(key, name, 1))

    def _key(self, namespace: str) -> str:
        return f"{self._prefix}facts:{namespace}"
