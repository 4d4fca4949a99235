"""Secrets of clusters and repositories, and what is decided by them, in one place to import from."""

from __future__ import annotations

from common.core.model.cluster_secret import cloud_of, cluster_access
from common.core.model.destinations import IN_CLUSTER_NAME, resolve_destination
from common.core.model.repo_url import normalise_repo_url
from common.core.model.repository_secret import has_credentials, repository_access, repository_for

__all__ = [
    "IN_CLUSTER_NAME",
    "cloud_of",
    "cluster_access",
    "has_credentials",
    "normalise_repo_url",
    "repository_access",
    "repository_for",
    "resolve_destination",
]
