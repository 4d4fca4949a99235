"""Advance one operation as far as it goes without waiting; its state lives in `status.operationState`.

A sync that ends within its first step is written once, at its end. One that must wait, or that runs a hook,
is claimed first. That write is the fence (a compare-and-swap on the Application); the resourceVersion it is
made at, together with the uid, is the operation's id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from common.core.convert import convert
from common.core.health import Health
from common.core.keys import Object, ObjectKey
from common.core.model.operation import (
    Info,
    Operation,
    OperationState,
    ResourceResult,
    SyncOperationResult,
)
from common.core.model.record import to_json
from common.core.plan import (
    Action,
    Advance,
    PlanInput,
    Step,
    StepResult,
    SyncPlan,
    advance,
    plan,
    record,
    results_from,
    results_of,
    terminate,
)
from common.core.statuses import OperationPhase, ResultCode
from common.operations.carry_out import Hand
from common.operations.live_view import LiveView

OPERATION_ID_INFO = "moorings.dev/operation-id"
"""The line of `operation.info` that keeps the operation's id; hooks carry it as an annotation."""
ROUNDS = 200
"""More waves than any sync has; a plan that needs more is advanced by the next step."""

Assess = Callable[[Object], Health | None]
Save = Callable[[OperationState], None]
"""Writes the state by compare-and-swap. Raises Overtaken."""


@dataclass(slots=True)
class Running:
    """An operation under way, in this step."""

    state: OperationState
    operation_id: str
    """The Application's uid and the resourceVersion that it is claimed at."""
    claimed: bool
    """Whether the Application says that it is under way."""
    results: tuple[StepResult, ...] = ()
    changed: set[ObjectKey] = field(default_factory=set)
    waiting_for: tuple[ObjectKey, ...] = ()
    again_in_seconds: float | None = None
    """When to come back although no event may come."""

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be written to the cluster."""
        return self.state.operation.sync is not None and self.state.operation.sync.dry_run


def begin(
    operation: Operation,
    result: SyncOperationResult,
    *,
    operation_id: str,
    now: datetime,
    retry_count: int = 0,
) -> Running:
    """A new operation, or a new attempt at one."""
    state = OperationState(
        operation=operation,
        phase=OperationPhase.RUNNING.value,
        started_at=now.replace(microsecond=0),
        sync_result=result,
        retry_count=retry_count,
    )
    return Running(state=state, operation_id=operation_id, claimed=False)


def resume(state: OperationState) -> Running:
    """An operation that an earlier step has claimed."""
    rows = state.sync_result.resources if state.sync_result else ()
    known = {line.name: line.value for line in state.operation.info}
    return Running(
        state=state,
        operation_id=known.get(OPERATION_ID_INFO, ""),
        claimed=True,
        results=results_of([to_json(row) for row in rows]),
    )


def run(
    running: Running, given: PlanInput, view: LiveView, hand: Hand, *, assess: Assess, save: Save
) -> LiveView:
    """Carry out what can be carried out now; the live view as it is afterwards.

    Raises:
        Retryable: the cluster cannot answer; what was done will be found done.
        Overtaken: somebody changed the Application meanwhile.
    """
    if given.hooks and not given.skip_hooks and given.selected is None and not running.claimed:
        claim(running)
        save(running.state)
    for _ in range(ROUNDS):
        made = plan(given)
        now = _next(running, made, view, assess)
        running.results = now.results
        running.waiting_for = now.waiting_for
        if now.run:
            _carry_out(running, now.run, given, hand)
        elif not now.finish:
            _close(running, now)
            return view.with_answers(hand.answers, hand.gone)
        if now.finish:
            # What a hook has come to is saved before the hook may go: afterwards nobody could tell. The
            # phase stays as it was, because the end is written once, together with all that goes with it.
            before = running.state.phase
            _close(running, now)
            save(replace(running.state, phase=before))
            done = [hand.carry_out(step) for step in now.finish]
            moved = now.run or any(one is not None and one.changed for one in done)
            if running.state.completed or not moved:
                return view.with_answers(hand.answers, hand.gone)
        view = view.with_answers(hand.answers, hand.gone)
    _close(running, now)
    running.again_in_seconds = 0.0
    return view


def _next(running: Running, made: SyncPlan, view: LiveView, assess: Assess) -> Advance:
    if running.state.phase == OperationPhase.TERMINATING:
        return terminate(made, running.results, live=view.objects, assess=assess)
    return advance(
        made,
        running.results,
        live=view.objects,
        assess=assess,
        absent=view.absent,
    )


def _carry_out(running: Running, steps: tuple[Step, ...], given: PlanInput, hand: Hand) -> None:
    """Each step in its order; an earlier operation's hook in the way ends the round, for it must go first."""
    for step in steps:
        if step.action is Action.APPLY and step.key in given.in_sync and not (step.replace and step.force):
            code, message = ResultCode.SYNCED, f"{step.key.kind.lower()}/{step.key.name} unchanged"
        else:
            outcome = hand.carry_out(step)
            if outcome is None:
                return
            code, message = outcome.code, outcome.message
            if outcome.changed:
                running.changed.add(step.key)
        running.results = record(running.results, step, code, message, dry_run=running.dry_run)


def _close(running: Running, now: Advance) -> None:
    """Put the results into the state. `finishedAt` comes with the end."""
    result = running.state.sync_result
    rows = convert(results_from(running.results), tuple[ResourceResult, ...])
    running.state = replace(
        running.state,
        phase=now.phase.value,
        message=now.message,
        sync_result=None if result is None else replace(result, resources=rows),
    )


def claim(running: Running) -> None:
    """Put the operation's id into its state; written before something of it outlives this step."""
    operation = running.state.operation
    lines = tuple(line for line in operation.info if line.name != OPERATION_ID_INFO)
    info = (*lines, Info(name=OPERATION_ID_INFO, value=running.operation_id))
    running.state = replace(running.state, operation=replace(operation, info=info))
    running.claimed = True


def state_json(state: OperationState) -> dict[str, Any]:
    """The state as `status.operationState` has it."""
    made: dict[str, Any] = to_json(state)
    return made
