"""What has become of each step, in the schema of `operationState.syncResult.resources`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from common.core.keys import ObjectKey
from common.core.plan.steps import Step, StepId
from common.core.statuses import OperationPhase, Phase, ResultCode

MESSAGE_LENGTH = 4096
"""Longer messages are cut: they live in the Application object."""


class StepResult(msgspec.Struct, frozen=True, kw_only=True):
    """One row."""

    key: ObjectKey
    version: str = ""
    phase: Phase = Phase.SYNC
    status: ResultCode | None = None
    """None for hooks whose making has not failed."""
    hook_phase: OperationPhase | None = None
    """Where the step is: Running until its object is healthy, for hooks and plain objects alike."""
    hook_type: str = ""
    message: str = ""
    images: tuple[str, ...] = ()

    @property
    def id(self) -> StepId:
        """What it is the result of."""
        return StepId(self.key, self.phase)

    @property
    def running(self) -> bool:
        """Done, and not yet known to be healthy."""
        return self.hook_phase is OperationPhase.RUNNING

    @property
    def failed(self) -> bool:
        """It ended badly."""
        return self.hook_phase in {OperationPhase.FAILED, OperationPhase.ERROR}


def results_of(rows: Iterable[Mapping[str, Any]]) -> tuple[StepResult, ...]:
    """Read the rows of an Application's status; a row that names nothing is left out."""
    return tuple(_result(row) for row in rows if row.get("kind") and row.get("name"))


def _result(row: Mapping[str, Any]) -> StepResult:
    return StepResult(
        key=ObjectKey(
            str(row.get("group") or ""), str(row["kind"]), str(row.get("namespace") or ""), str(row["name"])
        ),
        version=str(row.get("version") or ""),
        phase=_PHASES.get(str(row.get("syncPhase") or ""), Phase.SYNC),
        status=_CODES.get(str(row.get("status") or "")),
        hook_phase=_OPERATION_PHASES.get(str(row.get("hookPhase") or "")),
        hook_type=str(row.get("hookType") or ""),
        message=str(row.get("message") or ""),
        images=tuple(str(image) for image in row.get("images") or ()),
    )


_PHASES = {str(phase): phase for phase in Phase}
_CODES = {str(code): code for code in ResultCode}
_OPERATION_PHASES = {str(phase): phase for phase in OperationPhase}


def results_from(results: Iterable[StepResult]) -> list[dict[str, Any]]:
    """The rows as an Application's status holds them, in the given order."""
    return [_row(result) for result in results]


def _row(result: StepResult) -> dict[str, Any]:
    key = result.key
    row: dict[str, Any] = {
        "group": key.group,
        "version": result.version,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "syncPhase": str(result.phase),
    }
    optional: dict[str, Any] = {
        "status": result.status and str(result.status),
        "hookPhase": result.hook_phase and str(result.hook_phase),
        "hookType": result.hook_type,
        "message": result.message,
        "images": list(result.images),
    }
    return row | {name: value for name, value in optional.items() if value}


_PHASE_AFTER = {
    ResultCode.SYNCED: OperationPhase.RUNNING,
    ResultCode.SYNC_FAILED: OperationPhase.FAILED,
    ResultCode.PRUNED: OperationPhase.SUCCEEDED,
    ResultCode.PRUNE_SKIPPED: OperationPhase.SUCCEEDED,
}


def result_of(step: Step, code: ResultCode, message: str, images: tuple[str, ...] = ()) -> StepResult:
    """The row for a step that has just been carried out. An applied object counts as Running."""
    return StepResult(
        key=step.key,
        version=step.version,
        phase=step.phase,
        status=code,
        hook_phase=_PHASE_AFTER[code],
        hook_type=step.hook_type,
        message=message[:MESSAGE_LENGTH],
        images=images,
    )


def merged(results: Iterable[StepResult], new: Iterable[StepResult]) -> tuple[StepResult, ...]:
    """The rows with new ones put in place of those for the same step, or after all others."""
    rows = {result.id: result for result in results}
    for result in new:
        rows[result.id] = result
    return tuple(rows.values())
