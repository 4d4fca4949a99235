"""What a project permits. Each refusal is a value that says which object, which field, and what is permitted.

The meaning of the lists is that of Argo CD's "Projects" page: a list permits what any of its rules matches
and none of its `!` rules rejects; cluster-scoped kinds must be listed, namespaced ones must not be denied.
"""

from __future__ import annotations

from collections.abc import Sequence

from common.core.access import ClusterAccess
from common.core.errors import FieldError
from common.core.keys import ObjectKey
from common.core.model.globs import matches
from common.core.model.project import AppProject, ClusterKindRule, DestinationRule, KindRule
from common.core.model.reading import field_error
from common.core.model.repo_url import normalise_repo_url
from common.core.model.source import ApplicationSource
from common.core.model.spec import ApplicationSpec


def spec_refusals(
    project: AppProject, spec: ApplicationSpec, cluster: ClusterAccess | None, *, name: str = "Application"
) -> tuple[FieldError, ...]:
    """Why a project does not permit an Application's sources or destination; empty when it does. `cluster` is
    the destination's; None when it could not be resolved, which is an error of its own.
    """
    several = spec.has_multiple_sources
    refused = [
        source_refusal(project, source, name=name, field=f"spec.sources[{i}]" if several else "spec.source")
        for i, source in enumerate(spec.effective_sources)
    ]
    if cluster is not None:
        refused.append(destination_refusal(project, cluster, spec.destination.namespace, name=name))
    return tuple(one for one in refused if one is not None)


def source_refusal(
    project: AppProject, source: ApplicationSource, *, name: str = "Application", field: str = "spec.source"
) -> FieldError | None:
    """Why a source's repository is not permitted; None when it is."""
    wanted = normalise_repo_url(source.repo_url).lower()
    permitted = False
    for rule in project.spec.source_repos:
        pattern = normalise_repo_url(rule.removeprefix("!")).lower()
        matched = pattern == "*" or matches(pattern, wanted, separator="/")
        if rule.startswith("!"):
            if matched:
                return _refused(name, f"{field}.repoURL", source.repo_url, project, f"sourceRepos has {rule}")
            permitted = True
        permitted = permitted or matched
    if permitted:
        return None
    return _refused(
        name, f"{field}.repoURL", source.repo_url, project, _listed("sourceRepos", project.spec.source_repos)
    )


def destination_refusal(
    project: AppProject, cluster: ClusterAccess, namespace: str, *, name: str = "Application"
) -> FieldError | None:
    """Why a cluster and namespace are not permitted; None when they are."""
    shown = f"{cluster.name or cluster.id} ({cluster.id}), namespace {namespace or '(none)'}"
    rules = project.spec.destinations
    for rule in rules:
        for text, value in _fields(rule, cluster, namespace):
            if text.startswith("!") and value and matches(text[1:], value):
                return _refused(name, "spec.destination", shown, project, f"destinations has {text}")
    if not any(_permits(rule, cluster, namespace) for rule in rules):
        listed = [f"{rule.server or rule.name}/{rule.namespace}" for rule in rules]
        return _refused(name, "spec.destination", shown, project, _listed("destinations", listed))
    if project.spec.permit_only_project_scoped_clusters and cluster.project != project.name:
        return _refused(
            name,
            "spec.destination",
            shown,
            project,
            "permitOnlyProjectScopedClusters: only clusters of its own",
        )
    return None


def _fields(rule: DestinationRule, cluster: ClusterAccess, namespace: str) -> tuple[tuple[str, str], ...]:
    return ((rule.server, cluster.id), (rule.name, cluster.name), (rule.namespace, namespace))


def _permits(rule: DestinationRule, cluster: ClusterAccess, namespace: str) -> bool:
    """None of its `!` matches, so such a field counts as matched."""
    server, name, place = (
        text.startswith("!") or text == "*" or matches(text, value)
        for text, value in _fields(rule, cluster, namespace)
    )
    return place and ((server and bool(rule.server)) or (name and bool(rule.name)))


def kind_refusal(project: AppProject, key: ObjectKey, *, namespaced: bool) -> FieldError | None:
    """Why a kind of object is not permitted; None when it is."""
    spec = project.spec
    shown = f"{key.group}/{key.kind}"
    if namespaced:
        if any(_has_kind(rule, key) for rule in spec.namespace_resource_blacklist):
            return _refused(str(key), "kind", shown, project, "namespaceResourceBlacklist has it")
        allowed = spec.namespace_resource_whitelist
        if allowed is None or any(_has_kind(rule, key) for rule in allowed):
            return None
        return _refused(
            str(key), "kind", shown, project, _listed_kinds("namespaceResourceWhitelist", allowed)
        )
    if any(_has_named(rule, key) for rule in spec.cluster_resource_blacklist):
        return _refused(str(key), "kind", shown, project, "clusterResourceBlacklist has it")
    listed = spec.cluster_resource_whitelist
    if any(_has_named(rule, key) for rule in listed):
        return None
    return _refused(str(key), "kind", shown, project, _listed_kinds("clusterResourceWhitelist", listed))


def object_refusal(
    project: AppProject, key: ObjectKey, cluster: ClusterAccess, *, namespaced: bool
) -> FieldError | None:
    """Why one object may not be deployed: its kind, or for a namespaced one its namespace."""
    refused = kind_refusal(project, key, namespaced=namespaced)
    if refused is not None or not namespaced:
        return refused
    found = destination_refusal(project, cluster, key.namespace, name=str(key))
    if found is None:
        return None
    return FieldError(found.object, "metadata.namespace", found.found, found.expected)


def _has_kind(rule: KindRule | ClusterKindRule, key: ObjectKey) -> bool:
    return matches(rule.group, key.group) and matches(rule.kind, key.kind)


def _has_named(rule: ClusterKindRule, key: ObjectKey) -> bool:
    return _has_kind(rule, key) and (not rule.name or matches(rule.name, key.name, separator="/"))


def _listed_kinds(field: str, rules: Sequence[KindRule | ClusterKindRule]) -> str:
    return _listed(field, [f"{rule.group}/{rule.kind}" for rule in rules])


def _listed(field: str, rules: Sequence[str]) -> str:
    if not rules:
        return f"{field} is empty"
    shown = ", ".join(rules[:5]) + (", …" if len(rules) > 5 else "")
    return f"{field}: {shown}"


def _refused(name: str, field: str, found: str, project: AppProject, why: str) -> FieldError:
    return field_error(name, field, found, f"what project {project.name} permits ({why})")
