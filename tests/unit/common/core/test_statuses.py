"""The words of statuses."""

from __future__ import annotations

from common.core.statuses import HealthStatus, OperationPhase, Phase


def test_health_is_listed_best_first() -> None:
    """Argo CD's order, in which the worst outweighs the others."""
    assert [str(h) for h in HealthStatus] == [
        "Healthy",
        "Suspended",
        "Progressing",
        "Missing",
        "Degraded",
        "Unknown",
    ]


def test_an_operation_is_completed_unless_it_runs() -> None:
    """Terminating is still at work."""
    assert [p for p in OperationPhase if not p.completed] == [
        OperationPhase.RUNNING,
        OperationPhase.TERMINATING,
    ]
    assert [p for p in OperationPhase if p.successful] == [OperationPhase.SUCCEEDED]


def test_phases_have_an_order() -> None:
    """PreSync before Sync before PostSync before SyncFail."""
    assert [p.rank for p in (Phase.PRE_SYNC, Phase.SYNC, Phase.POST_SYNC, Phase.SYNC_FAIL)] == [0, 1, 2, 3]
