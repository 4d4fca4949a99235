"""End a step: one status write if anything changed, what is kept for the next one, and when that is due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from common import logging, metrics
from common.core.annotations import REFRESH
from common.core.conditions import Condition, merge_conditions
from common.core.errors import ClusterError, FieldError, InvalidInput, MooringsError, Retryable
from common.core.model.operation import OperationState
from common.core.model.status import (
    ApplicationStatus,
    ComparedTo,
    RevisionHistory,
    Sync,
)
from common.core.model.status import Condition as ConditionField
from common.core.model.status_patch import status_patch
from common.core.policy import Refresh
from common.core.status_of import StatusFound, health_field
from common.core.statuses import HealthStatus, OperationPhase, SyncStatus
from common.operations.compare import STAMPS
from common.operations.desired_state import DesiredState
from common.operations.look import Look
from common.operations.operate import Choice, Operated
from common.operations.place import Place
from common.operations.remarks import remarks
from common.operations.status_write import write as write_status
from common.operations.sync import claim
from common.operations.turn import Turn

log = logging.get(__name__)

WATCHED_SECONDS = 1800.0
"""A safety net: how often an application is looked at although nothing has asked for it."""
UNWATCHED_SECONDS = 10.0
"""The same while some of its kinds are not watched yet."""
WAITING_SECONDS = 30.0
"""The same while an operation waits for an event."""
ERROR_SECONDS = 60.0
"""When something that may mend itself is tried again, at the latest."""
FIRST_ERROR_SECONDS = 3.0
"""The same when it has only begun to fail."""
UNREACHED_SECONDS = 10.0
"""The same for an operation whose cluster does not answer."""
OURS = (
    "InvalidSpecError",
    "ComparisonError",
    "SyncError",
    "DeletionError",
    "UnknownError",
    "RepeatedResourceWarning",
    "ExcludedResourceWarning",
    "InvalidHookWarning",
    "InvalidWaveWarning",
    "SharedResourceWarning",
    "InvalidSpecWarning",
    "UnhonouredFieldWarning",
)
"""Types of conditions that each step decides anew."""


def write(
    turn: Turn,
    place: Place,
    state: DesiredState,
    seen: Look,
    chosen: Choice,
    operated: Operated | None,
    *,
    asked: Refresh | None,
) -> float | None:
    """Write what was found and done, and say when to look again.

    Raises:
        Overtaken: decide again.
    """
    found = seen.found()
    old = turn.app.status
    conditions = [
        *state.desired.conditions,
        *remarks(turn.app, state.desired),
        *_shared(turn, seen),
    ]
    if chosen.decision is not None and chosen.decision.condition is not None:
        conditions.append(chosen.decision.condition)
    new = replace(
        old,
        resources=found.resources,
        sync=_sync(turn, state, found.sync),
        health=health_field(found.health, old.health, turn.now),
        conditions=_conditions(turn, conditions),
        source_type=str(state.types[0]) if len(state.types) == 1 else "",
        source_types=tuple(map(str, state.types)) if len(state.types) > 1 else (),
        summary=found.summary,
        controller_namespace=turn.ports.namespace,
    )
    if operated is not None:
        new = _with_operation(turn, new, operated)
    _write(turn, new, ended=operated is not None and operated.running.state.completed, asked=asked)
    _keep_stamps(turn, seen)
    if operated is not None:
        _observe(turn, place, state, operated)
    _observe_health(turn, place, found)
    return _due_in(turn, state, seen, chosen, operated)


def _shared(turn: Turn, seen: Look) -> Iterable[Condition]:
    for key, other in sorted(seen.shared.items()):
        message = f"{key.kind}/{key.name} is part of applications {turn.owner} and {other}"
        yield Condition("SharedResourceWarning", message)


def _sync(turn: Turn, state: DesiredState, status: SyncStatus) -> Sync:
    spec = turn.app.spec
    several = len(state.revisions) > 1
    return Sync(
        status=str(status),
        compared_to=ComparedTo(
            source=None if spec.has_multiple_sources else spec.effective_sources[0],
            sources=spec.sources if spec.has_multiple_sources else (),
            destination=spec.destination,
            ignore_differences=spec.ignore_differences,
        ),
        revision="" if several else str(state.revisions[0]),
        revisions=tuple(map(str, state.revisions)) if several else (),
    )


def _conditions(turn: Turn, found: Iterable[Condition]) -> tuple[ConditionField, ...]:
    return merge_conditions(turn.app.status.conditions, found, now=turn.now, evaluated=OURS)


def _with_operation(turn: Turn, new: ApplicationStatus, operated: Operated) -> ApplicationStatus:
    running = operated.running
    if not running.state.completed and not running.claimed:
        claim(running)
    new = replace(new, operation_state=running.state)
    wanted = running.state.operation.sync
    succeeded = running.state.phase == OperationPhase.SUCCEEDED
    if not succeeded or operated.partial or wanted is None or wanted.dry_run:
        return new
    return replace(new, history=_history(turn, running.state))


def _history(turn: Turn, state: OperationState) -> tuple[RevisionHistory, ...]:
    """The new entry at the end; at most `revisionHistoryLimit` in all."""
    old = turn.app.status.history
    result = state.sync_result
    if result is None:
        return old
    entry = RevisionHistory(
        id=max((one.id for one in old), default=-1) + 1,
        revision=result.revision,
        revisions=result.revisions,
        source=None if result.sources else result.source,
        sources=result.sources,
        deployed_at=state.finished_at or turn.now,
        deploy_started_at=state.started_at,
        initiated_by=state.operation.initiated_by,
    )
    limit = turn.app.spec.history_limit
    return (*old, entry)[-limit:] if limit else ()


def _write(turn: Turn, new: ApplicationStatus, *, ended: bool, asked: Refresh | None) -> None:
    """One write, and none when nothing changed; the time of the look alone is no change."""
    patch: dict[str, Any] = {}
    old = turn.app.raw.get("status")
    if asked is not None or status_patch(old, new) is not None:
        timed = status_patch(old, replace(new, reconciled_at=turn.now))
        if timed is not None:  # a null would take the whole status away
            patch["status"] = timed
    if ended and turn.app.raw.get("operation") is not None:
        patch["operation"] = None
    if asked is not None:
        patch["metadata"] = {"annotations": {REFRESH: None}}
    if not patch:
        return
    write_status(turn.ports, turn.app.raw, patch)


def _keep_stamps(turn: Turn, seen: Look) -> None:
    if dict(seen.comparison.stamps) != dict(seen.stamps_before):
        turn.ports.facts.put(STAMPS, {str(turn.app.key): dict(seen.comparison.stamps)})


def _due_in(
    turn: Turn, state: DesiredState, seen: Look, chosen: Choice, operated: Operated | None
) -> float | None:
    """The earliest of what is to come."""
    times = [WATCHED_SECONDS, *_graces(turn, state)]
    if not seen.desired.kinds <= seen.view.complete:
        times.append(UNWATCHED_SECONDS)
    if chosen.retry_at is not None:
        times.append((chosen.retry_at - turn.now).total_seconds())
    if chosen.decision is not None and chosen.decision.again_in_seconds is not None:
        times.append(chosen.decision.again_in_seconds)
    if operated is not None and operated.retry is not None:
        times.append((operated.retry.at - turn.ports.clock.now()).total_seconds())
    elif operated is not None and not operated.running.state.completed:
        again = operated.running.again_in_seconds
        times.append(WAITING_SECONDS if again is None else again)
    elif operated is not None:
        times.append(_after_operation(turn))
    return max(0.0, min(times))


def _graces(turn: Turn, state: DesiredState) -> Iterator[float]:
    """The seconds until a repository that does not answer is no longer forgiven for it."""
    for fact in state.facts:
        if fact is not None and fact.failing_since is not None:
            passed = (turn.now - fact.failing_since).total_seconds()
            yield turn.fleet.settings.repo_error_grace_seconds - passed


def _after_operation(turn: Turn) -> float:
    """An operation that was not the Application's own (a rollback, an old revision) leaves a new decision."""
    return 0.0 if turn.app.spec.policy.is_automated and turn.app.operation is not None else WATCHED_SECONDS


# What could not be compared


def invalid(turn: Turn, error: InvalidInput) -> float | None:
    """The spec cannot be reconciled as it is: one condition for each error; nothing else is touched."""
    found = [Condition("InvalidSpecError", _said(turn, one)) for one in error.errors]
    return _unknown(turn, found, again=None)


def not_comparable(turn: Turn, error: MooringsError) -> float | None:
    """What should be, or what is, cannot be told: Unknown, with the last good state beside it."""
    found = [Condition("ComparisonError", str(error))]
    if isinstance(error, ClusterError) and isinstance(error, Retryable) and turn.app.operation is not None:
        # It may have been carried out in part: it goes on when the cluster is back.
        again = error.retry_after_seconds or UNREACHED_SECONDS
        return _unknown(turn, found, again=again, operation_goes_on=True)
    if not isinstance(error, Retryable):
        return _unknown(turn, found, again=ERROR_SECONDS)
    return _unknown(turn, found, again=error.retry_after_seconds or _patience(turn, found[0]))


def _patience(turn: Turn, found: Condition) -> float:
    """Wait as long again as it has failed so far: what has just begun is looked at soon, an outage seldom."""
    times = [
        one.last_transition_time
        for one in turn.app.status.conditions
        if one.type == found.type and one.last_transition_time is not None
    ]
    failing = (turn.now - min(times, default=turn.now)).total_seconds()
    return min(max(failing, FIRST_ERROR_SECONDS), ERROR_SECONDS)


def _said(turn: Turn, error: FieldError) -> str:
    """Without the object where it is the very one that carries the condition; a Secret, say, is named."""
    if error.object != f"Application {turn.app.key}" or not error.field:
        return str(error)
    return f"{error.field}: found {error.found}, expected {error.expected}"


def _unknown(
    turn: Turn, found: Sequence[Condition], *, again: float | None, operation_goes_on: bool = False
) -> float | None:
    old = turn.app.status
    unknown = str(SyncStatus.UNKNOWN)
    sync = replace(old.sync, status=unknown) if old.sync else Sync(status=unknown)
    new = replace(
        old,
        sync=sync,
        health=old.health or health_field(HealthStatus.UNKNOWN, None, turn.now),
        conditions=_conditions(turn, [*found, *remarks(turn.app, None)]),
        controller_namespace=turn.ports.namespace,
    )
    new, ended = (new, False) if operation_goes_on else _operation_failed(turn, new, found)
    log.info("application_not_comparable", app=str(turn.app.key), reasons=[one.message for one in found])
    _write(turn, new, ended=ended, asked=Refresh.NORMAL if REFRESH in turn.app.annotations else None)
    return again


def _operation_failed(
    turn: Turn, new: ApplicationStatus, found: Sequence[Condition]
) -> tuple[ApplicationStatus, bool]:
    """An operation that was asked for and cannot even begin ends in Error, as its users expect."""
    operation = turn.app.operation
    if operation is None or (new.operation_state is not None and not new.operation_state.completed):
        return new, False
    state = OperationState(
        operation=operation,
        phase=OperationPhase.ERROR.value,
        message="; ".join(one.message for one in found),
        started_at=turn.now.replace(microsecond=0),
        finished_at=turn.now.replace(microsecond=0),
    )
    return replace(new, operation_state=state), True


def is_about_destination(turn: Turn, error: ClusterError) -> bool:
    """Whether the destination failed and the home cluster, where the status goes, is another one."""
    try:
        place = turn.fleet.place(turn.app)
    except InvalidInput:
        return False
    return place.access.server != turn.ports.clusters.home().access.server and isinstance(error, ClusterError)


# How long it took

HEALTHY_SINCE = "applied"
"""Facts by application: when it was applied, until it is healthy."""


def _observe(turn: Turn, place: Place, state: DesiredState, operated: Operated) -> None:
    ended = operated.running.state
    if not ended.completed:
        return
    cluster, project = place.access.name or place.access.id, turn.app.spec.project_name
    metrics.SYNCS.labels(phase=ended.phase, cluster=cluster, project=project).inc()
    log.info(
        "operation_ended",
        app=str(turn.app.key),
        phase=ended.phase,
        revision=ended.sync_result.revision if ended.sync_result else "",
        changed=len(operated.running.changed),
        automated=operated.automated,
    )
    if ended.phase != OperationPhase.SUCCEEDED or operated.partial:
        return
    now = turn.ports.clock.now()
    for fact in state.facts:
        if fact is not None and fact.previous and fact.detected_at is not None and operated.automated:
            if fact.committed_at is not None:
                metrics.SYNC_DETECTED.labels(cluster, project).observe(
                    _between(fact.committed_at, fact.detected_at)
                )
            metrics.SYNC_APPLIED.labels(cluster, project).observe(_between(fact.detected_at, now))
    turn.ports.facts.put(HEALTHY_SINCE, {str(turn.app.key): now.isoformat()})


def _observe_health(turn: Turn, place: Place, found: StatusFound) -> None:
    if found.health is not HealthStatus.HEALTHY:
        return
    (since,) = turn.ports.facts.get(HEALTHY_SINCE, [str(turn.app.key)])
    if since is None:
        return
    turn.ports.facts.drop(HEALTHY_SINCE, [str(turn.app.key)])
    cluster, project = place.access.name or place.access.id, turn.app.spec.project_name
    metrics.SYNC_HEALTHY.labels(cluster, project).observe(
        _between(datetime.fromisoformat(since), turn.ports.clock.now())
    )


def _between(start: datetime, end: datetime) -> float:
    """Seconds; clocks of two machines may disagree by a little."""
    return max(0.0, (end - start).total_seconds())
