"""One pool of connections to Redis for each process, its errors translated, scripts run by their digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from importlib.resources import files
from types import TracebackType
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import NoScriptError, OutOfMemoryError, RedisError, ResponseError
from redis.retry import Retry
from redis.sentinel import Sentinel

from common.core.errors import StoreError, StoreUnavailable

PREFIX = "moor:"
"""Begins every key of ours."""

_REFUSALS = ("LOADING", "READONLY", "MISCONF", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "BUSY")


class _Translating:
    """Turns the client's errors into ours; a class, because a generator context costs ten times as much."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or not isinstance(error, RedisError | OSError):
            return
        raise _translated(error) from error


def _translated(error: BaseException) -> StoreError:
    text = f"Redis: {error}"
    lasting = isinstance(error, ResponseError) and not isinstance(error, OutOfMemoryError)
    if lasting and not str(error).startswith(_REFUSALS):
        return StoreError(text)
    return StoreUnavailable(text)


translating = _Translating()
"""`with translating:` around calls of the client: raises StoreUnavailable, or StoreError for what a retry
cannot mend (a wrong type, a script's own error).
"""


def connect(
    url: str,
    *,
    timeout_seconds: float = 5.0,
    max_connections: int = 128,
    sentinel_service: str = "",
) -> redis.Redis:
    """A client with a pool that threads share. Nothing is sent yet.

    `url` is `redis://`, `rediss://` or `unix://` with its user, password and database;
    with `sentinel_service`, its host and port are a Sentinel's, and the service's master is used. A broken
    connection is tried twice more (0.05 and 0.1 s later): every script of ours may run twice.
    """
    retry = Retry(ExponentialBackoff(cap=0.5, base=0.05), 2)
    options: dict[str, Any] = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "socket_keepalive": True,
        "retry": retry,
        "max_connections": max_connections,
    }
    if url.startswith("unix://"):
        del options["socket_keepalive"]
    if sentinel_service:
        parsed = redis.connection.parse_url(url)  # type: ignore[no-untyped-call]
        host, port = parsed.pop("host", "127.0.0.1"), parsed.pop("port", 26379)
        sentinel = Sentinel([(host, port)], socket_timeout=timeout_seconds)  # type: ignore[no-untyped-call]
        make: Callable[..., redis.Redis] = sentinel.master_for
        return make(sentinel_service, **{**options, **parsed})
    return redis.Redis.from_url(url, **options)


class Script:
    """A Lua script shipped beside this module, run by its digest and loaded again when Redis forgot it."""

    def __init__(self, client: redis.Redis, *names: str) -> None:
        package = files("common.adapters.redis")
        self._client = client
        self._execute: Callable[..., Any] = client.execute_command
        self.text = "\n".join((package / f"{name}.lua").read_text() for name in names)
        self.digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], *args: str | bytes | int | float) -> Any:
        """Run it. Raises StoreUnavailable."""
        with translating:
            try:
                return self._execute("EVALSHA", self.digest, len(keys), *keys, *args)
            except NoScriptError:
                return self._execute("EVAL", self.text, len(keys), *keys, *args)

    def pipelined(
        self, calls: Sequence[tuple[Sequence[str], Sequence[str | bytes | int | float]]]
    ) -> list[Any]:
        """Run it for several arguments in one round trip, each call on its own. Raises StoreUnavailable."""

        def send() -> list[Any]:
            with self._client.pipeline(transaction=False) as pipe:
                execute: Callable[..., Any] = pipe.execute_command
                for keys, args in calls:
                    execute("EVALSHA", self.digest, len(keys), *keys, *args)
                return pipe.execute()

        with translating:
            try:
                return send()
            except NoScriptError:
                self._client.script_load(self.text)
                return send()


def each(client: redis.Redis, fill: Callable[[Any], None], *, transaction: bool = False) -> list[Any]:
    """Send what `fill` puts into a pipeline in one round trip. Raises StoreUnavailable."""
    with translating, client.pipeline(transaction=transaction) as pipe:
        fill(pipe)
        return pipe.execute()
