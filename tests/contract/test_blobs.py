"""`ports.Blobs`: content by digest, bounded, on the fake and on Redis."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import redis

from common.adapters.memory.blobs import MemoryBlobs
from common.adapters.redis.blobs import RedisBlobs
from common.core.errors import CacheMiss
from tests.redis_fixtures import valkey, valkey_server  # noqa: F401

Blobs = MemoryBlobs | RedisBlobs
KEY = bytes(range(32))


@pytest.fixture(params=["memory", "redis", "encrypted"])
def make(request: pytest.FixtureRequest) -> Callable[[int], Blobs]:
    """Makes each implementation, of a size."""
    if request.param == "memory":
        return lambda size: MemoryBlobs(max_bytes=size)
    client: redis.Redis = request.getfixturevalue("valkey")
    key = KEY if request.param == "encrypted" else None
    return lambda size: RedisBlobs(client, max_bytes=size, key=key)


def test_get_what_was_put(make: Callable[[int], Blobs]) -> None:
    """Bytes come back as they were; a namespace is not another's."""
    blobs = make(10_000)
    for content in (b"", b"abc" * 1000, os.urandom(2000)):
        blobs.put("rendered", "d1", content)
        assert blobs.get("rendered", "d1") == content
    with pytest.raises(CacheMiss):
        blobs.get("desired", "d1")


def test_oldest_use_goes_first(make: Callable[[int], Blobs]) -> None:
    """Beyond the limit what was used longest ago is dropped; being read is being used."""
    blobs = make(3_500)
    for name in ("a", "b", "c"):
        blobs.put("n", name, os.urandom(1000))
    blobs.get("n", "a")
    blobs.put("n", "d", os.urandom(1000))
    assert len(blobs.get("n", "a")) == 1000
    with pytest.raises(CacheMiss):
        blobs.get("n", "b")


def test_too_large_is_not_kept(make: Callable[[int], Blobs]) -> None:
    """One blob larger than the limit is a miss afterwards, not an error."""
    blobs = make(1_000)
    blobs.put("n", "big", os.urandom(5_000))
    with pytest.raises(CacheMiss):
        blobs.get("n", "big")


def test_redis_size_follows(valkey: redis.Redis) -> None:  # noqa: F811
    """The same digest twice counts once; the size never exceeds the limit."""
    blobs = RedisBlobs(valkey, max_bytes=5_000)
    for _ in range(3):
        blobs.put("n", "a", os.urandom(1000))
    assert 1_000 <= blobs.size() < 1_100
    for n in range(20):
        blobs.put("n", str(n), os.urandom(1000))
        assert blobs.size() <= 5_000
    valkey.flushall()
    assert blobs.size() == 0


def test_encrypted_blobs_are_unreadable_without_the_key(valkey: redis.Redis) -> None:  # noqa: F811
    """The content is not in Redis; another key, another name or a broken blob is a miss."""
    content = b"password: hunter2\n"
    blobs = RedisBlobs(valkey, max_bytes=10_000, key=KEY)
    blobs.put("n", "a", content)
    assert b"hunter2" not in valkey.get("moor:blobs:b:n:a")
    with pytest.raises(CacheMiss):
        RedisBlobs(valkey, max_bytes=10_000, key=KEY[::-1]).get("n", "a")
    valkey.rename("moor:blobs:b:n:a", "moor:blobs:b:n:moved")
    with pytest.raises(CacheMiss):
        blobs.get("n", "moved")
    valkey.set("moor:blobs:b:n:broken", b"short")
    with pytest.raises(CacheMiss):
        blobs.get("n", "broken")
