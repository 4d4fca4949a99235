"""What the home cluster says besides Applications: settings, projects, repositories and clusters.

Each process keeps it in memory, because it holds credentials (which never go to Redis), and reads it again
when the home watcher bumps its version.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import msgspec

from common import logging
from common.core.access import ClusterAccess, RepositoryAccess
from common.core.compare.ignore import IgnoreRule
from common.core.desired import Scope
from common.core.errors import FieldError, InvalidInput, MooringsError, NotFound
from common.core.keys import AppKey, ClusterId, GroupKind, GroupVersionKind, Object, ObjectKey
from common.core.model.application import Application, read_application
from common.core.model.cluster_secret import cluster_access
from common.core.model.destinations import resolve_destination
from common.core.model.engine_settings import EngineSettings, read_settings
from common.core.model.project import ProjectReading, read_project
from common.core.model.project_rules import object_refusal, spec_refusals
from common.core.model.repository_secret import repository_access, repository_for
from common.core.tracking import TrackingSettings
from common.operations.bundle import Ports
from common.operations.place import Place
from common.ports import RenderLimits, RenderSettings

VERSION = "home"
"""The counter that the home watcher bumps when a Secret, ConfigMap or project changes."""
SECRET_TYPE = "argocd.argoproj.io/secret-type"  # noqa: S105
_SECRET = GroupVersionKind("", "v1", "Secret")
_CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
_PROJECT = GroupVersionKind("argoproj.io", "v1alpha1", "AppProject")

log = logging.get(__name__)


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of it."""

    settings: EngineSettings
    projects: Mapping[str, ProjectReading]
    repositories: tuple[RepositoryAccess, ...]
    templates: tuple[RepositoryAccess, ...]
    clusters: tuple[ClusterAccess, ...]
    home: ClusterAccess
    problems: tuple[str, ...] = ()
    """Secrets and settings that cannot be read: each with its errors, without secret values."""
    unreadable_clusters: tuple[FieldError, ...] = ()
    """Of those, what is wrong in clusters' Secrets."""

    @property
    def tracking(self) -> TrackingSettings:
        """How objects are tracked."""
        return self.settings.tracking

    @property
    def render_settings(self) -> RenderSettings:
        """What the settings say about rendering."""
        return RenderSettings(
            kustomize_options=self.settings.kustomize_build_options,
            helm_value_schemes=self.settings.helm_values_file_schemes,
            limits=RenderLimits(input_bytes=self.settings.directory_bytes),
        )

    @property
    def helm_repositories(self) -> tuple[RepositoryAccess, ...]:
        """The configured chart repositories."""
        return tuple(one for one in self.repositories if one.type in ("helm", "oci") or one.enable_oci)

    def repository(self, url: str, project: str) -> RepositoryAccess:
        """How to reach a repository, with the credentials that count for a project."""
        return repository_for(url, project, self.repositories, self.templates)

    def excluded(self, kind: GroupKind, cluster: ClusterId) -> bool:
        """Whether objects of a kind are left alone altogether."""
        return self.settings.excluded(kind, cluster)

    def ignore_rules(self, own: Sequence[IgnoreRule]) -> tuple[IgnoreRule, ...]:
        """An application's own rules and the installation's."""
        return (*own, *self.settings.ignore_differences)

    def place(self, app: Application) -> Place:
        """Where an application goes, and under which project.

        Raises:
            InvalidInput: no such project or cluster, or the project does not permit it: every error.
        """
        name = f"Application {app.key}"
        reading = self.projects.get(app.spec.project_name)
        if reading is None:
            raise InvalidInput(
                name, "spec.project", found=app.spec.project_name, expected="the name of an AppProject"
            )
        if reading.errors:
            raise InvalidInput.of(reading.errors)
        access = self._access(app, name)
        refused = spec_refusals(reading.project, app.spec, access, name=name)
        if refused:
            raise InvalidInput.of(refused)
        return Place(access=access, project=reading.project)

    def _access(self, app: Application, name: str) -> ClusterAccess:
        try:
            return resolve_destination(
                app.spec.destination,
                self.clusters,
                in_cluster=self.home if self.settings.in_cluster_enabled else None,
                name=name,
            )
        except InvalidInput as error:
            # Perhaps it has a Secret, and one that cannot be read.
            raise InvalidInput.of((*error.errors, *self.unreadable_clusters)) from error

    def refusal(self, place: Place, kind: GroupKind, namespace: str, name: str, scope: Scope) -> str:
        """Why an object may not be deployed there; empty when it may."""
        key = ObjectKey(kind.group, kind.kind, namespace, name)
        refused = object_refusal(place.project, key, place.access, namespaced=scope is not Scope.CLUSTER)
        if refused is not None:
            return str(refused)
        allowed = place.access.namespaces
        if scope is Scope.CLUSTER:
            return (
                ""
                if not allowed or place.access.cluster_resources
                else (f"{key}: cluster-scoped objects are not managed on cluster {place.access.name}")
            )
        if allowed and namespace not in allowed:
            return f"{key}: namespace {namespace} is not managed on cluster {place.access.name}"
        return ""


class FleetReader:
    """Keeps the last reading for a process."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._lock = threading.Lock()
        self._kept: tuple[int, Fleet] | None = None

    def current(self) -> Fleet:
        """The reading that goes with the present version.

        Raises:
            ClusterError: it has changed and cannot be read; nothing is decided by an old one.
        """
        version = self._ports.facts.version(VERSION)
        kept = self._kept
        if kept is not None and kept[0] == version:
            return kept[1]
        with self._lock:
            kept = self._kept
            if kept is None or kept[0] != version:
                kept = self._kept = (version, read_fleet(self._ports))
        return kept[1]

    def cluster_of(self, key: AppKey) -> ClusterId | None:
        """The destination of an application that was looked at; None when it cannot be told."""
        raw = self._ports.applications.get(key)
        if raw is None:
            return None
        try:
            return self.current().place(read_application(raw).application).access.id
        except MooringsError:
            return None


def read_fleet(ports: Ports) -> Fleet:
    """Read everything from the home cluster.

    Raises:
        ClusterError: a read failed.
    """
    home = ports.clusters.home()
    secrets = home.list(_SECRET, ports.namespace, label_selector=SECRET_TYPE).items
    problems: list[str] = []
    by_type: dict[str, list[Object]] = {}
    for secret in secrets:
        by_type.setdefault(secret["metadata"]["labels"][SECRET_TYPE], []).append(secret)
    config = {name: _config_map(ports, name) for name in ("argocd-cm", "argocd-cmd-params-cm")}
    projects = [read_project(raw) for raw in home.list(_PROJECT, ports.namespace).items]
    clusters, unreadable = _clusters(by_type.get("cluster", []))
    problems += [str(error) for error in unreadable]
    settings = read_settings(config["argocd-cm"], config["argocd-cmd-params-cm"])
    problems += [str(error) for error in settings.errors]
    fleet = Fleet(
        settings=settings,
        projects={one.project.name: one for one in projects},
        repositories=tuple(_repositories(by_type.get("repository", []), problems)),
        templates=tuple(_repositories(by_type.get("repo-creds", []), problems)),
        clusters=tuple(clusters),
        unreadable_clusters=tuple(unreadable),
        home=home.access,
        problems=tuple(problems),
    )
    for problem in problems:
        log.warning("setting_unreadable", problem=problem)
    return fleet


def _config_map(ports: Ports, name: str) -> Mapping[str, str]:
    try:
        found = ports.clusters.home().get(_CONFIG_MAP, ports.namespace, name)
    except NotFound:
        return {}
    return dict(found.get("data") or {})


def _repositories(secrets: Sequence[Object], problems: list[str]) -> list[RepositoryAccess]:
    found = []
    for secret in secrets:
        try:
            found.append(repository_access(secret))
        except InvalidInput as error:
            problems.append(str(error))
    return found


def _clusters(secrets: Sequence[Object]) -> tuple[list[ClusterAccess], list[FieldError]]:
    found: list[ClusterAccess] = []
    errors: list[FieldError] = []
    for secret in secrets:
        try:
            found.append(cluster_access(secret))
        except InvalidInput as error:
            errors += error.errors
    return found, errors
