"""Policies: options, retries and their defaults."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common.core.keys import ObjectKey
from common.core.model.operation import (
    OperationState,
    ResourceResult,
    SyncOperation,
    SyncOperationResource,
    SyncStrategy,
    SyncStrategyApply,
    SyncStrategyHook,
)
from common.core.model.source import ApplicationSource, DirectoryOptions, HelmOptions, SourceType
from common.core.model.sync_options import NAMES, SyncOptions, allowed_values, sync_options
from common.core.model.sync_policy import Automated, Backoff, Retry, SyncPolicy


def test_options_are_read_into_fields() -> None:
    """Later ones win; `confirm` is a value of Prune and Delete only."""
    read = sync_options(
        ["CreateNamespace=true", "Validate = false", "Prune=confirm", "PrunePropagationPolicy=orphan"]
    )
    assert read == SyncOptions(
        create_namespace=True, validate=False, confirm_prune=True, prune_propagation="orphan"
    )
    assert sync_options(["Prune=confirm", "Prune=false"]) == SyncOptions(prune=False)
    assert sync_options(["Delete=confirm"]).confirm_delete


def test_what_means_nothing_is_kept_aside() -> None:
    """Unknown names and impossible values change nothing, and are not lost."""
    read = sync_options(["Prune=never", "Foo=bar", "Force"], base=SyncOptions(replace=True, unknown=("X",)))
    assert read == SyncOptions(replace=True, unknown=("X", "Foo=bar"), malformed=("Prune=never", "Force"))


def test_every_name_has_values() -> None:
    """And no other."""
    assert all(allowed_values(name) for name in NAMES)
    assert allowed_values("Foo") == ()


def test_automated_unless_disabled() -> None:
    """The block's presence turns it on; `enabled: false` off."""
    assert not SyncPolicy().is_automated
    assert SyncPolicy(automated=Automated()).is_automated
    assert not SyncPolicy(automated=Automated(enabled=False)).is_automated
    assert SyncPolicy(sync_options=("Replace=true",)).options.replace


def test_an_automated_sync_retries_five_times_by_default() -> None:
    """Without `retry`; with it, what it says."""
    assert SyncPolicy().automated_retry.limit == 5
    assert SyncPolicy(retry=Retry(limit=1)).automated_retry.limit == 1


def test_limits() -> None:
    """0 never tries again, below 0 for ever."""
    assert not Retry().allows(0)
    assert Retry(limit=2).allows(1)
    assert not Retry(limit=2).allows(2)
    assert Retry(limit=-1).allows(10**6)
    assert Retry(limit=-1).unlimited


@pytest.mark.parametrize(
    ("backoff", "retries", "seconds"),
    [
        (None, 0, 5),
        (None, 3, 40),
        (None, 30, 180),
        (Backoff(duration="10", factor=3, max_duration="1h"), 2, 90),
        (Backoff(duration="soon", max_duration="later"), 10, 180),
        (Backoff(factor=0), 2, 0),
        (Backoff(duration="1s", factor=10, max_duration="0"), 3, 1000),
        (Backoff(duration="-3s"), 1, 0),
        (Backoff(factor=9, max_duration="0"), 10**5, 100 * 366 * 86400),
    ],
)
def test_backoff(backoff: Backoff | None, retries: int, seconds: int) -> None:
    """duration * factor ** retries up to maxDuration; 0 is no bound; malformed values count as defaults."""
    assert Retry(limit=-1, backoff=backoff).delay(retries) == timedelta(seconds=seconds)


def test_strategies() -> None:
    """`apply` skips hooks; either may force."""
    assert SyncStrategy(apply=SyncStrategyApply(force=True)).skip_hooks
    assert SyncStrategy(apply=SyncStrategyApply(force=True)).force
    assert SyncStrategy(hook=SyncStrategyHook(force=True)).force
    assert not SyncStrategy().force
    assert not SyncStrategy().skip_hooks
    assert SyncOperation(sync_options=("Force=true",)).options.force


def test_a_partial_sync_selects_objects() -> None:
    """Without a namespace: in any."""
    one = SyncOperationResource(group="apps", kind="Deployment", name="web")
    assert one.selects(ObjectKey("apps", "Deployment", "a", "web"))
    assert not one.selects(ObjectKey("apps", "Deployment", "a", "api"))
    there = SyncOperationResource(kind="Service", name="web", namespace="b")
    assert not there.selects(ObjectKey("", "Service", "a", "web"))


def test_results_know_their_object() -> None:
    """By group, kind, namespace and name."""
    result = ResourceResult(group="g", version="v1", kind="K", namespace="n", name="a")
    assert result.key == ObjectKey("g", "K", "n", "a")
    assert {f for f in OperationState.__struct_fields__ if "at" in f} >= {"started_at", "finished_at"}


def test_explicit_types_of_a_source() -> None:
    """In a fixed order."""
    source = ApplicationSource(repo_url="u", directory=DirectoryOptions(), helm=HelmOptions())
    assert source.explicit_types == (SourceType.HELM, SourceType.DIRECTORY)
    assert source.revision_or_head == "HEAD"
