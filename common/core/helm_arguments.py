"""What an Application's Helm options mean as arguments of `helm template`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from common.core.build_env import substitute
from common.core.errors import RenderFailed
from common.core.model.source import HelmOptions

_BARE_COMMA = re.compile(r"(?<!\\),")
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")
_GLOB = re.compile(r"[*?\[{]")


def template_arguments(
    options: HelmOptions,
    *,
    namespace: str,
    kube_version: str,
    api_versions: Sequence[str],
    environment: Mapping[str, str],
    value_files: Sequence[str],
    parameter_files: Mapping[str, str],
) -> list[str]:
    """The flags. `value_files` are addresses or places on disk in their order, the inline values last;
    `parameter_files` are places by parameter name. The order of precedence is Helm's: a later value file
    over an earlier, parameters over all files.

    Raises:
        RenderFailed: Helm 2 is asked for.
    """
    if options.version not in ("", "v3", "3", "v4", "4"):
        raise RenderFailed(f"helm.version: found {options.version}, expected v3: Helm 2 is not supported")
    flags = [f"--namespace={options.namespace or namespace}"] if options.namespace or namespace else []
    if version := options.kube_version or kube_version:
        flags.append(f"--kube-version={version}")
    for parameter in options.parameters:
        flag = "--set-string" if parameter.force_string else "--set"
        flags.append(f"{flag}={parameter.name}={set_value(substitute(parameter.value, environment))}")
    flags += [f"--set-file={name}={set_value(place)}" for name, place in parameter_files.items()]
    flags += [f"--values={place}" for place in value_files]
    flags += [f"--api-versions={version}" for version in options.api_versions or api_versions]
    if not options.skip_crds:
        flags.append("--include-crds")
    if options.skip_schema_validation:
        flags.append("--skip-schema-validation")
    if options.skip_tests:
        flags.append("--skip-tests")
    return flags


def set_value(value: str) -> str:
    """A value as `--set` takes it: commas are part of it, but not in a `{list}`, nor escaped ones again."""
    if value.startswith("{") and value.endswith("}"):
        return value
    return _BARE_COMMA.sub(r"\\,", value)


def scheme_of(value_file: str) -> str:
    """The scheme of a value file that is an address, in lower case; empty for a path."""
    match = _SCHEME.match(value_file)
    return match[1].lower() if match else ""


def is_glob(value_file: str) -> bool:
    """Whether a value file's path is a pattern."""
    return bool(_GLOB.search(value_file))


def split_ref(value_file: str) -> tuple[str, str]:
    """`$ref/path` as (ref, path); ("", path) where there is no ref."""
    if not value_file.startswith("$"):
        return "", value_file
    ref, _, path = value_file[1:].partition("/")
    return ref, path
