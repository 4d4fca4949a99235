"""A Valkey server for each test session, emptied before each test. Import the fixtures to use them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from common.adapters.redis.connection import connect
from common.adapters.valkey import EmbeddedValkey


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[EmbeddedValkey]:
    """One on loopback for the whole session; `MOORINGS_TEST_REDIS=redis-server` runs that program."""
    folder = Path(tempfile.mkdtemp(prefix=f"moor-valkey-{os.getpid()}-"))
    server = EmbeddedValkey(folder, program=os.environ.get("MOORINGS_TEST_REDIS", ""))
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def valkey(valkey_server: EmbeddedValkey) -> Iterator[redis.Redis]:
    """A client of an empty server."""
    client = connect(valkey_server.url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def valkey_url(valkey: redis.Redis, valkey_server: EmbeddedValkey) -> str:
    """The address of the (emptied) server."""
    return valkey_server.url
