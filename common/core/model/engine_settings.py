"""What argocd-cm and argocd-cmd-params-cm say to the engine, as one frozen value.

Every field names its key, its unit and its default. A value that cannot be read counts as the default, and is
reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from common.core.annotations import INSTANCE_LABEL
from common.core.compare.ignore import IgnoreRule
from common.core.errors import FieldError
from common.core.keys import GroupKind
from common.core.model.customizations import Customization, read_customizations
from common.core.model.globs import matches
from common.core.model.names import PARAMETERS, SETTINGS
from common.core.model.resource_filters import ResourceFilter, excluded
from common.core.model.setting_values import SettingValues
from common.core.policy import SelfHealSettings
from common.core.tracking import TrackingMethod, TrackingSettings


class CompareOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`resource.compareoptions`, a YAML document."""

    ignore_aggregated_roles: bool = False
    """`ignoreAggregatedRoles`: the rules of aggregated ClusterRoles are not compared."""
    ignore_resource_status_field: str = "all"
    """`ignoreResourceStatusField`: all, crd (only CustomResourceDefinitions), or none."""
    ignore_differences_on_resource_updates: bool = True
    """`ignoreDifferencesOnResourceUpdates`: what comparisons ignore wakes nobody."""


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine goes by. `None` says in each case that there is no limit, or no such thing."""

    # argocd-cm
    reconciliation_seconds: float | None = 120.0
    """`timeout.reconciliation`, a duration; None (0) never polls."""
    reconciliation_jitter_seconds: float = 60.0
    """`timeout.reconciliation.jitter`, a duration: at most this is added to each wait."""
    hard_reconciliation_seconds: float | None = None
    """`timeout.hard.reconciliation`, a duration; None (0): caches are never ignored by the clock."""
    tracking: TrackingSettings = TrackingSettings()
    """`application.resourceTrackingMethod`, `application.instanceLabelKey`, `installationID`."""
    exclusions: tuple[ResourceFilter, ...] = ()
    """`resource.exclusions`, YAML; besides `resource_filters.ALWAYS_EXCLUDED`."""
    inclusions: tuple[ResourceFilter, ...] = ()
    """`resource.inclusions`, YAML; empty: everything."""
    customizations: tuple[Customization, ...] = ()
    """`resource.customizations` and its split keys."""
    compare: CompareOptions = CompareOptions()
    respect_rbac: str = ""
    """`resource.respectRBAC`: empty, normal or strict."""
    ignore_resource_updates: bool = True
    """`resource.ignoreResourceUpdatesEnabled`."""
    masked_annotations: tuple[str, ...] = ()
    """`resource.sensitive.mask.annotations`, with commas: of Secrets, shown as `++++`."""
    custom_labels: tuple[str, ...] = ()
    """`resource.customLabels`, with commas."""
    kustomize_enabled: bool = True
    """`kustomize.enable`."""
    kustomize_build_options: tuple[str, ...] = ()
    """`kustomize.buildOptions`, split at spaces."""
    kustomize_version_options: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """`kustomize.buildOptions.<version>`, by version."""
    kustomize_paths: Mapping[str, str] = msgspec.field(default_factory=dict)
    """`kustomize.path.<version>` and `kustomize.version.<version>`: programs, by version."""
    helm_enabled: bool = True
    """`helm.enable`."""
    helm_values_file_schemes: tuple[str, ...] = ("https", "http")
    """`helm.valuesFileSchemes`, with commas; set but empty: no addresses at all."""
    jsonnet_enabled: bool = True
    """`jsonnet.enable`."""
    in_cluster_enabled: bool = True
    """`cluster.inClusterEnabled`."""
    webhook_payload_bytes: int = 50 << 20
    """`webhook.maxPayloadSizeMB`, in MiB."""
    webhook_jitter_seconds: float = 0.0
    """`webhook.refresh.jitter`, a duration."""
    webhook_jitter_threshold: int = 10
    """`webhook.refresh.jitter.threshold`: so many applications are refreshed without jitter."""

    # argocd-cmd-params-cm
    application_namespaces: tuple[str, ...] = ()
    """`application.namespaces`, with commas: globs (or `/regular expressions/`) besides the home one."""
    self_heal: SelfHealSettings = SelfHealSettings()
    """`controller.self.heal.timeout.seconds`, `controller.self.heal.backoff.{timeout.seconds,factor,
    cap.seconds}`."""
    sync_timeout_seconds: float | None = None
    """`controller.sync.timeout.seconds`; None (0): a sync may take for ever."""
    sync_wave_delay_seconds: float = 2.0
    """`controller.sync.wave.delay.seconds`, between waves."""
    server_side_diff: bool = False
    """`controller.diff.server.side`: ask the API server about every difference."""
    jq_timeout_seconds: float = 1.0
    """`controller.ignore.normalizer.jq.timeout`, a duration."""
    persist_resource_health: bool = False
    """`controller.resource.health.persist`: whether `status.resources` carries health."""
    repo_error_grace_seconds: float = 180.0
    """`controller.repo.error.grace.period.seconds`: so long a failing repository changes no status."""
    client_retries: int = 0
    """`controller.k8sclient.retry.max`."""
    client_retry_seconds: float = 0.1
    """`controller.k8sclient.retry.base.backoff`, in milliseconds: doubles with each retry."""
    apply_parallelism: int | None = 20
    """`controller.kubectl.parallelism.limit`; None (below 1): no limit."""
    status_processors: int = 20
    """`controller.status.processors`: a hint of concurrency."""
    operation_processors: int = 10
    """`controller.operation.processors`: a hint of concurrency."""
    render_parallelism: int | None = None
    """`reposerver.parallelism.limit`; None (below 1): no limit."""
    git_timeout_seconds: float = 15.0
    """`reposerver.git.request.timeout`, a duration."""
    git_ls_remote_parallelism: int | None = None
    """`reposerver.git.lsremote.parallelism.limit`; None (below 1): no limit."""
    git_submodules: bool = True
    """`reposerver.enable.git.submodule`."""
    allow_links_outside: bool = False
    """`reposerver.allow.oob.symlinks`."""
    include_hidden_directories: bool = False
    """`reposerver.include.hidden.directories`."""
    directory_bytes: int = 10_000_000
    """`reposerver.max.combined.directory.manifests.size`, a quantity; 0: no limit."""

    errors: tuple[FieldError, ...] = ()
    """What could not be read, and counts as its default."""

    @property
    def ignore_differences(self) -> tuple[IgnoreRule, ...]:
        """What comparisons leave out in every application."""
        rules = (one.ignore_rule() for one in self.customizations)
        return tuple(
            rule
            for rule in rules
            if rule.json_pointers or rule.jq_path_expressions or rule.managed_fields_managers
        )

    def excluded(self, kind: GroupKind, cluster: str) -> bool:
        """Whether objects of a kind on a cluster (by its address) are left alone altogether."""
        return excluded(kind, cluster, exclusions=self.exclusions, inclusions=self.inclusions)

    def serves_namespace(self, namespace: str, home: str) -> bool:
        """Whether Applications of a namespace are looked after."""
        return namespace == home or any(_serves(one, namespace) for one in self.application_namespaces)


def _serves(pattern: str, namespace: str) -> bool:
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        return SettingValues.regex_matches(pattern[1:-1], namespace)
    return matches(pattern, namespace)


def read_settings(
    settings: Mapping[str, str] | None = None, parameters: Mapping[str, str] | None = None
) -> EngineSettings:
    """Read the `data` of argocd-cm and of argocd-cmd-params-cm."""
    main, more = SettingValues(SETTINGS, settings or {}), SettingValues(PARAMETERS, parameters or {})
    customizations, wrong = read_customizations(settings or {}, main.name)
    made = EngineSettings(
        **_comparing(main),
        **_rendering(main),
        **_controlling(more),
        **_repositories(more),
        customizations=customizations,
    )
    return msgspec.structs.replace(made, errors=(*main.errors, *wrong, *more.errors))


_DEFAULT = EngineSettings()


def _comparing(values: SettingValues) -> dict[str, Any]:
    options = values.yaml("resource.compareoptions", dict)
    place = "resource.compareoptions"
    compare = CompareOptions(
        ignore_aggregated_roles=values.option(options, place, "ignoreAggregatedRoles", default=False),
        ignore_resource_status_field=values.chosen(
            options.get("ignoreResourceStatusField"),
            f"{place}.ignoreResourceStatusField",
            ("all", "crd", "crds", "none", "off", "false"),
            "all",
        ),
        ignore_differences_on_resource_updates=values.option(
            options, place, "ignoreDifferencesOnResourceUpdates", default=True
        ),
    )
    method = values.chosen(
        values.text("application.resourceTrackingMethod"),
        "application.resourceTrackingMethod",
        tuple(one.value for one in TrackingMethod),
        TrackingMethod.ANNOTATION.value,
    )
    return {
        "reconciliation_seconds": values.seconds("timeout.reconciliation", 120.0) or None,
        "reconciliation_jitter_seconds": values.seconds("timeout.reconciliation.jitter", 60.0),
        "hard_reconciliation_seconds": values.seconds("timeout.hard.reconciliation", 0.0) or None,
        "tracking": TrackingSettings(
            method=TrackingMethod(method),
            label_key=values.text("application.instanceLabelKey") or INSTANCE_LABEL,
            installation_id=values.text("installationID"),
        ),
        "exclusions": values.filters("resource.exclusions"),
        "inclusions": values.filters("resource.inclusions"),
        "compare": compare,
        "respect_rbac": values.chosen(
            values.text("resource.respectRBAC"), "resource.respectRBAC", ("normal", "strict"), ""
        ),
        "ignore_resource_updates": values.truth("resource.ignoreResourceUpdatesEnabled", default=True),
        "masked_annotations": values.listed("resource.sensitive.mask.annotations"),
        "custom_labels": values.listed("resource.customLabels"),
        "in_cluster_enabled": values.truth("cluster.inClusterEnabled", default=True),
        "webhook_payload_bytes": values.number("webhook.maxPayloadSizeMB", 50) << 20,
        "webhook_jitter_seconds": values.seconds("webhook.refresh.jitter", 0.0),
        "webhook_jitter_threshold": values.number("webhook.refresh.jitter.threshold", 10),
    }


def _rendering(values: SettingValues) -> dict[str, Any]:
    schemes = values.listed("helm.valuesFileSchemes")
    options = values.below("kustomize.buildOptions.")
    return {
        "kustomize_enabled": values.truth("kustomize.enable", default=True),
        "kustomize_build_options": tuple(values.text("kustomize.buildOptions").split()),
        "kustomize_version_options": {version: tuple(text.split()) for version, text in options.items()},
        "kustomize_paths": {**values.below("kustomize.version."), **values.below("kustomize.path.")},
        "helm_enabled": values.truth("helm.enable", default=True),
        "helm_values_file_schemes": (
            schemes if values.has("helm.valuesFileSchemes") else _DEFAULT.helm_values_file_schemes
        ),
        "jsonnet_enabled": values.truth("jsonnet.enable", default=True),
    }


def _controlling(values: SettingValues) -> dict[str, Any]:
    heal = _DEFAULT.self_heal
    backoff = "controller.self.heal.backoff"
    return {
        "application_namespaces": values.listed("application.namespaces"),
        "self_heal": msgspec.structs.replace(
            heal,
            timeout_seconds=values.decimal("controller.self.heal.timeout.seconds", heal.timeout_seconds),
            backoff_seconds=values.decimal(f"{backoff}.timeout.seconds", heal.backoff_seconds),
            backoff_factor=values.decimal(f"{backoff}.factor", heal.backoff_factor),
            backoff_cap_seconds=values.decimal(f"{backoff}.cap.seconds", heal.backoff_cap_seconds),
        ),
        "sync_timeout_seconds": values.decimal("controller.sync.timeout.seconds", 0.0) or None,
        "sync_wave_delay_seconds": values.decimal("controller.sync.wave.delay.seconds", 2.0),
        "server_side_diff": values.truth("controller.diff.server.side", default=False),
        "jq_timeout_seconds": values.seconds("controller.ignore.normalizer.jq.timeout", 1.0),
        "persist_resource_health": values.truth("controller.resource.health.persist", default=False),
        "repo_error_grace_seconds": values.decimal("controller.repo.error.grace.period.seconds", 180.0),
        "client_retries": values.number("controller.k8sclient.retry.max", 0),
        "client_retry_seconds": values.number("controller.k8sclient.retry.base.backoff", 100) / 1000,
        "apply_parallelism": values.limit("controller.kubectl.parallelism.limit", 20),
        "status_processors": values.number("controller.status.processors", 20),
        "operation_processors": values.number("controller.operation.processors", 10),
    }


def _repositories(values: SettingValues) -> dict[str, Any]:
    size = "reposerver.max.combined.directory.manifests.size"
    return {
        "render_parallelism": values.limit("reposerver.parallelism.limit", 0),
        "git_timeout_seconds": values.seconds("reposerver.git.request.timeout", 15.0),
        "git_ls_remote_parallelism": values.limit("reposerver.git.lsremote.parallelism.limit", 0),
        "git_submodules": values.truth("reposerver.enable.git.submodule", default=True),
        "allow_links_outside": values.truth("reposerver.allow.oob.symlinks", default=False),
        "include_hidden_directories": values.truth("reposerver.include.hidden.directories", default=False),
        "directory_bytes": values.size(size, _DEFAULT.directory_bytes),
    }
