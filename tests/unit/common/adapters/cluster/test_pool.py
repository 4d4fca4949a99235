"""One client a cluster, and the circuit breaker before it."""

from __future__ import annotations

import pytest

from common.adapters.cluster.pool import Breaker, HttpClusters
from common.core.access import ClusterAccess, Secret
from common.core.errors import ClusterUnreachable, NotFound
from common.core.keys import ClusterId, GroupVersionKind
from tests.unit.common.adapters.cluster.scripted_server import answer, api, scripted

POD = GroupVersionKind("", "v1", "Pod")


class _Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _unreachable() -> None:
    raise ClusterUnreachable("no route")


def _not_found() -> None:
    raise NotFound("gone")


def _open(breaker: Breaker, times: int = 3) -> None:
    for _ in range(times):
        with pytest.raises(ClusterUnreachable):
            breaker.run(_unreachable)


def test_breaker_opens_after_failures_in_a_row_and_says_when_to_come_back() -> None:
    """Refused without a request, with the reason and the seconds left."""
    time = _Time()
    breaker = Breaker(failures=3, open_seconds=4, monotonic=time)
    _open(breaker)
    time.now = 1
    with pytest.raises(ClusterUnreachable, match=r"not asked.*no route") as caught:
        breaker.run(lambda: pytest.fail("was asked"))
    assert caught.value.retry_after_seconds == 3
    assert breaker.is_open


def test_any_answer_closes_the_count() -> None:
    """A refusal is an answer: the server is there."""
    breaker = Breaker(failures=3)
    _open(breaker, 2)
    with pytest.raises(NotFound):
        breaker.run(_not_found)
    _open(breaker, 2)
    assert not breaker.is_open


def test_one_probe_when_half_open() -> None:
    """While the probe is under way the others are still refused; its success closes."""
    time = _Time()
    breaker = Breaker(failures=3, open_seconds=4, monotonic=time)
    _open(breaker)
    time.now = 5

    def probe() -> str:
        with pytest.raises(ClusterUnreachable, match="not asked"):
            breaker.run(lambda: "second")
        return "first"

    assert breaker.run(probe) == "first"
    assert breaker.run(lambda: "third") == "third"


def test_failed_probes_wait_longer_up_to_a_cap() -> None:
    """4, 8, then 10 seconds."""
    time = _Time()
    breaker = Breaker(failures=1, open_seconds=4, open_seconds_cap=10, monotonic=time)
    waits = []
    for _ in range(4):
        _open(breaker, 1)
        with pytest.raises(ClusterUnreachable) as caught:
            breaker.run(_unreachable)
        waits.append(caught.value.retry_after_seconds)
        time.now += waits[-1] or 0
    assert waits == [4, 8, 10, 10]


def test_same_client_for_equal_access_and_a_new_one_for_rotated_credentials() -> None:
    """Clients keep connections and discovery, so they are kept until something changes."""
    home = ClusterAccess(id=ClusterId("h"), server="http://127.0.0.1:1")
    clusters = HttpClusters(home)
    other = ClusterAccess(id=ClusterId("o"), server="http://127.0.0.1:2", bearer_token=Secret("a"))
    same = ClusterAccess(id=ClusterId("o"), server="http://127.0.0.1:2", bearer_token=Secret("a"))
    rotated = ClusterAccess(id=ClusterId("o"), server="http://127.0.0.1:2", bearer_token=Secret("b"))
    first = clusters.connect(other)
    assert clusters.connect(same) is first
    assert clusters.connect(rotated) is not first
    assert clusters.home() is clusters.home()
    assert clusters.home().access == home


def test_guarded_cluster_refuses_while_the_server_is_away_and_recovers() -> None:
    """Through the port: an outage costs a few requests, not one per caller."""
    alive = False
    time = _Time()
    with scripted(api(lambda _: answer(200, {"metadata": {}}) if alive else None)) as server:
        access = ClusterAccess(id=ClusterId("c"), server=server.url)
        clusters = HttpClusters(access, breaker=lambda: Breaker(failures=2, open_seconds=1, monotonic=time))
        cluster = clusters.home()
        cluster.catalog()
        for _ in range(5):
            with pytest.raises(ClusterUnreachable):
                cluster.get(POD, "a", "b")
        # Two failures; the first was sent again, because its kept-alive connection could have been stale.
        assert sum("/pods/" in r.path for r in server.requests) == 3
        alive, time.now = True, 2.0
        assert cluster.get(POD, "a", "b") == {"metadata": {}}
        clusters.close()
