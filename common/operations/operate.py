"""Which operation an application has now, and carrying it as far as it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec.structs import replace

from common.core.annotations import DELETION_APPROVED
from common.core.desired import DesiredSet
from common.core.errors import InvalidInput
from common.core.hooks import hook_name, hook_phases
from common.core.keys import ObjectKey, gvk_of, key_of
from common.core.model.operation import (
    Operation,
    OperationInitiator,
    OperationState,
    SyncOperation,
    SyncOperationResource,
    SyncOperationResult,
)
from common.core.model.source import ApplicationSource
from common.core.model.sync_options import SyncOptions, sync_options
from common.core.plan import NamespaceWish, PlanInput
from common.core.policy import Decision, RetryDecision, Situation, automated_sync, retry_of
from common.core.statuses import OperationPhase, SyncStatus
from common.core.timestamps import parse_time
from common.operations import namespaces, sync
from common.operations.carry_out import Hand
from common.operations.desired_state import DesiredState, desired_state, resolve_sources
from common.operations.live_view import ask
from common.operations.look import Look, kept_stamps, look
from common.operations.place import Place
from common.operations.status_write import write
from common.operations.sync import Running
from common.operations.turn import Turn
from common.ports import Cluster

BEGUN = "begun"
"""Facts by application: the revisions of the automated sync that was last begun."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about operations in this step."""

    running: Running | None = None
    decision: Decision | None = None
    """Of the automated sync, where it was asked for."""
    retry_at: datetime | None = None
    """A failed operation waits for its next attempt until then."""


@dataclass(slots=True)
class Operated:
    """An operation after this step."""

    running: Running
    state: DesiredState
    """What it syncs to; in a rollback not what the Application asks for now."""
    retry: RetryDecision | None
    partial: bool
    automated: bool


def choose(turn: Turn, found: Look, state: DesiredState) -> Choice:
    """The operation to advance: the one under way, the one asked for, or an automated sync."""
    app = turn.app
    kept = app.status.operation_state
    if kept is not None and not kept.completed:
        if kept.finished_at is None or kept.phase == OperationPhase.TERMINATING:
            return Choice(running=sync.resume(kept))
        return _next_attempt(turn, kept)
    if app.operation is not None:
        return Choice(running=_begin(turn, app.operation))
    policy = app.spec.policy
    status = found.found()
    decision = automated_sync(
        Situation(
            automated=policy.automated,
            sync_status=status.sync,
            resources=status.resources,
            revisions=tuple(str(revision) for revision in state.revisions),
            sources=app.spec.effective_sources,
            last=kept,
            self_heal=turn.fleet.settings.self_heal,
        ),
        turn.now,
    )
    if not decision.start and not _unfinished(turn, state, status.sync, decision):
        return Choice(decision=decision)
    return Choice(running=_begin(turn, _automated(turn, decision, state)), decision=decision)


def _unfinished(turn: Turn, state: DesiredState, status: SyncStatus, decision: Decision) -> bool:
    """Whether an automated sync to these revisions was under way in a step that never came to its end.

    Its objects are all in place, so that nothing but this says that history lacks an entry.
    """
    policy = turn.app.spec.policy
    last = turn.app.status.operation_state
    result = last.sync_result if last is not None else None
    revisions = [str(one) for one in state.revisions]
    if not policy.is_automated or status is not SyncStatus.SYNCED or decision.condition is not None:
        return False
    if result is not None and list(result.revisions or (result.revision,)) == revisions:
        return False
    (begun,) = turn.ports.facts.get(BEGUN, [str(turn.app.key)])
    return bool(begun == revisions)


def _begun(turn: Turn, running: Running, target: DesiredState) -> None:
    """Keep that an automated sync begins, before its first write: its end is written only after its last."""
    wanted = running.state.operation.sync or SyncOperation()
    if _is_automated(running.state.operation) and not wanted.resources and not running.claimed:
        turn.ports.facts.put(BEGUN, {str(turn.app.key): [str(one) for one in target.revisions]})


def _next_attempt(turn: Turn, kept: OperationState) -> Choice:
    """An operation that failed and is to be tried again: from its start, when its time has come."""
    retry = kept.operation.retry or turn.app.spec.policy.automated_retry
    at = (kept.finished_at or turn.now) + retry.delay(max(0, kept.retry_count - 1))
    if turn.now < at:
        return Choice(retry_at=at)
    result = kept.sync_result or SyncOperationResult(revision="")
    operation = kept.operation
    if retry.refresh:  # what an automated sync failed with is not what it must be tried with
        result = replace(result, revision="", revisions=())
        if _is_automated(operation) and operation.sync is not None:
            operation = replace(operation, sync=replace(operation.sync, revision="", revisions=()))
    running = sync.begin(
        operation,
        replace(result, resources=()),
        operation_id=_operation_id(turn),
        now=turn.now,
        retry_count=kept.retry_count,
    )
    return Choice(running=running)


def _operation_id(turn: Turn) -> str:
    return f"{turn.app.uid}-{turn.app.resource_version}"


def _automated(turn: Turn, decision: Decision, state: DesiredState) -> Operation:
    policy = turn.app.spec.policy
    several = len(state.revisions) > 1
    chosen = decision.resources or ()
    return Operation(
        sync=SyncOperation(
            revision="" if several else state.revisions[0],
            revisions=tuple(str(one) for one in state.revisions) if several else (),
            prune=policy.automated is not None and policy.automated.prune,
            sync_options=policy.sync_options,
            resources=tuple(
                SyncOperationResource(group=key.group, kind=key.kind, name=key.name, namespace=key.namespace)
                for key in chosen
            ),
            auto_heal_attempts_count=decision.heal_attempts,
        ),
        initiated_by=OperationInitiator(automated=True),
        retry=policy.automated_retry,
    )


def _begin(turn: Turn, operation: Operation) -> Running:
    """Raises InvalidInput: the operation is none that we know."""
    wanted = operation.sync
    if wanted is None:
        raise InvalidInput(
            f"Application {turn.app.key}", "operation.sync", found=None, expected="what to sync"
        )
    result = SyncOperationResult(
        revision="",
        source=wanted.source or turn.app.spec.source,
        sources=wanted.sources or turn.app.spec.sources,
        managed_namespace_metadata=turn.app.spec.policy.managed_namespace_metadata,
    )
    return sync.begin(operation, result, operation_id=_operation_id(turn), now=turn.now)


def operate(
    turn: Turn, place: Place, cluster: Cluster, running: Running, current: Look, state: DesiredState
) -> Operated:
    """Advance an operation; `current` knows afterwards what it has changed.

    Raises:
        GitError, RenderError: the revision that it wants cannot be rendered.
        Overtaken, Retryable: as `sync.run`.
    """
    target = _target(turn, place, cluster, running, state)
    same = target is state
    seen = current if same else look(turn, cluster, target.desired, stamps=kept_stamps(turn))
    wanted = running.state.operation.sync or SyncOperation()
    given = _plan_input(turn, cluster, running, seen, target, wanted)
    hand = Hand(
        cluster=cluster,
        live_store=turn.ports.live,
        owner_of=turn.owner_of,
        dry_run=wanted.dry_run,
    )
    terminated = running.state.phase == OperationPhase.TERMINATING
    _begun(turn, running, target)
    view = sync.run(running, given, seen.view, hand, assess=turn.assess, save=lambda kept: _save(turn, kept))
    applied = {one.key: one.object for one in target.desired.objects if one.key in hand.answers}
    current.after(view, hand, applied)
    retry = _finish(turn, running, may_retry=not terminated)
    return Operated(
        running=running,
        state=target,
        retry=retry,
        partial=given.selected is not None,
        automated=bool(
            running.state.operation.initiated_by and running.state.operation.initiated_by.automated
        ),
    )


def _is_automated(operation: Operation) -> bool:
    return operation.initiated_by is not None and operation.initiated_by.automated


def _save(turn: Turn, state: OperationState) -> None:
    """The fence: a compare-and-swap on the Application that this step has read."""
    patch = {"status": {"operationState": sync.state_json(state)}}
    raw = write(turn.ports, turn.app.raw, patch)
    turn.app = replace(turn.app, raw=raw, resource_version=raw["metadata"]["resourceVersion"])


def _finish(turn: Turn, running: Running, *, may_retry: bool) -> RetryDecision | None:
    """Give an ended operation its end, or the time of its next attempt."""
    state = running.state
    if not state.completed:
        return None
    ended = turn.ports.clock.now().replace(microsecond=0)
    retry = retry_of(
        phase=OperationPhase(state.phase),
        message=state.message,
        retry=state.operation.retry if may_retry else None,
        retries=state.retry_count,
        finished_at=ended,
    )
    if retry is None:
        running.state = replace(state, finished_at=ended)
    else:
        running.state = replace(
            state,
            phase=OperationPhase.RUNNING.value,
            message=retry.message,
            finished_at=ended,
            retry_count=retry.attempt,
        )
    return retry


def _target(
    turn: Turn, place: Place, cluster: Cluster, running: Running, current: DesiredState
) -> DesiredState:
    """What the operation syncs to, fixed from its first step on."""
    result = running.state.sync_result or SyncOperationResult(revision="")
    wanted = running.state.operation.sync or SyncOperation()
    sources = result.sources or ((result.source,) if result.source else ())
    fixed = result.revisions or ((result.revision,) if result.revision else ())
    asked = wanted.revisions or ((wanted.revision,) if wanted.revision else ())
    pinned = _pinned(sources, fixed or asked)
    unchanged = sources == turn.app.spec.effective_sources
    if unchanged and (not (fixed or asked) or (fixed or asked) == tuple(map(str, current.revisions))):
        target = current
    else:
        at, facts = resolve_sources(turn, pinned, ask_again=bool(asked and not fixed))
        target = desired_state(turn, place, cluster, at, facts, hard=False, remember=False)
    several = len(target.revisions) > 1
    running.state = replace(
        running.state,
        sync_result=replace(
            result,
            revision="" if several else str(target.revisions[0]),
            revisions=tuple(str(one) for one in target.revisions) if several else (),
        ),
    )
    return target


def _pinned(sources: Sequence[ApplicationSource], revisions: Sequence[str]) -> tuple[ApplicationSource, ...]:
    """The sources at the revisions that the operation names."""
    if not revisions:
        return tuple(sources)
    given = [*revisions, *("" for _ in sources)]
    return tuple(
        replace(source, target_revision=revision) if revision else source
        for source, revision in zip(sources, given, strict=False)
    )


def _plan_input(
    turn: Turn, cluster: Cluster, running: Running, seen: Look, target: DesiredState, wanted: SyncOperation
) -> PlanInput:
    policy = turn.app.spec.policy
    options = sync_options(wanted.sync_options, base=sync_options(policy.sync_options))
    strategy = wanted.sync_strategy
    desired = target.desired
    revision = str(target.revisions[0])
    _look_for_hooks(cluster, seen, desired, revision, running)
    live = seen.view.objects
    return PlanInput(
        desired=tuple(seen.judge.to_apply(one.object, live.get(one.key)) for one in desired.objects),
        hooks=desired.hooks,
        live=live,
        orphans=seen.orphans,
        refused={**desired.refused, **(_shared(seen) if options.fail_on_shared_resource else {})},
        in_sync=seen.comparison.in_sync,
        selected=_selected(wanted, seen),
        skip_hooks=strategy is not None and strategy.skip_hooks,
        prune=wanted.prune,
        force=strategy is not None and strategy.force,
        prune_confirmed=_confirmed(turn, running),
        options=options,
        namespace=_namespace(turn, cluster, options),
        revision=revision,
        started_at=running.state.started_at,
        operation_id=running.operation_id,
        attempt=running.state.retry_count,
    )


def _shared(seen: Look) -> dict[ObjectKey, str]:
    """`FailOnSharedResource=true`: what another application tracks is refused."""
    return {
        key: f"Shared resource found: it is part of application {other}" for key, other in seen.shared.items()
    }


def _look_for_hooks(
    cluster: Cluster, seen: Look, desired: DesiredSet, revision: str, running: Running
) -> None:
    """Find the hooks that may stand already, where the snapshot does not prove that they do not."""
    objects, absent = dict(seen.view.objects), set(seen.view.absent)
    for hook in desired.hooks:
        for phase in hook_phases(hook):
            name = hook_name(hook, revision=revision, phase=phase, started_at=running.state.started_at)
            key = replace(key_of(hook), name=name)
            if key in objects:
                continue
            live = None if key.group_kind in seen.view.complete else ask(cluster, key, gvk_of(hook))
            if live is None:
                absent.add(key)
            else:
                objects[key] = live
    seen.view = replace(seen.view, objects=objects, absent=frozenset(absent))


def _selected(wanted: SyncOperation, seen: Look) -> frozenset[ObjectKey] | None:
    """The objects of a partial sync; None for all."""
    if not wanted.resources:
        return None
    keys = (*seen.desired.by_key, *seen.orphans)
    return frozenset(key for key in keys if any(one.selects(key) for one in wanted.resources))


def _confirmed(turn: Turn, running: Running) -> bool:
    """Whether somebody has approved, since the operation began, what needs an approval."""
    approved = parse_time(turn.app.annotations.get(DELETION_APPROVED))
    return approved is not None and approved >= running.state.started_at


def _namespace(turn: Turn, cluster: Cluster, options: SyncOptions) -> NamespaceWish | None:
    """The destination namespace, where it is to be made."""
    name = turn.app.spec.destination.namespace
    if not options.create_namespace or not name:
        return None
    wished = turn.app.spec.policy.managed_namespace_metadata
    return NamespaceWish(
        name=name,
        live=namespaces.find(cluster, name, turn.now, fresh=wished is not None),
        managed=wished is not None,
        labels=wished.labels if wished else {},
        annotations=wished.annotations if wished else {},
    )
