"""When an Application syncs by itself, when a failed sync is tried again, and what an annotation asks for.

The rules are Argo CD's. What decides is read from the Application alone: nothing here needs a memory.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime

import msgspec

from common.core.annotations import REFRESH, annotation
from common.core.conditions import Condition
from common.core.keys import Object, ObjectKey
from common.core.model.operation import OperationState
from common.core.model.source import ApplicationSource
from common.core.model.status import ResourceStatus
from common.core.model.sync_policy import Automated, Retry
from common.core.statuses import OperationPhase, SyncStatus
from common.core.timestamps import rfc3339


class Refresh(enum.StrEnum):
    """`argocd.argoproj.io/refresh`."""

    NORMAL = "normal"
    HARD = "hard"


def refresh_asked(app: Object) -> Refresh | None:
    """The refresh that an Application's annotation asks for. What is not `hard` is a normal one."""
    text = annotation(app, REFRESH)
    if not text:
        return None
    return Refresh.HARD if text == Refresh.HARD else Refresh.NORMAL


class SelfHealSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How often drift of one application is repaired by itself (`controller.self.heal.*`)."""

    timeout_seconds: float = 0.0
    """After any sync, wait this long before a repair."""
    backoff_seconds: float = 2.0
    """The first wait between repairs that follow one another; the first repair waits for nothing."""
    backoff_factor: float = 3.0
    backoff_cap_seconds: float = 300.0
    cooldown_seconds: float = 330.0
    """After this long without a repair the next one counts as the first again."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether to open an operation."""

    start: bool = False
    reason: str
    """For the log, and for whoever asks why nothing happens."""
    resources: tuple[ObjectKey, ...] | None = None
    """Only these (a self-heal: no hooks, no new history entry); None for everything."""
    heal_attempts: int = 0
    """`autoHealAttemptsCount` of the operation."""
    condition: Condition | None = None
    """To be shown; None clears it."""
    again_in_seconds: float | None = None
    """Decide again then."""


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What an automated sync is decided on."""

    automated: Automated | None
    """None, or `enabled: false`, and nothing happens."""
    sync_status: SyncStatus
    resources: Sequence[ResourceStatus]
    revisions: tuple[str, ...]
    """What the sources resolved to, one each."""
    sources: tuple[ApplicationSource, ...]
    last: OperationState | None
    """`status.operationState`."""
    has_operation: bool = False
    """An operation is asked for or running."""
    deleting: bool = False
    self_heal: SelfHealSettings = SelfHealSettings()


def automated_sync(given: Situation, now: datetime) -> Decision:
    """Whether an automated sync starts: at most one attempt for a revision and its source parameters."""
    automated = given.automated
    if automated is None or automated.enabled is False:
        return Decision(reason="automated sync is off")
    if given.deleting or given.has_operation:
        return Decision(reason="it is being deleted" if given.deleting else "an operation is in progress")
    if given.sync_status is not SyncStatus.OUT_OF_SYNC:
        return Decision(reason=f"it is {given.sync_status}")
    drifted = [one for one in given.resources if one.status != SyncStatus.SYNCED and not one.hook]
    if not automated.prune and drifted and all(one.requires_pruning for one in drifted):
        return Decision(reason="there is only something to prune, and prune is off")
    decision = Decision(start=True, reason="it is out of sync")
    if _attempted(given):
        decision = _again(given, automated, drifted, now)
    if decision.start and automated.prune and not automated.allow_empty and _wipes_out(given.resources):
        message = f"Skipping sync attempt to {_named(given.revisions)}: auto-sync will wipe out all resources"
        return Decision(reason=message, condition=Condition("SyncError", message))
    return decision


def _wipes_out(resources: Sequence[ResourceStatus]) -> bool:
    return all(one.requires_pruning for one in resources if not one.hook)


def _named(revisions: Sequence[str]) -> str:
    return ", ".join(revisions)


def _attempted(given: Situation) -> bool:
    """Whether the last sync was to these revisions with these source parameters."""
    last = given.last
    if last is None or last.sync_result is None:
        return False
    result = last.sync_result
    revisions = result.revisions or (result.revision,)
    sources = result.sources or ((result.source,) if result.source is not None else ())
    return tuple(revisions) == given.revisions and _parameters(sources) == _parameters(given.sources)


def _parameters(sources: Sequence[ApplicationSource]) -> tuple[ApplicationSource, ...]:
    """The sources without what a revision already says."""
    return tuple(msgspec.structs.replace(source, target_revision="") for source in sources)


def _again(
    given: Situation, automated: Automated, drifted: Sequence[ResourceStatus], now: datetime
) -> Decision:
    """It has been synced to this very state before: only a self-heal may follow, and only after a success."""
    last = given.last
    if last is None or not OperationPhase(last.phase).successful:
        message = f"Failed last sync attempt to {_named(given.revisions)}: {last.message if last else ''}"
        return Decision(reason=message, condition=Condition("SyncError", message))
    if not automated.self_heal:
        return Decision(reason=f"the most recent sync was to {_named(given.revisions)}, and selfHeal is off")
    attempts = _heal_attempts(last, given.self_heal, now)
    remaining = _heal_wait(last, given.self_heal, attempts, now)
    if remaining > 0:
        return Decision(reason="the last repair was a moment ago", again_in_seconds=remaining)
    return Decision(
        start=True,
        reason="it has drifted",
        resources=tuple(ObjectKey(one.group, one.kind, one.namespace, one.name) for one in drifted),
        heal_attempts=attempts + 1,
    )


def _since(last: OperationState, now: datetime) -> float | None:
    return None if last.finished_at is None else (now - last.finished_at).total_seconds()


def _heal_attempts(last: OperationState, settings: SelfHealSettings, now: datetime) -> int:
    """How many repairs have followed one another."""
    since = _since(last, now)
    if since is None or since > settings.cooldown_seconds or last.operation.sync is None:
        return 0
    return last.operation.sync.auto_heal_attempts_count


def _heal_wait(last: OperationState, settings: SelfHealSettings, attempts: int, now: datetime) -> float:
    """The seconds until a repair may start; 0 or less for now."""
    since = _since(last, now) or 0.0
    backoff = 0.0
    if attempts > 0:
        steps = min(attempts - 1, 64)
        backoff = min(settings.backoff_seconds * settings.backoff_factor**steps, settings.backoff_cap_seconds)
    return max(settings.timeout_seconds, backoff) - since


class RetryDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A failed operation that will be tried again."""

    at: datetime
    attempt: int
    """1 for the first retry: `retryCount` from then on."""
    message: str
    """For `operationState.message` while it waits; the phase stays Running."""


def retry_of(
    *, phase: OperationPhase, message: str, retry: Retry | None, retries: int, finished_at: datetime
) -> RetryDecision | None:
    """Whether an operation that has just ended is tried again; None when it is over.

    Args:
        phase: how it ended. Only Failed and Error are tried again; the caller leaves out what was terminated.
        message: why.
        retry: of the operation.
        retries: how often it has been tried again (`retryCount`).
        finished_at: when it ended.
    """
    if (
        phase not in {OperationPhase.FAILED, OperationPhase.ERROR}
        or retry is None
        or not retry.allows(retries)
    ):
        return None
    at = finished_at + retry.delay(retries)
    attempt = retries + 1
    words = f"{message}. Retrying attempt #{attempt} at {rfc3339(at)}."
    return RetryDecision(at=at, attempt=attempt, message=words)
