"""Hooks: Argo CD's annotations, and Helm's as Argo CD maps them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from common.core.hooks import (
    DeletePolicy,
    Wave,
    delete_policies,
    hook_name,
    hook_phases,
    is_hook,
    is_skipped,
    wave_of,
)
from common.core.keys import Object
from common.core.statuses import Phase

A = "argocd.argoproj.io/"


def annotated(**annotations: str) -> Object:
    """An object with annotations; `helm_x` for Helm's, else Argo CD's."""
    names = {
        (f"helm.sh/{k[5:]}" if k.startswith("helm_") else A + k).replace("_", "-"): v
        for k, v in annotations.items()
    }
    return {"metadata": {"annotations": names}}


@pytest.mark.parametrize(
    ("annotations", "phases"),
    [
        ({"hook": "PreSync"}, [Phase.PRE_SYNC]),
        ({"hook": "PostSync,PreSync,PreSync"}, [Phase.PRE_SYNC, Phase.POST_SYNC]),
        ({"hook": "PreDelete,PostDelete"}, [Phase.PRE_DELETE, Phase.POST_DELETE]),
        ({"hook": "presync"}, []),
        ({"hook": "Sync", "helm_hook": "pre-install"}, [Phase.SYNC]),
        ({"helm_hook": "pre-install,pre-upgrade"}, [Phase.PRE_SYNC]),
        ({"helm_hook": "post-install,post-delete"}, [Phase.POST_SYNC, Phase.POST_DELETE]),
        ({"helm_hook": "test,pre-rollback"}, []),
    ],
)
def test_phases(annotations: dict[str, str], phases: list[Phase]) -> None:
    """In their order, each once; unknown ones are none. All of these are hooks."""
    assert list(hook_phases(annotated(**annotations))) == phases
    assert is_hook(annotated(**annotations))


def test_skip_leaves_an_object_out() -> None:
    """Argo CD's `hook: Skip`."""
    assert is_skipped(annotated(hook="Skip"))
    assert not is_skipped(annotated(hook="Sync"))


def test_what_is_no_hook() -> None:
    """Objects without the annotations, and Helm 2's crd-install."""
    assert not is_hook({})
    assert not is_hook(annotated(helm_hook="crd-install"))


@pytest.mark.parametrize(
    ("annotations", "policies"),
    [
        ({}, {DeletePolicy.BEFORE_CREATION}),
        ({"hook_delete_policy": "HookSucceeded"}, {DeletePolicy.SUCCEEDED}),
        ({"hook_delete_policy": "nonsense"}, {DeletePolicy.BEFORE_CREATION}),
        (
            {"helm_hook_delete_policy": "hook-failed,hook-succeeded"},
            {DeletePolicy.FAILED, DeletePolicy.SUCCEEDED},
        ),
        ({"helm_hook_delete_policy": "before-hook-creation"}, {DeletePolicy.BEFORE_CREATION}),
    ],
)
def test_delete_policies(annotations: dict[str, str], policies: set[DeletePolicy]) -> None:
    """BeforeHookCreation where nothing else is said."""
    assert delete_policies(annotated(**annotations)) == policies


def test_waves() -> None:
    """The wave, else Helm's weight, else 0; what cannot be read is kept for the warning."""
    assert wave_of(annotated(sync_wave="-3", helm_hook_weight="9")) == Wave(-3)
    assert wave_of(annotated(helm_hook_weight="+9")) == Wave(9)
    assert wave_of(annotated(sync_wave="a", helm_hook_weight="b")) == Wave(
        0, ((A + "sync-wave", "a"), ("helm.sh/hook-weight", "b"))
    )


def test_a_hook_keeps_its_own_name() -> None:
    """Only generateName is filled in."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    named = {"metadata": {"name": "a", "generateName": "b-"}}
    assert hook_name(named, revision="0123456789", phase=Phase.SYNC, started_at=start) == "a"
    made = hook_name({}, revision="0123456789", phase=Phase.SYNC_FAIL, started_at=start)
    assert made == "0123456-syncfail-1767225600"
