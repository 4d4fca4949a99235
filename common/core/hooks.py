"""Hooks: objects that run for a phase instead of being part of the desired state.

Argo CD's annotations win; without them Helm's are mapped as Argo CD does it. An object that only has
Helm hooks which mean nothing here (`test`, `pre-rollback`, …) is neither applied nor run.
"""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec

from common.core.annotations import (
    HELM_HOOK,
    HELM_HOOK_DELETE_POLICY,
    HELM_HOOK_WEIGHT,
    HOOK,
    HOOK_DELETE_POLICY,
    SYNC_WAVE,
    annotation,
    listed,
)
from common.core.keys import Object
from common.core.statuses import Phase


class DeletePolicy(enum.StrEnum):
    """When a hook's object goes (`argocd.argoproj.io/hook-delete-policy`)."""

    BEFORE_CREATION = "BeforeHookCreation"
    SUCCEEDED = "HookSucceeded"
    FAILED = "HookFailed"


_HELM_PHASES = {
    "crd-install": Phase.PRE_SYNC,
    "pre-install": Phase.PRE_SYNC,
    "pre-upgrade": Phase.PRE_SYNC,
    "post-install": Phase.POST_SYNC,
    "post-upgrade": Phase.POST_SYNC,
    "pre-delete": Phase.PRE_DELETE,
    "post-delete": Phase.POST_DELETE,
}

_HELM_POLICIES = {
    "before-hook-creation": DeletePolicy.BEFORE_CREATION,
    "hook-succeeded": DeletePolicy.SUCCEEDED,
    "hook-failed": DeletePolicy.FAILED,
}

_PHASES = {str(phase): phase for phase in Phase}
_POLICIES = {str(policy): policy for policy in DeletePolicy}


def is_hook(obj: Object) -> bool:
    """Whether an object is a hook (or is skipped), so that it is no part of the desired state.

    A phase that nobody knows makes a hook that never runs. Helm 2's `crd-install` is an ordinary object.
    """
    if listed(obj, HOOK):
        return True
    helm = listed(obj, HELM_HOOK)
    return bool(helm) and helm != ("crd-install",)


def is_skipped(obj: Object) -> bool:
    """`argocd.argoproj.io/hook: Skip`: the object is left out altogether."""
    return "Skip" in listed(obj, HOOK)


def hook_phases(obj: Object) -> tuple[Phase, ...]:
    """The phases in which a hook runs, in their order, each once."""
    if own := listed(obj, HOOK):
        found = {_PHASES[part] for part in own if part in _PHASES}
    else:
        found = {_HELM_PHASES[part] for part in listed(obj, HELM_HOOK) if part in _HELM_PHASES}
    return tuple(sorted(found, key=lambda phase: phase.rank))


def delete_policies(obj: Object) -> frozenset[DeletePolicy]:
    """When the hook's object goes; without a word about it, BeforeHookCreation."""
    own = {_POLICIES[part] for part in listed(obj, HOOK_DELETE_POLICY) if part in _POLICIES}
    helm = {_HELM_POLICIES[part] for part in listed(obj, HELM_HOOK_DELETE_POLICY) if part in _HELM_POLICIES}
    return frozenset(own | helm) or frozenset({DeletePolicy.BEFORE_CREATION})


class Wave(msgspec.Struct, frozen=True):
    """An object's wave, and what could not be read as one."""

    number: int
    malformed: tuple[tuple[str, str], ...] = ()
    """Annotation and value of each that is no whole number."""


def wave_of(obj: Object) -> Wave:
    """The sync wave; without a readable one Helm's weight; without that 0."""
    malformed: list[tuple[str, str]] = []
    for name in (SYNC_WAVE, HELM_HOOK_WEIGHT):
        text = annotation(obj, name)
        if not text:
            continue
        number = _whole(text)
        if number is not None:
            return Wave(number, tuple(malformed))
        malformed.append((name, text))
    return Wave(0, tuple(malformed))


def _whole(text: str) -> int | None:
    """A whole number as Go's strconv.Atoi reads it: a sign and ASCII digits, nothing around them."""
    digits = text[1:] if text[:1] in {"+", "-"} else text
    if digits.isascii() and digits.isdigit() and len(digits) < 19:
        return int(text)
    return None


def hook_name(obj: Object, *, revision: str, phase: Phase, started_at: datetime) -> str:
    """The hook's name: its own, or for `generateName` one that a repeated step makes again.

    It is made as Argo CD makes it: seven characters of the revision, the phase, the start in seconds.
    """
    meta = obj.get("metadata") or {}
    if name := meta.get("name"):
        return str(name)
    return f"{meta.get('generateName', '')}{revision[:7]}-{phase.lower()}-{int(started_at.timestamp())}"
