"""Kinds of work for a changed Application."""

from __future__ import annotations

from typing import Any

import pytest

from common.ports import Kind
from scheduler.watch.wakes import wake_kinds


def _app(**more: Any) -> dict[str, Any]:
    meta = {"name": "a", "uid": "u", "resourceVersion": "1", "generation": 1} | more.pop("metadata", {})
    return {"metadata": meta, "spec": {"project": "default"}} | more


@pytest.mark.parametrize(
    ("app", "kinds"),
    [
        (_app(), Kind.DIFF),
        ({}, Kind.DIFF),
        (_app(metadata={"annotations": {"argocd.argoproj.io/refresh": "normal"}}), Kind.DIFF | Kind.FETCH),
        (
            _app(metadata={"annotations": {"argocd.argoproj.io/refresh": "hard"}}),
            Kind.DIFF | Kind.FETCH | Kind.HARD,
        ),
        (_app(operation={"sync": {}}), Kind.DIFF | Kind.APPLY),
        (_app(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}), Kind.DIFF | Kind.APPLY),
    ],
)
def test_kinds_of_work(app: dict[str, Any], kinds: Kind) -> None:
    """What the changed Application is due for."""
    assert wake_kinds(app) == kinds
