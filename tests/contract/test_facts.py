"""`ports.Facts`: small documents by name, on the fake and on Redis."""

from __future__ import annotations

import pytest
import redis

from common.adapters.memory.facts import MemoryFacts
from common.adapters.redis.facts import RedisFacts
from tests.redis_fixtures import valkey, valkey_server  # noqa: F401

Facts = MemoryFacts | RedisFacts


@pytest.fixture(params=["memory", "redis"])
def facts(request: pytest.FixtureRequest) -> Facts:
    """Each implementation, empty."""
    if request.param == "memory":
        return MemoryFacts()
    client: redis.Redis = request.getfixturevalue("valkey")
    return RedisFacts(client)


def test_get_in_the_order_asked(facts: Facts) -> None:
    """None stands for what is not there."""
    facts.put("refs", {"a": {"x": [1, None, "é"]}, "b": 2})
    assert facts.get("refs", ["b", "none", "a"]) == [2, None, {"x": [1, None, "é"]}]
    assert facts.get("refs", []) == []
    assert facts.get("inputs", ["a"]) == [None]


def test_drop(facts: Facts) -> None:
    """Only what is named goes."""
    facts.put("refs", {"a": 1, "b": 2})
    facts.drop("refs", ["a", "none"])
    facts.drop("refs", [])
    facts.put("refs", {})
    assert facts.all("refs") == {"b": 2}


def test_all_is_sorted(facts: Facts) -> None:
    """The same documents give the same order."""
    facts.put("refs", {"b": 2, "a": 1})
    assert list(facts.all("refs").items()) == [("a", 1), ("b", 2)]
    assert facts.all("none") == {}


def test_versions_count(facts: Facts) -> None:
    """0 at first; each bump is another number, for all."""
    assert facts.version("settings") == 0
    first = facts.bump("settings")
    assert first > 0
    assert facts.bump("settings") == first + 1
    assert facts.version("settings") == first + 1
    assert facts.version("other") == 0


def test_redis_version_after_a_flush_is_a_new_one(valkey: redis.Redis) -> None:  # noqa: F811
    """Whoever kept a version from before a flush sees that it has changed."""
    facts = RedisFacts(valkey)
    before = {facts.bump("settings") for _ in range(3)}
    valkey.flushall()
    assert facts.version("settings") not in before
