"""The client: its errors are ours, scripts survive a restart, the doorbell is heard."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import redis
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError

from common.adapters.redis.connection import Script, connect, translating
from common.adapters.redis.doorbell import Doorbell
from common.adapters.redis.due import RedisDueSet
from common.adapters.redis.facts import RedisFacts
from common.adapters.valkey import EmbeddedValkey
from common.core.errors import CacheMiss, StoreError, StoreUnavailable
from common.ports import Item, Kind
from tests.redis_fixtures import valkey, valkey_server, valkey_url  # noqa: F401

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (redis.ConnectionError("gone"), StoreUnavailable),
        (redis.TimeoutError("slow"), StoreUnavailable),
        (redis.BusyLoadingError("LOADING"), StoreUnavailable),
        (OutOfMemoryError("OOM command not allowed"), StoreUnavailable),
        (ReadOnlyError("READONLY replica"), StoreUnavailable),
        (ResponseError("MISCONF cannot persist"), StoreUnavailable),
        (ConnectionResetError("reset"), StoreUnavailable),
        (ResponseError("WRONGTYPE"), StoreError),
    ],
)
def test_errors_are_translated(error: Exception, ours: type[StoreError]) -> None:
    """What a retry can mend is StoreUnavailable; a programming error is not."""
    with pytest.raises(StoreError) as caught, translating:
        raise error
    assert type(caught.value) is ours


def test_our_own_errors_pass() -> None:
    """They are not wrapped."""
    with pytest.raises(CacheMiss), translating:
        raise CacheMiss("d1")


def test_no_server() -> None:
    """Every adapter raises StoreUnavailable, soon."""
    client = connect(NOWHERE, timeout_seconds=0.5)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        RedisFacts(client).get("refs", ["a"])
    with pytest.raises(StoreUnavailable):
        RedisDueSet(client).request(Item("app", "a/b"), Kind.DIFF)
    with pytest.raises(StoreUnavailable):
        Doorbell(client, "x").wait(10)
    assert time.monotonic() - began < 3


def test_password_and_database(tmp_path: Path) -> None:
    """The URL's are used, and a wrong password is an error of ours that does not show it."""
    server = EmbeddedValkey(tmp_path)
    server.start()
    admin = connect(server.url)
    try:
        admin.config_set("requirepass", "hunter2")
        address = server.url.removeprefix("redis://").removesuffix("/0")
        right = connect(f"redis://:hunter2@{address}/3")
        RedisFacts(right).put("n", {"a": 1})
        assert right.connection_pool.connection_kwargs["db"] == 3
        with pytest.raises(StoreError) as caught:
            RedisFacts(connect(f"redis://:swordfish@{address}/3")).get("n", ["a"])
        assert "swordfish" not in str(caught.value)
        right.close()
    finally:
        admin.close()
        server.stop()


def test_script_is_loaded_again(valkey: redis.Redis) -> None:  # noqa: F811
    """Redis forgets scripts when it restarts, or when told; single calls and pipelines go on."""
    script = Script(valkey, "blob_get")
    for forget in (valkey.script_flush, valkey.flushall):
        forget()
        assert script(["p"], "none") is None
        valkey.script_flush()
        assert script.pipelined([(["p"], ["none"])] * 2) == [None, None]


def test_one_client_for_many_threads(valkey: redis.Redis) -> None:  # noqa: F811
    """One pool a process: 16 threads request and claim at once, and every item is had by one."""
    due = RedisDueSet(valkey)
    items = [Item("app", f"ns/{n}") for n in range(50)]
    due.request_many(items, Kind.DIFF)
    had: list[Item] = []

    def work() -> None:
        had.extend(item for item in items if due.claim(item, lease_seconds=30))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(had) == sorted(items)


def test_bell_is_heard_at_once(valkey: redis.Redis) -> None:  # noqa: F811
    """The sleeper wakes when something is said, and sleeps its time when nothing is."""
    bell = Doorbell(valkey, "bell")
    assert bell.wait(0) == [""]
    began = time.monotonic()
    assert bell.wait(0.1) == []
    assert 0.09 <= time.monotonic() - began < 1
    bell.ring("east")
    bell.ring("west")
    assert bell.wait(5) in (["east", "west"], ["east"])
    bell.close()
    bell.close()


def test_bell_after_a_restart(tmp_path: Path) -> None:
    """The sleeper is told by an error or by `""` that it may have missed something, then hears again."""
    server = EmbeddedValkey(tmp_path)
    server.start()
    client = connect(server.url, timeout_seconds=1)
    bell = Doorbell(client, "bell")
    try:
        bell.wait(0)
        server.kill()
        with pytest.raises(StoreUnavailable):
            bell.wait(5)
        server.start()
        assert bell.wait(5) == [""]
        bell.ring("east")
        assert bell.wait(5) == ["east"]
    finally:
        bell.close()
        client.close()
        server.stop()
