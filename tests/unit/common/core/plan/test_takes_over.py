"""Whose fields a step takes over: a decision of the plan."""

from __future__ import annotations

from datetime import UTC, datetime

from common.core.compare.structural import LEGACY_MANAGERS
from common.core.keys import Object
from common.core.model.sync_options import SyncOptions
from common.core.plan import PlanInput, plan

OPTIONS = "argocd.argoproj.io/sync-options"
MIGRATION = "argocd.argoproj.io/client-side-apply-migration-manager"


def takes_over(annotations: dict[str, str], options: SyncOptions | None = None) -> tuple[str, ...]:
    """What the step of an object with these annotations takes over."""
    meta = {"name": "a", "namespace": "x", "annotations": annotations}
    obj: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
    given = PlanInput(
        desired=(obj,),
        live={},
        options=options or SyncOptions(),
        revision="0123456789abcdef",
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    (step,) = plan(given).steps
    return step.takes_over


def test_kubectl_and_argo_cd_are_taken_over() -> None:
    """By default what they applied becomes ours."""
    assert takes_over({}) == LEGACY_MANAGERS
    assert "kubectl-client-side-apply" in LEGACY_MANAGERS


def test_an_object_may_name_one_more() -> None:
    """`client-side-apply-migration-manager` adds its own applier."""
    assert takes_over({MIGRATION: "our-script"}) == (*LEGACY_MANAGERS, "our-script")


def test_it_can_be_switched_off() -> None:
    """For an application, or for one object."""
    assert takes_over({}, SyncOptions(client_side_apply_migration=False)) == ()
    assert takes_over({OPTIONS: "ClientSideApplyMigration=false"}) == ()
