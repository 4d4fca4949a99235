"""Discovery documents as an ApiCatalog: the aggregated form (two requests), else the legacy one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from common.core.errors import ClusterError, ClusterUnreachable, Unauthorized
from common.core.keys import GroupVersionKind
from common.ports import ApiCatalog, ApiResource

AGGREGATED = (
    "application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList,"
    "application/json;v=v2beta1;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList,application/json"
)

Fetch = Callable[[str, str], Any]
"""Path and Accept header to the parsed answer; raises the core's errors."""


def discover(fetch: Fetch) -> ApiCatalog:
    """Ask an API server what it serves.

    A group version that fails is named in the catalog's `failed`. Raises what `fetch` raises when the
    server itself cannot be asked.
    """
    version = str(fetch("/version", "application/json").get("gitVersion") or "")
    rows: list[ApiResource] = []
    failed: list[str] = []
    for root in ("/api", "/apis"):
        answer = fetch(root, AGGREGATED)
        if answer.get("kind") == "APIGroupDiscoveryList":
            _read_aggregated(answer, rows, failed)
        else:
            _read_legacy(root, answer, fetch, rows, failed)
    return _catalog(version, rows, failed)


def _catalog(version: str, rows: Iterable[ApiResource], failed: Iterable[str]) -> ApiCatalog:
    resources, marks = tuple(rows), tuple(sorted(set(failed)))
    in_order = sorted(resources, key=lambda row: (row.gvk, row.plural))
    digest = hashlib.sha256(msgspec.json.encode((version, in_order, marks))).hexdigest()
    return ApiCatalog(version=version, resources=resources, digest=digest, failed=marks)


def _read_aggregated(answer: Mapping[str, Any], rows: list[ApiResource], failed: list[str]) -> None:
    for group in answer.get("items") or ():
        group_name = (group.get("metadata") or {}).get("name") or ""
        for version in group.get("versions") or ():
            if version.get("freshness") == "Stale":
                failed.append(_api_version(group_name, version["version"]))
            for resource in version.get("resources") or ():
                rows.extend(_aggregated_row(group_name, version["version"], resource))


def _aggregated_row(group: str, version: str, resource: Mapping[str, Any]) -> Iterable[ApiResource]:
    kind = (resource.get("responseKind") or {}).get("kind")
    if not kind:
        return  # a resource that has only subresources
    yield ApiResource(
        gvk=GroupVersionKind(group, version, kind),
        plural=resource["resource"],
        namespaced=resource.get("scope") == "Namespaced",
        verbs=tuple(resource.get("verbs") or ()),
        short_names=tuple(resource.get("shortNames") or ()),
        subresources=tuple(s["subresource"] for s in resource.get("subresources") or ()),
    )


def _read_legacy(
    root: str, answer: Mapping[str, Any], fetch: Fetch, rows: list[ApiResource], failed: list[str]
) -> None:
    for api_version in _group_versions(root, answer):
        group, _, version = api_version.rpartition("/")
        try:
            listed = fetch(f"{root}/{api_version}", "application/json")
        except (ClusterUnreachable, Unauthorized):
            raise
        except ClusterError:
            failed.append(api_version)
            continue
        rows.extend(_legacy_rows(group, version, listed.get("resources") or ()))


def _group_versions(root: str, answer: Mapping[str, Any]) -> Iterable[str]:
    if root == "/api":
        yield from answer.get("versions") or ()
        return
    for group in answer.get("groups") or ():
        preferred = (group.get("preferredVersion") or {}).get("groupVersion")
        every = [version["groupVersion"] for version in group.get("versions") or ()]
        yield from sorted(every, key=lambda v: v != preferred)


def _legacy_rows(group: str, version: str, resources: Iterable[Mapping[str, Any]]) -> Iterable[ApiResource]:
    subresources: dict[str, list[str]] = {}
    for resource in resources:
        plural, slash, subresource = resource["name"].partition("/")
        if slash:
            subresources.setdefault(plural, []).append(subresource)
    for resource in resources:
        if "/" in resource["name"]:
            continue
        yield ApiResource(
            gvk=GroupVersionKind(
                resource.get("group") or group, resource.get("version") or version, resource["kind"]
            ),
            plural=resource["name"],
            namespaced=bool(resource.get("namespaced")),
            verbs=tuple(resource.get("verbs") or ()),
            short_names=tuple(resource.get("shortNames") or ()),
            subresources=tuple(subresources.get(resource["name"], ())),
        )


def _api_version(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version
