"""The status that a comparison gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.core.desired import DesiredRules, Scope, desire
from common.core.health import Health, assess
from common.core.keys import Object, key_of
from common.core.model.status import Health as HealthField
from common.core.model.status import ResourceStatus
from common.core.status_of import Compared, StatusFound, health_field, status_of
from common.core.statuses import HealthStatus, SyncStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULES = DesiredRules(instance="app", namespace="x", scope=lambda _: Scope.NAMESPACED)


def obj(kind: str, name: str, api: str = "v1", status: Object | None = None, **annotations: str) -> Object:
    """A minimal object; annotation names without Argo CD's prefix."""
    names = {f"argocd.argoproj.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    made: Object = {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name, "namespace": "x", "annotations": names},
    }
    return made | ({"status": status} if status else {})


def found(
    *desired: Object, live: tuple[Object, ...] = (), statuses: str = "Synced", **more: Any
) -> StatusFound:
    """The status of objects; all compared alike."""
    wanted = desire(desired, RULES)
    return status_of(
        Compared(
            desired=wanted,
            live={key_of(one): one for one in live},
            statuses={one.key: SyncStatus(statuses) for one in wanted.objects},
            assess=lambda one: assess(one, NOW),
            **more,
        )
    )


POD = obj("Pod", "p", status={"phase": "Succeeded"}, sync_wave="3")


def test_an_object_in_sync_is_a_row() -> None:
    """In Argo CD's schema."""
    made = found(POD, live=(POD,))
    assert made.resources == (
        ResourceStatus(
            version="v1",
            kind="Pod",
            namespace="x",
            name="p",
            status="Synced",
            health=HealthField(status="Healthy"),
            sync_wave=3,
        ),
    )
    assert (made.sync, made.health) == (SyncStatus.SYNCED, HealthStatus.HEALTHY)


def test_a_missing_object_is_missing() -> None:
    """The row; and the application when nothing is there."""
    made = found(POD, statuses="OutOfSync")
    assert made.resources[0].health == HealthField(status="Missing")
    assert (made.sync, made.health) == (SyncStatus.OUT_OF_SYNC, HealthStatus.MISSING)


def test_an_object_that_was_not_compared_is_unknown() -> None:
    """And so is the application: half a comparison proves nothing."""
    wanted = desire([POD, obj("ConfigMap", "c")], RULES)
    statuses = {wanted.objects[0].key: SyncStatus.OUT_OF_SYNC}
    made = status_of(Compared(desired=wanted, live={}, statuses=statuses, assess=lambda _: None))
    assert made.sync is SyncStatus.UNKNOWN
    assert {row.status for row in made.resources} == {"OutOfSync", "Unknown"}


def test_a_failed_comparison_is_unknown() -> None:
    """Whatever its rows say."""
    assert found(POD, live=(POD,), unknown=True).sync is SyncStatus.UNKNOWN


def test_nothing_at_all_is_synced_and_healthy() -> None:
    """An application without objects."""
    assert (found().sync, found().health) == (SyncStatus.SYNCED, HealthStatus.HEALTHY)


def test_an_orphan_requires_pruning() -> None:
    """OutOfSync, with its health and what it asks of the user."""
    old = obj("Pod", "old", status={"phase": "Failed"}, sync_options="Prune=confirm")
    made = found(POD, live=(POD, old), orphans={key_of(old)})
    row = made.resources[0]
    assert (row.name, row.status, row.requires_pruning, row.requires_deletion_confirmation) == (
        "old",
        "OutOfSync",
        True,
        True,
    )
    assert (made.sync, made.health) == (SyncStatus.OUT_OF_SYNC, HealthStatus.DEGRADED)


def test_the_application_may_ask_for_confirmation() -> None:
    """Prune=confirm for all."""
    old = obj("ConfigMap", "old")
    made = found(live=(old,), orphans={key_of(old)}, confirm_prune=True)
    assert made.resources[0].requires_deletion_confirmation


def test_extraneous_objects_may_be_ignored() -> None:
    """compare-options: IgnoreExtraneous keeps the row and not the application's status."""
    old = obj("ConfigMap", "old", compare_options="IgnoreExtraneous")
    made = found(POD, live=(POD, old), orphans={key_of(old)})
    assert made.sync is SyncStatus.SYNCED
    assert made.resources[0].requires_pruning


def test_live_hooks_are_rows_that_count_for_nothing() -> None:
    """Their health is theirs."""
    hook = obj("Job", "h", "batch/v1", {"conditions": [{"type": "Failed", "status": "True"}]}, hook="Sync")
    made = found(POD, live=(POD, hook), orphans={key_of(hook)})
    row = next(row for row in made.resources if row.hook)
    assert (row.status, row.requires_pruning, row.health and row.health.status) == ("", False, "Degraded")
    assert (made.sync, made.health) == (SyncStatus.SYNCED, HealthStatus.HEALTHY)


def test_other_live_objects_are_not_shown() -> None:
    """Not ours, not proven: not in the list."""
    assert found(POD, live=(POD, obj("ConfigMap", "other"))).resources[0].name == "p"
    assert len(found(POD, live=(POD, obj("ConfigMap", "other"))).resources) == 1


def test_rows_are_sorted() -> None:
    """By group, kind, namespace and name, orphans among the others."""
    old = obj("ConfigMap", "b")
    made = found(obj("ConfigMap", "c"), obj("ConfigMap", "a"), live=(old,), orphans={key_of(old)})
    assert [row.name for row in made.resources] == ["a", "b", "c"]


def test_the_summary_lists_images() -> None:
    """Of what is live."""
    pod = {**POD, "spec": {"containers": [{"image": "nginx:1"}]}}
    assert found(POD, live=(pod,)).summary.images == ("nginx:1",)


@pytest.mark.parametrize(
    ("old", "since"),
    [
        (None, NOW),
        (HealthField(status="Healthy", last_transition_time=NOW - timedelta(1)), NOW - timedelta(1)),
        (HealthField(status="Healthy"), NOW),
        (HealthField(status="Degraded", last_transition_time=NOW - timedelta(1)), NOW),
    ],
)
def test_health_keeps_the_time_of_its_change(old: HealthField | None, since: datetime) -> None:
    """lastTransitionTime says since when."""
    made = health_field(HealthStatus.HEALTHY, old, NOW, "m")
    assert made == HealthField(status="Healthy", message="m", last_transition_time=since)


def test_no_health_is_no_health() -> None:
    """A ConfigMap has none."""
    config = obj("ConfigMap", "c")
    assert found(config, live=(config,)).resources[0].health is None
    assert Health(HealthStatus.HEALTHY).message == ""
