"""argocd-cm and argocd-cmd-params-cm, read with their defaults."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.compare.ignore import IgnoreRule
from common.core.keys import GroupKind
from common.core.model.customizations import Customization, IgnoredFields, KnownTypeField
from common.core.model.engine_settings import CompareOptions, EngineSettings, read_settings
from common.core.model.resource_filters import ResourceFilter
from common.core.policy import SelfHealSettings
from common.core.tracking import TrackingMethod, TrackingSettings
from tests.unit.common.core.model.documents import document


def test_nothing_set_is_the_defaults() -> None:
    """Argo CD's own."""
    assert read_settings() == EngineSettings()
    assert read_settings({}, {}) == EngineSettings()
    assert EngineSettings().reconciliation_seconds == 120


def test_every_key() -> None:
    """Of both ConfigMaps."""
    read = read_settings(document("configmap-settings")["data"], document("configmap-parameters")["data"])
    assert read == EngineSettings(
        reconciliation_seconds=180.0,
        reconciliation_jitter_seconds=30.0,
        hard_reconciliation_seconds=3600.0,
        tracking=TrackingSettings(
            method=TrackingMethod.ANNOTATION_AND_LABEL, label_key="example.com/app", installation_id="east"
        ),
        exclusions=(ResourceFilter(api_groups=("cilium.io",), kinds=("CiliumIdentity",), clusters=("*",)),),
        inclusions=(ResourceFilter(api_groups=("*",)),),
        customizations=(
            Customization(
                group="*", kind="*", ignore_differences=IgnoredFields(managed_fields_managers=("kcm",))
            ),
            Customization(
                group="apps",
                kind="Deployment",
                health_lua="return {}",
                use_open_libs=True,
                actions="discovery.lua: ''",
                ignore_differences=IgnoredFields(json_pointers=("/spec/replicas",)),
                ignore_resource_updates=IgnoredFields(jq_path_expressions=(".status",)),
                known_type_fields=(KnownTypeField(field="spec.x", type="core/v1/Quantity"),),
            ),
        ),
        compare=CompareOptions(
            ignore_aggregated_roles=True,
            ignore_resource_status_field="crd",
            ignore_differences_on_resource_updates=False,
        ),
        respect_rbac="strict",
        ignore_resource_updates=False,
        masked_annotations=("a", "b"),
        custom_labels=("tier",),
        kustomize_enabled=False,
        kustomize_build_options=("--enable-helm", "--load-restrictor", "none"),
        kustomize_version_options={"v5": ("--enable-helm",)},
        kustomize_paths={"v4": "/tools/k4", "v5": "/tools/k5"},
        helm_enabled=False,
        helm_values_file_schemes=("https", "s3"),
        jsonnet_enabled=False,
        in_cluster_enabled=False,
        webhook_payload_bytes=1 << 20,
        webhook_jitter_seconds=5.0,
        webhook_jitter_threshold=3,
        application_namespaces=("team-*", "/^ops-[0-9]+$/"),
        self_heal=SelfHealSettings(
            timeout_seconds=1.5, backoff_seconds=3, backoff_factor=4, backoff_cap_seconds=60
        ),
        sync_timeout_seconds=600.0,
        sync_wave_delay_seconds=0.0,
        server_side_diff=True,
        jq_timeout_seconds=2.0,
        persist_resource_health=True,
        repo_error_grace_seconds=60.0,
        client_retries=2,
        client_retry_seconds=0.25,
        apply_parallelism=None,
        status_processors=50,
        operation_processors=25,
        render_parallelism=4,
        git_timeout_seconds=30.0,
        git_ls_remote_parallelism=2,
        git_submodules=False,
        allow_links_outside=True,
        include_hidden_directories=True,
        directory_bytes=20 << 20,
    )


def test_rules_of_all_kinds() -> None:
    """Only customizations that leave something out become rules."""
    read = read_settings(document("configmap-settings")["data"])
    assert read.ignore_differences == (
        IgnoreRule(group="*", kind="*", managed_fields_managers=("kcm",)),
        IgnoreRule(group="apps", kind="Deployment", json_pointers=("/spec/replicas",)),
    )
    lua = read_settings({"resource.customizations.health.Pod": "return {}"})
    assert lua.customizations == (Customization(group="", kind="Pod", health_lua="return {}"),)
    assert lua.ignore_differences == ()


def test_zero_is_none_where_it_means_never() -> None:
    """Polling, hard refreshes, the timeout of a sync; limits below 1 too."""
    read = read_settings(
        {"timeout.reconciliation": "0s", "timeout.hard.reconciliation": "0"},
        {"controller.sync.timeout.seconds": "0", "reposerver.parallelism.limit": "-1"},
    )
    assert read == EngineSettings(reconciliation_seconds=None)


def test_no_schemes_at_all() -> None:
    """Set but empty is not the same as not set."""
    assert read_settings({"helm.valuesFileSchemes": ""}).helm_values_file_schemes == ()


@pytest.mark.parametrize(
    ("settings", "parameters", "field"),
    [
        ({"timeout.reconciliation": "180"}, {}, "timeout.reconciliation"),
        ({"timeout.reconciliation": "-3s"}, {}, "timeout.reconciliation"),
        ({"application.resourceTrackingMethod": "magic"}, {}, "application.resourceTrackingMethod"),
        ({"kustomize.enable": "yes"}, {}, "kustomize.enable"),
        ({"webhook.maxPayloadSizeMB": "-1"}, {}, "webhook.maxPayloadSizeMB"),
        ({"resource.compareoptions": "[1]"}, {}, "resource.compareoptions"),
        ({"resource.compareoptions": "a: [1"}, {}, "resource.compareoptions"),
        (
            {"resource.compareoptions": "ignoreAggregatedRoles: maybe"},
            {},
            "resource.compareoptions.ignoreAggregatedRoles",
        ),
        (
            {"resource.compareoptions": "ignoreResourceStatusField: some"},
            {},
            "resource.compareoptions.ignoreResourceStatusField",
        ),
        ({"resource.exclusions": "kinds: [a]"}, {}, "resource.exclusions"),
        ({"resource.exclusions": "- kinds: [a]\n  apiGroups: 3"}, {}, "resource.exclusions[0].apiGroups"),
        ({"resource.customizations.magic.apps_X": ""}, {}, "resource.customizations.magic.apps_X"),
        ({"resource.customizations": "apps/X: 3"}, {}, "resource.customizations.apps/X"),
        ({"resource.customizations": "apps/X: {magic: 3}"}, {}, "resource.customizations.apps/X.magic"),
        ({"resource.customizations": "[1]"}, {}, "resource.customizations"),
        ({}, {"controller.self.heal.timeout.seconds": "soon"}, "controller.self.heal.timeout.seconds"),
        ({}, {"controller.kubectl.parallelism.limit": "2.5"}, "controller.kubectl.parallelism.limit"),
        (
            {},
            {"reposerver.max.combined.directory.manifests.size": "big"},
            "reposerver.max.combined.directory.manifests.size",
        ),
        (
            {},
            {"reposerver.max.combined.directory.manifests.size": "-1"},
            "reposerver.max.combined.directory.manifests.size",
        ),
    ],
)
def test_a_malformed_value_counts_as_the_default_and_is_reported(
    settings: dict[str, str], parameters: dict[str, str], field: str
) -> None:
    """Never in silence."""
    read = read_settings(settings, parameters)
    assert [error.field for error in read.errors] == [field]
    assert EngineSettings(errors=read.errors) == read


def test_a_customization_with_an_error_keeps_its_rest() -> None:
    """Each part is read by itself."""
    read = read_settings(
        {
            "resource.customizations.ignoreDifferences.apps_X": "jsonPointers: [/a, 3]",
            "resource.customizations.knownTypeFields.apps_X": "a: [",
            "resource.customizations.ignoreResourceUpdates.apps_X": "[1]",
        }
    )
    assert [error.field for error in read.errors] == [
        "resource.customizations.ignoreDifferences.apps_X.jsonPointers[1]",
        "resource.customizations.ignoreResourceUpdates.apps_X",
        "resource.customizations.knownTypeFields.apps_X",
    ]
    (rule,) = read.ignore_differences
    assert rule.json_pointers == ("/a",)


def test_the_whole_document() -> None:
    """`group/Kind`, parts as text or as YAML in place; a split key wins for its part."""
    read = read_settings(
        {
            "resource.customizations": (
                "apps/X:\n  health.lua: return {}\n  ignoreDifferences: {jsonPointers: [/a]}\n"
                "  ignoreResourceUpdates: |\n    jsonPointers: [/b]\n"
                "Secret:\n  health.lua: return 1\n"
            ),
            "resource.customizations.health.apps_X": "return 2",
        }
    )
    assert read.errors == ()
    assert [(one.group, one.kind, one.health_lua) for one in read.customizations] == [
        ("", "Secret", "return 1"),
        ("apps", "X", "return 2"),
    ]
    assert read.customizations[1].ignore_differences.json_pointers == ("/a",)
    assert read.customizations[1].ignore_resource_updates.json_pointers == ("/b",)


@pytest.mark.parametrize(
    ("found", "expected"), [("off", "false"), ("none", "none"), ("false", "false"), ("all", "all")]
)
def test_status_fields(found: str, expected: str) -> None:
    """YAML reads `off` as false; it means the same."""
    read = read_settings({"resource.compareoptions": f"ignoreResourceStatusField: {found}"})
    assert read.compare.ignore_resource_status_field == expected


@pytest.mark.parametrize(
    ("kind", "settings", "left_out"),
    [
        (GroupKind("", "Event"), {}, True),
        (GroupKind("coordination.k8s.io", "Lease"), {}, True),
        (GroupKind("metrics.k8s.io", "PodMetrics"), {}, True),
        (GroupKind("", "Secret"), {}, False),
        (GroupKind("cilium.io", "X"), {"resource.exclusions": "- apiGroups: [cilium.*]"}, True),
        (GroupKind("cilium.io", "X"), {"resource.exclusions": "- clusters: ['https://other']"}, False),
        (GroupKind("", "Secret"), {"resource.inclusions": "- kinds: [Secret]"}, False),
        (GroupKind("", "Pod"), {"resource.inclusions": "- kinds: [Secret]"}, True),
    ],
)
def test_kinds_that_are_left_out(kind: GroupKind, settings: dict[str, Any], left_out: bool) -> None:
    """Some always; else what exclusions select, or inclusions do not."""
    assert read_settings(settings).excluded(kind, "https://prod") is left_out


@pytest.mark.parametrize(
    ("namespace", "served"),
    [("argocd", True), ("team-a", True), ("ops-12", True), ("ops-x", False), ("default", False)],
)
def test_namespaces(namespace: str, served: bool) -> None:
    """The home one, globs, and regular expressions between slashes; a broken one matches nothing."""
    settings = EngineSettings(application_namespaces=("team-*", "/^ops-[0-9]+$/", "/(/", "/"))
    assert settings.serves_namespace(namespace, "argocd") is served
