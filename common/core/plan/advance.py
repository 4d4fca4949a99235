"""What an operation does next: a plan, what has been recorded, and what is live, to the steps of now.

Call it, carry out `run`, `record` each, call it again; when `run` and `finish` are empty, save and end.
Nothing is kept anywhere else: the same recorded results give the same answer in any process.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec
from msgspec.structs import replace

from common.core.annotations import HOOK_FINALIZER, OPERATION_ID, annotation
from common.core.health import Health
from common.core.hooks import DeletePolicy
from common.core.keys import Object, ObjectKey
from common.core.plan.results import StepResult, merged, result_of
from common.core.plan.steps import Action, Step, StepId, SyncPlan
from common.core.statuses import HealthStatus, OperationPhase, ResultCode

Assess = Callable[[Object], Health | None]
"""An object's health; None where its kind has none."""


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """What to do now."""

    phase: OperationPhase
    """Running, or how the operation ended."""
    message: str
    results: tuple[StepResult, ...]
    """The recorded results, with what the live objects say about running ones."""
    run: tuple[Step, ...] = ()
    """Carry these out, in this order, and record each. They belong to one phase and wave."""
    finish: tuple[Step, ...] = ()
    """Hooks whose results are in `results`: save those first, then delete or release the objects."""
    waiting_for: tuple[ObjectKey, ...] = ()


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What all the questions below are about."""

    plan: SyncPlan
    results: Mapping[StepId, StepResult]
    live: Mapping[ObjectKey, Object]
    absent: Collection[ObjectKey]
    assess: Assess

    def result(self, step: Step) -> StepResult | None:
        return self.results.get(step.id)

    def running(self, step: Step) -> bool:
        result = self.result(step)
        return result is not None and result.running

    def hook_object(self, step: Step) -> Object | None:
        """The live object of a hook, if this attempt of this operation made it for this phase."""
        obj = self.live.get(step.key)
        if obj is None or step.object is None:
            return None
        return obj if annotation(obj, OPERATION_ID) == annotation(step.object, OPERATION_ID) else None


def advance(
    plan: SyncPlan,
    results: Iterable[StepResult],
    *,
    live: Mapping[ObjectKey, Object],
    assess: Assess,
    absent: Collection[ObjectKey] = (),
) -> Advance:
    """The next steps of a running operation.

    When the creation of a hook finds an object that is not ours, put that object into `live` and ask again.

    Args:
        plan: made from the same desired state and start of the operation every time.
        results: of `operationState.syncResult.resources`.
        live: the objects of the plan that are known.
        assess: an object's health.
        absent: keys that are proven not to exist.
    """
    by_id = {result.id: result for result in results}
    seen = _Seen(plan=plan, results=by_id, live=live, absent=absent, assess=assess)
    if any(step.action is Action.REFUSE for step in plan.steps):
        return _refuse(seen)
    if _all_run(seen) and not _bad(seen):
        return _answer(seen, OperationPhase.SUCCEEDED, "successfully synced (all tasks run)")
    seen = _updated(seen)
    if _apply_failed(seen):
        return _fail(seen)
    if waiting := _must_wait(seen):
        return _wait(seen, waiting)
    if _bad(seen):
        return _fail(seen)
    pending = [step for step in plan.main if seen.result(step) is None]
    if not pending:
        return _answer(seen, OperationPhase.SUCCEEDED, "successfully synced (no more tasks)")
    return _run_wave(seen, pending)


def terminate(
    plan: SyncPlan, results: Iterable[StepResult], *, live: Mapping[ObjectKey, Object], assess: Assess
) -> Advance:
    """The end of an operation that somebody asked to terminate: its running hooks are deleted."""
    seen = _Seen(
        plan=plan, results={result.id: result for result in results}, live=live, absent=(), assess=assess
    )
    seen = _updated(seen)
    running = [step for step in plan.steps if step.is_hook and seen.running(step)]
    deletions = tuple(
        replace(step, action=Action.DELETE_HOOK, object=None, live=obj)
        for step in running
        if (obj := seen.hook_object(step)) is not None
    )
    ended = {
        step.id: replace(seen.results[step.id], hook_phase=OperationPhase.FAILED, message="terminated")
        for step in running
    }
    finish = _finish(seen, ended=True)
    known = {step.id for step in deletions}
    return Advance(
        phase=OperationPhase.FAILED,
        message="Operation terminated",
        results=tuple({**seen.results, **ended}.values()),
        finish=(*deletions, *(step for step in finish if step.id not in known)),
    )


def record(
    results: Iterable[StepResult],
    step: Step,
    code: ResultCode,
    message: str,
    *,
    images: tuple[str, ...] = (),
    dry_run: bool = False,
) -> tuple[StepResult, ...]:
    """The results with that of a step that has been carried out. A dry run has nothing to wait for."""
    result = result_of(step, code, message, images)
    if dry_run and result.running:
        result = replace(result, hook_phase=OperationPhase.SUCCEEDED)
    return merged(results, [result])


def _refuse(seen: _Seen) -> Advance:
    """A plan with a step that cannot work starts nothing at all, not even the hooks for failures."""
    refused = tuple(
        step for step in seen.plan.steps if step.action is Action.REFUSE and seen.result(step) is None
    )
    message = "one or more synchronization tasks are not valid"
    return _answer(seen, OperationPhase.RUNNING if refused else OperationPhase.FAILED, message, run=refused)


def _all_run(seen: _Seen) -> bool:
    """Every step is done, and the last wave has no hook: then nothing waits for its health."""
    main = seen.plan.main
    if not main or any(seen.result(step) is None for step in main):
        return False
    last = (main[-1].phase, main[-1].wave)
    return not any(step.is_hook if (step.phase, step.wave) == last else seen.running(step) for step in main)


def _updated(seen: _Seen) -> _Seen:
    """What the live objects say about the results that are still running."""
    new = {
        step.id: updated
        for step in seen.plan.steps
        if (result := seen.result(step)) is not None and result.running
        if (updated := _look(seen, step, result)) is not result
    }
    return replace(seen, results={**seen.results, **new})


def _look(seen: _Seen, step: Step, result: StepResult) -> StepResult:
    obj = seen.hook_object(step) if step.is_hook else seen.live.get(step.key)
    if obj is None:
        if step.key in seen.absent or (step.is_hook and step.key in seen.live):
            return replace(
                result, hook_phase=OperationPhase.FAILED, message="was deleted while the operation ran"
            )
        return result
    phase, message = _hook_state(obj, seen.assess) if step.is_hook else _object_state(obj, seen.assess)
    if phase is OperationPhase.RUNNING and not (step.is_hook and message):
        return result
    status = None if step.is_hook else result.status
    return replace(result, status=status, hook_phase=phase, message=message or result.message)


def _object_state(obj: Object, assess: Assess) -> tuple[OperationPhase, str]:
    """A plain object is done when it is healthy or has no health, and failed when it is degraded."""
    health = assess(obj)
    if health is None:
        return OperationPhase.SUCCEEDED, ""
    if health.status is HealthStatus.HEALTHY:
        return OperationPhase.SUCCEEDED, health.message
    if health.status is HealthStatus.DEGRADED:
        return OperationPhase.FAILED, health.message
    return OperationPhase.RUNNING, ""


def _hook_state(obj: Object, assess: Assess) -> tuple[OperationPhase, str]:
    """A hook has ended when it is healthy, degraded or unknown. Our finalizer keeps one that is being
    deleted: its end counts, and without one it never comes.
    """
    meta = obj.get("metadata") or {}
    deleting = "deletionTimestamp" in meta
    if deleting:
        meta = {name: value for name, value in meta.items() if name != "deletionTimestamp"}
        obj = {**obj, "metadata": meta}
    health = assess(obj)
    if health is None or health.status is HealthStatus.HEALTHY:
        return OperationPhase.SUCCEEDED, health.message if health else ""
    if health.status in {HealthStatus.DEGRADED, HealthStatus.UNKNOWN}:
        return OperationPhase.FAILED, health.message
    if deleting:
        return OperationPhase.FAILED, "was deleted while it ran"
    return OperationPhase.RUNNING, health.message


def _must_wait(seen: _Seen) -> list[Step]:
    """Running hooks always; running objects in a sync of several waves; prunes until they are gone."""
    main = seen.plan.main
    several = len({(step.phase, step.wave) for step in main}) > 1
    waiting = [step for step in main if seen.running(step) and (several or step.is_hook)]
    return waiting or _still_going(seen)


def _still_going(seen: _Seen) -> list[Step]:
    """Pruned objects that the API server is still deleting."""
    return [
        step
        for step in seen.plan.main
        if (result := seen.result(step)) is not None
        and result.status is ResultCode.PRUNED
        and "deletionTimestamp" in (seen.live.get(step.key, {}).get("metadata") or {})
    ]


def _bad(seen: _Seen) -> list[StepResult]:
    return [result for step in seen.plan.main if (result := seen.result(step)) is not None and result.failed]


def _wait(seen: _Seen, steps: list[Step]) -> Advance:
    first, more = steps[0], len(steps) - 1
    if first.is_prune:
        what, others = "deletion of", "resources"
    elif first.is_hook:
        what, others = "completion of hook", "hooks"
    else:
        what, others = "healthy state of", "resources"
    key = first.key
    name = "/".join(part for part in (key.group, key.kind, key.name) if part)
    message = f"waiting for {what} {name}" + (f" and {more} more {others}" if more else "")
    return _answer(seen, OperationPhase.RUNNING, message, waiting=steps)


def _apply_failed(seen: _Seen) -> list[StepResult]:
    return [result for result in _bad(seen) if result.status is ResultCode.SYNC_FAILED]


def _fail(seen: _Seen) -> Advance:
    """The operation has failed; the SyncFail hooks run, and end, before it says so."""
    message = "one or more synchronization tasks completed unsuccessfully"
    if failed := _apply_failed(seen):
        reasons = ",".join(result.message for result in failed if result.message)
        message = "one or more objects failed to apply" + (f", reason: {reasons}" if reasons else "")
    hooks = seen.plan.on_failure
    if running := [step for step in hooks if seen.running(step)]:
        return _wait(seen, running)
    if pending := [step for step in hooks if seen.result(step) is None]:
        return _run_wave(seen, pending, message=message)
    if any(result.failed for step in hooks if (result := seen.result(step)) is not None):
        message += "\none or more SyncFail hooks failed"
    return _answer(seen, OperationPhase.FAILED, message)


def _run_wave(seen: _Seen, pending: list[Step], message: str = "one or more tasks are running") -> Advance:
    """The steps of the first phase and wave that has any left."""
    first = (pending[0].phase, pending[0].wave)
    wave = [step for step in pending if (step.phase, step.wave) == first]
    unconfirmed = [step for step in wave if step.confirm]
    if unconfirmed and not seen.plan.confirmed:
        return _unconfirmed(seen, unconfirmed)
    if stale := [step for step in wave if _stands_in_the_way(seen, step)]:
        return _clear(seen, stale)
    return _answer(seen, OperationPhase.RUNNING, message, run=tuple(wave))


def _unconfirmed(seen: _Seen, steps: list[Step]) -> Advance:
    first, more = steps[0], len(steps) - 1
    key = first.key
    api_version = f"{key.group}/{first.version}" if key.group else first.version
    message = f"Waiting for pruning confirmation of {api_version}/{key.kind}/{key.name}"
    if more:
        message += f" and {more} more resources"
    return _answer(seen, OperationPhase.RUNNING, message, waiting=steps)


def _stands_in_the_way(seen: _Seen, step: Step) -> bool:
    """A hook of an earlier operation that is to be deleted before ours is made."""
    return (
        step.action is Action.CREATE_HOOK
        and DeletePolicy.BEFORE_CREATION in step.delete_policies
        and step.key in seen.live
        and seen.hook_object(step) is None
    )


def _clear(seen: _Seen, steps: list[Step]) -> Advance:
    """Delete them and wait until they are gone; one that is being deleted is left to that."""
    deletions = [
        replace(step, action=Action.DELETE_HOOK, object=None, live=seen.live[step.key])
        for step in steps
        if _deletable(seen.live[step.key])
    ]
    answer = _wait(seen, [replace(step, action=Action.PRUNE) for step in steps])
    return replace(answer, finish=(*answer.finish, *deletions))


def _deletable(obj: Object) -> bool:
    meta = obj.get("metadata") or {}
    return "deletionTimestamp" not in meta or HOOK_FINALIZER in (meta.get("finalizers") or ())


def _answer(
    seen: _Seen,
    phase: OperationPhase,
    message: str,
    *,
    run: tuple[Step, ...] = (),
    waiting: Iterable[Step] = (),
) -> Advance:
    return Advance(
        phase=phase,
        message=message,
        results=tuple(seen.results.values()),
        run=run,
        finish=_finish(seen, ended=phase.completed),
        waiting_for=tuple(step.key for step in waiting),
    )


def _finish(seen: _Seen, *, ended: bool) -> tuple[Step, ...]:
    """Hooks that have ended and still stand: to be deleted where their policy says so, else released.

    With `ended` the operation is over, and hooks that still run are released too.
    """
    steps = []
    for step in seen.plan.steps:
        result, obj = seen.result(step), seen.hook_object(step)
        if not step.is_hook or result is None or obj is None or not (ended or _over(result)):
            continue
        if _goes(step, result) and _deletable(obj):
            steps.append(replace(step, action=Action.DELETE_HOOK, object=None, live=obj))
        elif HOOK_FINALIZER in ((obj.get("metadata") or {}).get("finalizers") or ()):
            steps.append(replace(step, action=Action.RELEASE_HOOK, object=None, live=obj))
    return tuple(steps)


def _over(result: StepResult) -> bool:
    return result.hook_phase is not None and result.hook_phase.completed


def _goes(step: Step, result: StepResult) -> bool:
    """Whether its deletion policy says that it goes, now that it has ended."""
    if result.hook_phase is OperationPhase.SUCCEEDED:
        return DeletePolicy.SUCCEEDED in step.delete_policies
    return result.failed and DeletePolicy.FAILED in step.delete_policies
