"""Where an Application's manifests come from: `spec.source`, and each of `spec.sources`."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from msgspec import field

from common.core.model.record import Record


class SourceType(enum.StrEnum):
    """`status.sourceType`: how the manifests are made."""

    DIRECTORY = "Directory"
    KUSTOMIZE = "Kustomize"
    HELM = "Helm"
    PLUGIN = "Plugin"


class HelmParameter(Record, frozen=True, kw_only=True):
    """One value for Helm's `--set`."""

    name: str = ""
    value: str = ""
    force_string: bool = False
    """Use `--set-string`: numbers and booleans stay text."""


class HelmFileParameter(Record, frozen=True, kw_only=True):
    """One value for Helm's `--set-file`."""

    name: str = ""
    path: str = ""


class HelmOptions(Record, frozen=True, kw_only=True):
    """`source.helm`."""

    value_files: tuple[str, ...] = ()
    """Paths within the source, `$ref/path` for another source, or addresses; later ones win."""
    values: str = ""
    """YAML; unused when `values_object` is given."""
    values_object: dict[str, Any] | None = None
    parameters: tuple[HelmParameter, ...] = ()
    file_parameters: tuple[HelmFileParameter, ...] = ()
    release_name: str = ""
    """Empty: the Application's name."""
    version: str = ""
    pass_credentials: bool = False
    ignore_missing_value_files: bool = False
    skip_crds: bool = False
    skip_tests: bool = False
    skip_schema_validation: bool = False
    namespace: str = ""
    """Empty: the destination's."""
    kube_version: str = ""
    """Empty: the cluster's."""
    api_versions: tuple[str, ...] = ()
    """Empty: the cluster's."""


class KustomizeReplica(Record, frozen=True, kw_only=True):
    """The number of replicas of one Deployment or StatefulSet."""

    name: str
    count: int | str
    """A whole number, possibly written as text."""


class KustomizeOptions(Record, frozen=True, kw_only=True):
    """`source.kustomize`."""

    name_prefix: str = ""
    name_suffix: str = ""
    images: tuple[str, ...] = ()
    """`[old=]new[:tag|@digest]`."""
    replicas: tuple[KustomizeReplica, ...] = ()
    common_labels: dict[str, str] = field(default_factory=dict)
    common_annotations: dict[str, str] = field(default_factory=dict)
    common_annotations_envsubst: bool = False
    """Substitute the build environment in the values of `common_annotations`."""
    force_common_labels: bool = False
    force_common_annotations: bool = False
    label_without_selector: bool = False
    label_include_templates: bool = False
    """With `label_without_selector`: put the labels into pod templates too."""
    namespace: str = ""
    patches: tuple[dict[str, Any], ...] = ()
    """As a kustomization has them: `path` or `patch`, `target` and `options`."""
    components: tuple[str, ...] = ()
    ignore_missing_components: bool = False
    version: str = ""
    """A name of `kustomize.path.<version>`; empty for the default."""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


class JsonnetVariable(Record, frozen=True, kw_only=True):
    """An external variable or a top-level argument."""

    name: str
    value: str
    code: bool = False
    """The value is Jsonnet code, not text."""


class JsonnetOptions(Record, frozen=True, kw_only=True):
    """`source.directory.jsonnet`."""

    ext_vars: tuple[JsonnetVariable, ...] = ()
    tlas: tuple[JsonnetVariable, ...] = ()
    libs: tuple[str, ...] = ()
    """More directories to search, from the repository's root."""


class DirectoryOptions(Record, frozen=True, kw_only=True):
    """`source.directory`."""

    recurse: bool = False
    include: str = ""
    """A glob over paths below the source's path; empty for all."""
    exclude: str = ""
    disable_extension_filter: bool = False
    """Read files of every name, not only `.yaml`, `.yml`, `.json` and `.jsonnet`."""
    jsonnet: JsonnetOptions | None = None


class PluginVariable(Record, frozen=True, kw_only=True):
    """One variable of a plugin's environment."""

    name: str
    value: str


class PluginParameter(Record, frozen=True, kw_only=True):
    """One parameter of a plugin; one of its three values is given."""

    name: str = ""
    string: str | None = None
    map: dict[str, str] | None = None
    array: tuple[str, ...] | None = None


class PluginOptions(Record, frozen=True, kw_only=True):
    """`source.plugin`."""

    name: str = ""
    """`<name>` or `<name>-<version>`; empty to let plugins discover."""
    env: tuple[PluginVariable, ...] = ()
    parameters: tuple[PluginParameter, ...] = ()


class ApplicationSource(Record, frozen=True, kw_only=True):
    """One source."""

    repo_url: str = field(name="repoURL")
    path: str = ""
    target_revision: str = ""
    """A branch, tag, commit or semver range; empty for `HEAD`. For charts: a version or range."""
    chart: str = ""
    """A chart's name in a Helm repository; instead of `path`."""
    ref: str = ""
    """What value files of the other sources call this one, after a `$`."""
    name: str = ""
    tag_prefix: str = ""
    """Only tags with this prefix count for a semver range; the range is about what follows it."""
    helm: HelmOptions | None = None
    kustomize: KustomizeOptions | None = None
    directory: DirectoryOptions | None = None
    plugin: PluginOptions | None = None

    @property
    def revision_or_head(self) -> str:
        """The ref to follow."""
        return self.target_revision or "HEAD"

    @property
    def explicit_types(self) -> tuple[SourceType, ...]:
        """The types whose options are given. A chart needs none to be of type Helm."""
        options: Mapping[SourceType, object] = {
            SourceType.KUSTOMIZE: self.kustomize,
            SourceType.HELM: self.helm,
            SourceType.DIRECTORY: self.directory,
            SourceType.PLUGIN: self.plugin,
        }
        return tuple(kind for kind, given in options.items() if given is not None)
