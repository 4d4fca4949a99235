"""Conditions of an Application, and how a new list takes the old one's times."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from common.core.model.status import Condition as StatusCondition
from common.core.plan.steps import PlanWarning


class Condition(msgspec.Struct, frozen=True, order=True):
    """One condition. Types that end in `Error` stop automated syncs, those in `Warning` do not."""

    type: str
    message: str

    @property
    def is_error(self) -> bool:
        """Whether it says that something does not work."""
        return self.type.endswith("Error")


def wave_condition(warning: PlanWarning) -> Condition:
    """A malformed wave or weight as the condition that names its object."""
    return Condition("InvalidWaveWarning", f"Resource {warning.object}: {warning.message}")


def merge_conditions(
    old: Iterable[StatusCondition], new: Iterable[Condition], *, now: datetime, evaluated: Collection[str]
) -> tuple[StatusCondition, ...]:
    """The list for `status.conditions`, sorted by type and message.

    `last_transition_time` stays where type and message are the same. Old conditions stay when their type is
    not among those that were `evaluated` this time.
    """
    found = {(one.type, one.message): one for one in old}
    kept = {key: one for key, one in found.items() if one.type not in evaluated}
    for one in new:
        key = (one.type, one.message)
        known = found.get(key)
        since = known.last_transition_time if known is not None else None
        kept[key] = StatusCondition(type=one.type, message=one.message, last_transition_time=since or now)
    return tuple(kept[key] for key in sorted(kept))
