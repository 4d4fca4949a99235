"""The types of conditions that Argo CD's users know, and conditions made of errors."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime

from common.core.errors import FieldError
from common.core.model.status import Condition


class ConditionType(enum.StrEnum):
    """`status.conditions[].type`. Those that end in Error stop automated syncs, the others only tell."""

    INVALID_SPEC_ERROR = "InvalidSpecError"
    COMPARISON_ERROR = "ComparisonError"
    SYNC_ERROR = "SyncError"
    DELETION_ERROR = "DeletionError"
    UNKNOWN_ERROR = "UnknownError"
    REPEATED_RESOURCE_WARNING = "RepeatedResourceWarning"
    EXCLUDED_RESOURCE_WARNING = "ExcludedResourceWarning"
    ORPHANED_RESOURCE_WARNING = "OrphanedResourceWarning"
    SHARED_RESOURCE_WARNING = "SharedResourceWarning"
    INVALID_SPEC_WARNING = "InvalidSpecWarning"
    """Ours: a field that has no effect."""
    UNHONOURED_FIELD_WARNING = "UnhonouredFieldWarning"
    """Ours: a field that existing installations have and Moorings does not act on yet."""

    @property
    def is_error(self) -> bool:
        """Whether it stops automated syncs."""
        return self.value.endswith("Error")


def conditions_for(
    errors: Iterable[FieldError], now: datetime, *, kind: ConditionType = ConditionType.INVALID_SPEC_ERROR
) -> tuple[Condition, ...]:
    """One condition for each error, in the order given; none for none. Errors name the object, which a
    condition of that very object need not repeat.
    """
    return tuple(
        Condition(type=kind.value, message=_message(error), last_transition_time=now) for error in errors
    )


def _message(error: FieldError) -> str:
    place = f"{error.field}: " if error.field else ""
    return f"{place}found {error.found}, expected {error.expected}"
