"""Annotations and labels that people put on objects, by name, and how their lists are read."""

from __future__ import annotations

from common.core.keys import Object

TRACKING_ID = "argocd.argoproj.io/tracking-id"
INSTALLATION_ID = "argocd.argoproj.io/installation-id"
INSTANCE_LABEL = "app.kubernetes.io/instance"

SYNC_WAVE = "argocd.argoproj.io/sync-wave"
HOOK = "argocd.argoproj.io/hook"
HOOK_DELETE_POLICY = "argocd.argoproj.io/hook-delete-policy"
HOOK_FINALIZER = "argocd.argoproj.io/hook-finalizer"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
IGNORE_HEALTHCHECK = "argocd.argoproj.io/ignore-healthcheck"
IGNORE_RESTART_POLICY = "argocd.argoproj.io/ignore-restart-policy"
DELETION_APPROVED = "argocd.argoproj.io/deletion-approved"
REFRESH = "argocd.argoproj.io/refresh"
MANIFEST_GENERATE_PATHS = "argocd.argoproj.io/manifest-generate-paths"
MIGRATION_MANAGER = "argocd.argoproj.io/client-side-apply-migration-manager"
SKIP_RECONCILE = "argocd.argoproj.io/skip-reconcile"

HELM_HOOK = "helm.sh/hook"
HELM_HOOK_WEIGHT = "helm.sh/hook-weight"
HELM_HOOK_DELETE_POLICY = "helm.sh/hook-delete-policy"
HELM_RESOURCE_POLICY = "helm.sh/resource-policy"

OPERATION_ID = "moorings.dev/operation"
"""On hooks: which operation made it, so that a repeated step finds its own and refuses another's."""


def annotation(obj: Object, name: str) -> str:
    """An annotation's value as text; empty when there is none."""
    return _text(obj, "annotations", name)


def label(obj: Object, name: str) -> str:
    """A label's value as text; empty when there is none."""
    return _text(obj, "labels", name)


def _text(obj: Object, field: str, name: str) -> str:
    meta = obj.get("metadata")
    values = meta.get(field) if isinstance(meta, dict) else None
    value = values.get(name) if isinstance(values, dict) else None
    return "" if value is None else str(value)


def listed(obj: Object, name: str) -> tuple[str, ...]:
    """The parts of an annotation that holds a list with commas, in their order, without spaces around."""
    return tuple(part for raw in annotation(obj, name).split(",") if (part := raw.strip()))


def has_option(obj: Object | None, name: str, option: str) -> bool:
    """Whether an object's `sync-options` (or another list) names an option such as `Prune=false`."""
    return obj is not None and option in listed(obj, name)
