"""Errors as conditions that Argo CD's users know."""

from __future__ import annotations

from datetime import UTC, datetime

from common.core.errors import FieldError
from common.core.model.conditions import ConditionType, conditions_for
from common.core.model.status import Condition

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_one_condition_for_each_error() -> None:
    """In the order given; the object's own name is not repeated."""
    errors = [
        FieldError("Application a/b", "spec.project", "3", "a string"),
        FieldError("Application a/b", "", "1", "2"),
    ]
    assert conditions_for(errors, NOW) == (
        Condition(
            type="InvalidSpecError",
            message="spec.project: found 3, expected a string",
            last_transition_time=NOW,
        ),
        Condition(type="InvalidSpecError", message="found 1, expected 2", last_transition_time=NOW),
    )
    assert conditions_for([], NOW) == ()
    (warning,) = conditions_for(errors[:1], NOW, kind=ConditionType.INVALID_SPEC_WARNING)
    assert warning.type == "InvalidSpecWarning"


def test_the_name_tells_what_stops_a_sync() -> None:
    """Types that end in Error."""
    assert ConditionType.COMPARISON_ERROR.is_error
    assert not ConditionType.SHARED_RESOURCE_WARNING.is_error
