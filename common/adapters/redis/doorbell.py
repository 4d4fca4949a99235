"""Sleeping until another process says something: a channel of Redis, with the timeout on our side.

A blocking command would leave the timeout to the server, which looks at it once a second under `hz 1`.
"""

from __future__ import annotations

from collections.abc import Callable

import redis

from common.adapters.redis.connection import translating


class Doorbell:
    """A subscription that one thread sleeps on. What is said while nobody listens is lost."""

    def __init__(self, client: redis.Redis, channel: str) -> None:
        self._client = client
        self._channel = channel
        self._pubsub: redis.client.PubSub | None = None

    def wait(self, seconds: float) -> list[str]:
        """Sleep so long, or until something is said: then all of it. A new subscription answers `[""]` at
        once: look yourself at what you may have missed.

        Raises:
            StoreUnavailable: at once, not after `seconds`; the next call subscribes again.
        """
        with translating:
            try:
                return self._wait(max(seconds, 0.001))
            except (redis.RedisError, OSError):
                self.close()
                raise

    def _wait(self, seconds: float) -> list[str]:
        if self._pubsub is None:
            subscribe: Callable[..., redis.client.PubSub] = self._client.pubsub
            self._pubsub = subscribe(ignore_subscribe_messages=False)
            self._pubsub.subscribe(self._channel)
            self._pubsub.get_message(timeout=5.0)  # the confirmation: from here on we hear
            return [""]
        said: list[str] = []
        message = self._pubsub.get_message(timeout=seconds)
        while message is not None:
            # A client that reconnected by itself says so by subscribing again: something may be lost.
            said.append("" if message["type"] != "message" else message["data"].decode())
            message = self._pubsub.get_message(timeout=0.0)
        return said

    def ring(self, words: str = "ring") -> None:
        """Wake everybody who waits. Raises StoreUnavailable."""
        with translating:
            self._client.publish(self._channel, words)

    def close(self) -> None:
        """Give the connection back."""
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            pubsub.close()
