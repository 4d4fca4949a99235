"""Conditions of an Application, and how a new list takes the old one's times."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import msgspec

from common.core.plan.steps import PlanWarning
from common.core.timestamps import rfc3339


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
    old: Iterable[dict[str, Any]],
    new: Iterable[Condition],
    *,
    now: datetime,
    evaluated: Collection[str],
) -> list[dict[str, Any]]:
    """The list for `status.conditions`, sorted by type and message.

    `lastTransitionTime` stays where type and message are the same. Old conditions stay when their type is not
    among those that were `evaluated` this time.
    """
    old = list(old)
    times = {(str(one.get("type")), str(one.get("message"))): one.get("lastTransitionTime") for one in old}
    kept = [dict(one) for one in old if one.get("type") not in evaluated]
    made = [
        {
            "type": one.type,
            "message": one.message,
            "lastTransitionTime": times.get((one.type, one.message)) or rfc3339(now),
        }
        for one in sorted(set(new))
    ]
    names = {(one["type"], one["message"]) for one in made}
    rest = [one for one in kept if (one.get("type"), one.get("message")) not in names]
    return sorted([*rest, *made], key=lambda one: (str(one.get("type")), str(one.get("message"))))
