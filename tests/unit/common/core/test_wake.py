"""What wakes an Application."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.wake import wake_digest


def _app(**more: Any) -> dict[str, Any]:
    meta = {"name": "a", "uid": "u", "resourceVersion": "1", "generation": 1} | more.pop("metadata", {})
    return {"metadata": meta, "spec": {"project": "default"}} | more


@pytest.mark.parametrize(
    "same",
    [
        _app(status={"sync": {"status": "Synced"}}),
        _app(metadata={"resourceVersion": "2", "generation": 2, "managedFields": [{}]}),
        _app(metadata={"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}),
        _app(metadata={"annotations": {"moorings.dev/state": "x"}, "labels": {"team": "a"}}),
    ],
    ids=["status", "server-owned", "foreign-annotation", "our-state"],
)
def test_what_we_or_the_server_write_does_not_wake(same: dict[str, Any]) -> None:
    """A status write of ours must not make its own event work."""
    assert wake_digest(same) == wake_digest(_app())


@pytest.mark.parametrize(
    "other",
    [
        _app(spec={"project": "other"}),
        _app(operation={"sync": {}}),
        _app(metadata={"annotations": {"argocd.argoproj.io/refresh": "normal"}}),
        _app(metadata={"finalizers": ["resources-finalizer.argocd.argoproj.io"]}),
        _app(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}),
        _app(metadata={"uid": "again"}),
    ],
    ids=["spec", "operation", "refresh", "finalizers", "deletion", "made-again"],
)
def test_what_people_ask_for_wakes(other: dict[str, Any]) -> None:
    """Each of the things that people and tools set."""
    assert wake_digest(other) != wake_digest(_app())


def test_key_order_does_not_matter() -> None:
    """The same content has one digest."""
    assert wake_digest(_app(spec={"a": 1, "b": 2})) == wake_digest(_app(spec={"b": 2, "a": 1}))


def test_a_termination_wakes() -> None:
    """Whoever terminates an operation writes its phase into the status; no other phase counts."""
    quiet: dict[str, Any] = {"metadata": {"name": "web"}, "status": {"operationState": {"phase": "Running"}}}
    terminated = {**quiet, "status": {"operationState": {"phase": "Terminating"}}}
    assert wake_digest(terminated) != wake_digest(quiet)
    assert wake_digest(quiet) == wake_digest({"metadata": {"name": "web"}})
