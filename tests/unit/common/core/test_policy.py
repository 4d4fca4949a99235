"""When an Application syncs by itself, and when a failed sync is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.conditions import Condition
from common.core.keys import ObjectKey
from common.core.model.operation import Operation, OperationState, SyncOperation, SyncOperationResult
from common.core.model.source import ApplicationSource, DirectoryOptions
from common.core.model.status import ResourceStatus
from common.core.model.sync_policy import Automated, Backoff, Retry
from common.core.policy import (
    Refresh,
    RetryDecision,
    SelfHealSettings,
    Situation,
    automated_sync,
    refresh_asked,
    retry_of,
)
from common.core.statuses import OperationPhase, SyncStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REV, OTHER = "a" * 40, "b" * 40
SOURCE = ApplicationSource(repo_url="r", path="p", target_revision="main")
DRIFTED = ResourceStatus(kind="ConfigMap", namespace="x", name="a", status="OutOfSync")
SYNCED = ResourceStatus(kind="ConfigMap", namespace="x", name="b", status="Synced")
ORPHAN = ResourceStatus(kind="ConfigMap", namespace="x", name="c", status="OutOfSync", requires_pruning=True)
HOOK = ResourceStatus(kind="Job", namespace="x", name="h", hook=True)


def attempt(
    phase: str = "Succeeded",
    *,
    revision: str = REV,
    source: ApplicationSource = SOURCE,
    ago: float = 3600,
    heals: int = 0,
) -> OperationState:
    """The operation before."""
    return OperationState(
        operation=Operation(sync=SyncOperation(revision=revision, auto_heal_attempts_count=heals)),
        phase=phase,
        message="because",
        started_at=NOW - timedelta(seconds=ago),
        finished_at=NOW - timedelta(seconds=ago),
        sync_result=SyncOperationResult(revision=revision, source=source),
    )


def situation(**more: Any) -> Situation:
    """An application that has drifted and never been synced."""
    given_values: dict[str, Any] = {
        "automated": Automated(),
        "sync_status": SyncStatus.OUT_OF_SYNC,
        "resources": (DRIFTED, SYNCED),
        "revisions": (REV,),
        "sources": (SOURCE,),
        "last": None,
    }
    return Situation(**(given_values | more))


def test_a_new_revision_is_synced_as_a_whole() -> None:
    """The first attempt, and the first at another revision or with other parameters."""
    changed = ApplicationSource(repo_url="r", path="p", directory=DirectoryOptions(recurse=True))
    for last in (None, attempt(revision=OTHER), attempt("Failed", revision=OTHER), attempt(source=changed)):
        decision = automated_sync(situation(last=last), NOW)
        assert (decision.start, decision.resources) == (True, None)


def test_a_revision_is_attempted_once() -> None:
    """After a success, drift waits for selfHeal; the ref's name does not count as a parameter."""
    moved = ApplicationSource(repo_url="r", path="p", target_revision="other-branch")
    for last in (attempt(), attempt(source=moved)):
        assert not automated_sync(situation(last=last), NOW).start


def test_a_failed_attempt_is_not_repeated_and_says_so() -> None:
    """With selfHeal too."""
    decision = automated_sync(situation(automated=Automated(self_heal=True), last=attempt("Failed")), NOW)
    assert decision.condition == Condition("SyncError", f"Failed last sync attempt to {REV}: because")
    assert not decision.start


@pytest.mark.parametrize(
    "more",
    [
        {"automated": None},
        {"automated": Automated(enabled=False)},
        {"deleting": True},
        {"has_operation": True},
        {"sync_status": SyncStatus.SYNCED},
        {"sync_status": SyncStatus.UNKNOWN},
        {"resources": (ORPHAN, SYNCED, HOOK)},
    ],
)
def test_reasons_not_to_start(more: dict[str, Any]) -> None:
    """Off, busy, nothing to do, nothing known, only something to prune without prune."""
    decision = automated_sync(situation(**more), NOW)
    assert not decision.start
    assert decision.reason


def test_with_prune_something_to_prune_starts_one() -> None:
    """Beside what stays."""
    assert automated_sync(situation(automated=Automated(prune=True), resources=(ORPHAN, SYNCED)), NOW).start


def test_the_empty_set_is_guarded() -> None:
    """allowEmpty lets it through."""
    alone: dict[str, Any] = {"resources": (ORPHAN, HOOK)}
    decision = automated_sync(situation(automated=Automated(prune=True), **alone), NOW)
    assert not decision.start
    assert decision.condition is not None
    assert "wipe out all resources" in decision.condition.message
    assert automated_sync(situation(automated=Automated(prune=True, allow_empty=True), **alone), NOW).start


HEAL = Automated(self_heal=True)


def test_self_heal_repairs_only_what_has_drifted() -> None:
    """A partial sync, at once the first time."""
    decision = automated_sync(situation(automated=HEAL, last=attempt(ago=0.01)), NOW)
    assert decision.resources == (ObjectKey("", "ConfigMap", "x", "a"),)
    assert (decision.start, decision.heal_attempts) == (True, 1)


@pytest.mark.parametrize(
    ("heals", "ago", "start", "again"),
    [
        (1, 1, False, 1.0),
        (1, 2, True, None),
        (2, 2, False, 4.0),
        (4, 53, False, 1.0),
        (9, 299, False, 1.0),
        (9, 301, True, None),
    ],
)
def test_repairs_that_follow_one_another_back_off(
    heals: int, ago: float, start: bool, again: float | None
) -> None:
    """2 s, times 3, at most 300 s."""
    decision = automated_sync(situation(automated=HEAL, last=attempt(ago=ago, heals=heals)), NOW)
    assert (decision.start, decision.again_in_seconds) == (start, again)
    assert decision.heal_attempts == (heals + 1 if start else 0)


def test_after_the_cooldown_the_count_starts_again() -> None:
    """330 s without a repair."""
    decision = automated_sync(situation(automated=HEAL, last=attempt(ago=331, heals=9)), NOW)
    assert decision.heal_attempts == 1


def test_a_timeout_may_hold_back_the_first_repair() -> None:
    """controller.self.heal.timeout.seconds."""
    settings = SelfHealSettings(timeout_seconds=5)
    decision = automated_sync(situation(automated=HEAL, last=attempt(ago=2), self_heal=settings), NOW)
    assert decision.again_in_seconds == 3.0


def test_an_operation_without_an_end_or_result_is_read_with_care() -> None:
    """Statuses that others wrote."""
    import msgspec

    endless = msgspec.structs.replace(attempt(), finished_at=None)
    assert automated_sync(situation(automated=HEAL, last=endless), NOW).start
    no_result = msgspec.structs.replace(attempt(), sync_result=None)
    assert automated_sync(situation(last=no_result), NOW).resources is None
    bare = msgspec.structs.replace(attempt(ago=1), operation=Operation())
    assert automated_sync(situation(automated=HEAL, last=bare), NOW).heal_attempts == 1


def test_several_sources_are_compared_one_by_one() -> None:
    """spec.sources."""
    import msgspec

    result = SyncOperationResult(revision="", sources=(SOURCE, SOURCE), revisions=(REV, OTHER))
    last = msgspec.structs.replace(attempt(), sync_result=result)
    same = situation(last=last, sources=(SOURCE, SOURCE), revisions=(REV, OTHER))
    assert not automated_sync(same, NOW).start
    assert automated_sync(situation(last=last, sources=(SOURCE, SOURCE), revisions=(REV, REV)), NOW).start


def test_no_source_in_the_result_is_another_source() -> None:
    """Nothing can be said of what was synced then."""
    import msgspec

    last = msgspec.structs.replace(attempt(), sync_result=SyncOperationResult(revision=REV))
    assert automated_sync(situation(last=last), NOW).start


@pytest.mark.parametrize(
    ("text", "found"),
    [("normal", Refresh.NORMAL), ("hard", Refresh.HARD), ("other", Refresh.NORMAL), (None, None)],
)
def test_the_refresh_annotation(text: str | None, found: Refresh | None) -> None:
    """Any value but hard is a normal one."""
    annotations = {} if text is None else {"argocd.argoproj.io/refresh": text}
    assert refresh_asked({"metadata": {"annotations": annotations}}) == found


RETRY = Retry(limit=2, backoff=Backoff(duration="5s", factor=2, max_duration="3m"))


def test_a_failed_sync_is_tried_again_later() -> None:
    """When, which attempt, and words for it."""
    made = retry_of(phase=OperationPhase.FAILED, message="no", retry=RETRY, retries=1, finished_at=NOW)
    assert made == RetryDecision(
        at=NOW + timedelta(seconds=10), attempt=2, message="no. Retrying attempt #2 at 2026-01-01T00:00:10Z."
    )


@pytest.mark.parametrize(
    ("phase", "retry", "retries"),
    [
        (OperationPhase.SUCCEEDED, RETRY, 0),
        (OperationPhase.RUNNING, RETRY, 0),
        (OperationPhase.FAILED, RETRY, 2),
        (OperationPhase.ERROR, None, 0),
    ],
)
def test_what_is_not_tried_again(phase: OperationPhase, retry: Retry | None, retries: int) -> None:
    """A success, no policy, the limit."""
    assert retry_of(phase=phase, message="", retry=retry, retries=retries, finished_at=NOW) is None


@given(st.integers(0, 10_000))
def test_without_a_limit_it_goes_on(retries: int) -> None:
    """limit -1; never more than the maximum away."""
    made = retry_of(
        phase=OperationPhase.ERROR,
        message="",
        retry=Retry(limit=-1, backoff=RETRY.backoff),
        retries=retries,
        finished_at=NOW,
    )
    assert made is not None
    assert timedelta() < made.at - NOW <= timedelta(minutes=3)


@given(st.integers(0, 10**6), st.floats(0, 10**6))
def test_a_repair_is_never_more_than_the_cap_away(heals: int, ago: float) -> None:
    """Whatever the count."""
    decision = automated_sync(situation(automated=HEAL, last=attempt(ago=ago, heals=heals)), NOW)
    assert decision.start or 0 < (decision.again_in_seconds or 0) <= 300
