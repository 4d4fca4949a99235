"""Names of annotations, labels, finalizers and Secret types that existing installations carry.

Those that decide how objects are synced are in `common.core.annotations`; the tuples below have them all.
"""

from __future__ import annotations

from typing import Final

from common.core.annotations import (
    COMPARE_OPTIONS,
    DELETION_APPROVED,
    HELM_HOOK,
    HELM_HOOK_DELETE_POLICY,
    HELM_HOOK_WEIGHT,
    HELM_RESOURCE_POLICY,
    HOOK,
    HOOK_DELETE_POLICY,
    HOOK_FINALIZER,
    IGNORE_HEALTHCHECK,
    IGNORE_RESTART_POLICY,
    INSTALLATION_ID,
    INSTANCE_LABEL,
    MANIFEST_GENERATE_PATHS,
    REFRESH,
    SKIP_RECONCILE,
    SYNC_OPTIONS,
    SYNC_WAVE,
    TRACKING_ID,
)

PREFIX: Final = "argocd.argoproj.io/"

# On Applications
REFRESH_TIMESTAMP: Final = "argocd.argoproj.io/refresh-timestamp"
HYDRATE: Final = "argocd.argoproj.io/hydrate"
HYDRATE_TIMESTAMP: Final = "argocd.argoproj.io/hydrate-timestamp"
MANAGED_BY_URL: Final = "argocd.argoproj.io/managed-by-url"
LINK_PREFIX: Final = "link.argocd.argoproj.io/"
NOTICE_PREFIX: Final = "notice."
PREFERENCE_PREFIX: Final = "pref."

# On resources
IGNORE_RESOURCE_UPDATES: Final = "argocd.argoproj.io/ignore-resource-updates"
IGNORE_DEFAULT_LINKS: Final = "argocd.argoproj.io/ignore-default-links"
MIGRATION_MANAGER: Final = "argocd.argoproj.io/client-side-apply-migration-manager"

# Finalizers of Applications
RESOURCES_FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"
"""Deleting the Application deletes its resources first."""
FOREGROUND_FINALIZER: Final = "resources-finalizer.argocd.argoproj.io/foreground"
BACKGROUND_FINALIZER: Final = "resources-finalizer.argocd.argoproj.io/background"
PRE_DELETE_FINALIZER: Final = "pre-delete-finalizer.argocd.argoproj.io"
POST_DELETE_FINALIZER: Final = "post-delete-finalizer.argocd.argoproj.io"
CLEANUP_SUFFIX: Final = "/cleanup"

# On Secrets
SECRET_TYPE: Final = "argocd.argoproj.io/secret-type"  # noqa: S105 - a label's name
SECRET_TYPE_CLUSTER: Final = "cluster"  # noqa: S105
SECRET_TYPE_REPOSITORY: Final = "repository"  # noqa: S105
SECRET_TYPE_REPO_CREDS: Final = "repo-creds"  # noqa: S105
SECRET_TYPE_REPOSITORY_WRITE: Final = "repository-write"  # noqa: S105
SECRET_TYPE_REPO_WRITE_CREDS: Final = "repo-write-creds"  # noqa: S105
SECRET_TYPE_SCM_CREDS: Final = "scm-creds"  # noqa: S105

# ConfigMaps and Secrets of an installation
SETTINGS: Final = "argocd-cm"
PARAMETERS: Final = "argocd-cmd-params-cm"

APPLICATION_NAMES: Final = (
    REFRESH,
    REFRESH_TIMESTAMP,
    HYDRATE,
    HYDRATE_TIMESTAMP,
    SKIP_RECONCILE,
    MANIFEST_GENERATE_PATHS,
    COMPARE_OPTIONS,
    MANAGED_BY_URL,
)
"""Annotations of Applications."""

RESOURCE_NAMES: Final = (
    TRACKING_ID,
    INSTALLATION_ID,
    SYNC_WAVE,
    HOOK,
    HOOK_DELETE_POLICY,
    SYNC_OPTIONS,
    COMPARE_OPTIONS,
    IGNORE_HEALTHCHECK,
    IGNORE_RESOURCE_UPDATES,
    IGNORE_RESTART_POLICY,
    IGNORE_DEFAULT_LINKS,
    DELETION_APPROVED,
    MIGRATION_MANAGER,
    HOOK_FINALIZER,
    HELM_HOOK,
    HELM_HOOK_WEIGHT,
    HELM_HOOK_DELETE_POLICY,
    HELM_RESOURCE_POLICY,
    INSTANCE_LABEL,
)
"""Annotations, the label and the finalizer of an Application's objects."""

FINALIZERS: Final = (
    RESOURCES_FINALIZER,
    FOREGROUND_FINALIZER,
    BACKGROUND_FINALIZER,
    PRE_DELETE_FINALIZER,
    PRE_DELETE_FINALIZER + CLEANUP_SUFFIX,
    POST_DELETE_FINALIZER,
    POST_DELETE_FINALIZER + CLEANUP_SUFFIX,
)
"""Finalizers of Applications."""

SECRET_TYPES: Final = (
    SECRET_TYPE_CLUSTER,
    SECRET_TYPE_REPOSITORY,
    SECRET_TYPE_REPO_CREDS,
    SECRET_TYPE_REPOSITORY_WRITE,
    SECRET_TYPE_REPO_WRITE_CREDS,
    SECRET_TYPE_SCM_CREDS,
)
"""Values of the label SECRET_TYPE."""
