"""Which requests a fault meets."""

from __future__ import annotations

from sandbox.faults import Fault, FaultPlan, refusal


def test_filters_and_counts() -> None:
    """Verbs and resources must match; `times` bounds it; setting anew starts anew."""
    plan = FaultPlan()
    fault = Fault(status=500, verbs=("get",), resources=("pods",), times=2)
    plan.set(fault)
    assert plan.strike("list", "pods") == []
    assert plan.strike("get", "secrets") == []
    assert [plan.strike("get", "pods") for _ in range(3)] == [[fault], [fault], []]
    plan.set(fault)
    assert plan.strike("get", "pods") == [fault]
    plan.set()
    assert not plan.active


def test_a_rate_is_a_share() -> None:
    """About so many of the requests; the same ones for the same seed."""
    plans = [FaultPlan(seed=1), FaultPlan(seed=1)]
    for plan in plans:
        plan.set(Fault(status=500, rate=0.3))
    struck = [[bool(plan.strike("get", "pods")) for _ in range(1000)] for plan in plans]
    assert struck[0] == struck[1]
    assert 250 < sum(struck[0]) < 350


def test_a_refusal_says_when_to_come_again() -> None:
    """Retry-After as a header and in the details."""
    error = refusal(Fault(status=429, retry_after_seconds=3))
    assert (error.reason, error.headers) == ("TooManyRequests", ((b"retry-after", b"3"),))
    assert error.status()["details"] == {"retryAfterSeconds": 3}
