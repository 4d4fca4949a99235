"""What is live beside what should be: read once, compared, kept up to date by our writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.core.desired import DesiredSet
from common.core.keys import Object, ObjectKey, gvk_of
from common.core.status_of import Compared, StatusFound, status_of
from common.core.tracking import is_ours, other_owner
from common.operations.carry_out import Hand
from common.operations.compare import STAMPS, Comparison, Judge
from common.operations.live_view import LiveView, live_view
from common.operations.turn import Turn
from common.ports import Cluster


@dataclass(slots=True)
class Look:
    """A comparison and what it was made from."""

    turn: Turn
    desired: DesiredSet
    view: LiveView
    judge: Judge
    comparison: Comparison
    stamps_before: Mapping[str, Any]

    @property
    def orphans(self) -> frozenset[ObjectKey]:
        """Live, ours beyond doubt, and not desired."""
        wanted = self.desired.by_key
        turn = self.turn
        return frozenset(
            key
            for key, obj in self.view.objects.items()
            if key not in wanted and is_ours(obj, turn.owner, turn.fleet.tracking)
        )

    @property
    def shared(self) -> dict[ObjectKey, str]:
        """Desired objects that another application tracks, and that application's name."""
        turn = self.turn
        owners = {
            key: other_owner(self.view.objects[key], turn.owner, turn.fleet.tracking)
            for key in self.desired.by_key
            if key in self.view.objects
        }
        return {key: owner for key, owner in owners.items() if owner}

    def found(self) -> StatusFound:
        """What the status says of it."""
        return status_of(
            Compared(
                desired=self.desired,
                live=self.view.objects,
                statuses={key: one.status for key, one in self.comparison.objects.items()},
                orphans=self.orphans,
                assess=self.turn.assess,
                confirm_prune=self.turn.app.spec.policy.options.confirm_prune,
            )
        )

    def after(self, view: LiveView, hand: Hand, applied: Mapping[ObjectKey, Object]) -> None:
        """Take in what our writes have made of it. `applied` is what was sent, without ignored fields."""
        self.view = view
        stamps = {
            **self.comparison.stamps,
            **{str(key): self.judge.stamp(applied[key], hand.answers[key]) for key in applied},
        }
        judge = self.judge.with_stamps(stamps)
        touched = hand.answers.keys() | hand.gone
        objects = dict(self.comparison.objects)
        for one in self.desired.objects:
            if one.key in touched:
                objects[one.key] = judge.one(one, view)
        self.comparison = judge.comparison(objects, self.desired, view)


def look(turn: Turn, cluster: Cluster, desired: DesiredSet, *, stamps: Mapping[str, Any]) -> Look:
    """Read and compare.

    Raises:
        ClusterError: the cluster could not answer what it had to be asked.
    """
    policy = turn.app.spec.policy
    wanted = {one.key: gvk_of(one.object) for one in desired.objects}
    view = live_view(
        turn.ports,
        cluster,
        turn.owner,
        wanted,
        turn.inventory,
        ask_for_missing=not policy.is_automated or policy.options.fail_on_shared_resource,
    )
    judge = Judge(
        turn.ports,
        cluster,
        turn.fleet.ignore_rules(turn.app.spec.ignore_differences),
        stamps,
        dry_run_when_unsure=not (policy.automated is not None and policy.automated.self_heal),
    )
    return Look(
        turn=turn,
        desired=desired,
        view=view,
        judge=judge,
        comparison=judge.compare(desired, view),
        stamps_before=stamps,
    )


def kept_stamps(turn: Turn) -> Mapping[str, Any]:
    """The stamps of the last comparison."""
    (kept,) = turn.ports.facts.get(STAMPS, [str(turn.app.key)])
    return kept or {}
