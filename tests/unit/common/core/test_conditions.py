"""Conditions keep the time of their last change."""

from __future__ import annotations

from datetime import UTC, datetime

from common.core.conditions import Condition, merge_conditions, wave_condition
from common.core.keys import ObjectKey
from common.core.model.status import Condition as StatusCondition
from common.core.plan.steps import PlanWarning

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD = StatusCondition(type="SyncError", message="no", last_transition_time=datetime(2025, 12, 31, tzinfo=UTC))


def test_an_unchanged_condition_keeps_its_time() -> None:
    """lastTransitionTime says since when."""
    assert merge_conditions([OLD], [Condition("SyncError", "no")], now=NOW, evaluated={"SyncError"}) == (OLD,)


def test_a_new_message_is_a_transition() -> None:
    """The old one goes, the new one has the time of now."""
    assert merge_conditions([OLD], [Condition("SyncError", "yes")], now=NOW, evaluated={"SyncError"}) == (
        StatusCondition(type="SyncError", message="yes", last_transition_time=NOW),
    )


def test_what_was_not_looked_at_stays() -> None:
    """A comparison does not clear what a sync has said."""
    made = merge_conditions(
        [OLD], [Condition("ComparisonError", "x")], now=NOW, evaluated={"ComparisonError"}
    )
    assert [one.type for one in made] == ["ComparisonError", "SyncError"]


def test_what_was_looked_at_and_is_not_so_any_more_goes() -> None:
    """Conditions end."""
    assert merge_conditions([OLD], [], now=NOW, evaluated={"SyncError"}) == ()


def test_a_condition_that_is_said_again_is_there_once() -> None:
    """Even when its type was not among those looked at."""
    assert merge_conditions([OLD], [Condition("SyncError", "no")], now=NOW, evaluated=()) == (OLD,)


def test_errors_are_told_from_warnings() -> None:
    """By their type's ending, as Argo CD's are."""
    assert Condition("ComparisonError", "").is_error
    assert not Condition("OrphanedResourceWarning", "").is_error


def test_a_malformed_wave_names_its_object() -> None:
    """The warning condition."""
    warning = PlanWarning(ObjectKey("", "ConfigMap", "a", "b"), "w", "x", "w 'x' is not a whole number")
    assert wave_condition(warning) == Condition(
        "InvalidWaveWarning", "Resource /ConfigMap:a/b: w 'x' is not a whole number"
    )
