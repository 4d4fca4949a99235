"""Discovery: what is served, in the old form (one document per group version) and the aggregated one."""

from __future__ import annotations

from typing import Any

from sandbox.resources import Resource, ResourceTable
from sandbox.schemas import KUBERNETES_VERSION

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
_SCALE_KIND = {"group": "autoscaling", "version": "v1", "kind": "Scale"}


def version() -> dict[str, str]:
    """The `/version` document."""
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": KUBERNETES_VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "linux/amd64",
    }


def wanted_aggregate(accept: str) -> str:
    """The version of the aggregated form that an Accept header asks for; empty for the old form."""
    for each in accept.split(","):
        parameters = dict(p.strip().partition("=")[::2] for p in each.split(";")[1:])
        if parameters.get("as") == "APIGroupDiscoveryList" and parameters.get("v") in ("v2", "v2beta1"):
            return parameters["v"]
    return ""


def core_versions(address: str) -> dict[str, Any]:
    """The old form of `/api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def group_list(table: ResourceTable) -> dict[str, Any]:
    """The old form of `/apis`."""
    groups = [_group(name, versions) for name, versions in table.groups().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(table: ResourceTable, name: str) -> dict[str, Any] | None:
    """The old form of `/apis/<group>`; None when it is not served."""
    versions = table.groups().get(name)
    return {"kind": "APIGroup", "apiVersion": "v1"} | _group(name, versions) if name and versions else None


def _group(name: str, versions: dict[str, list[Resource]]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resource_list(table: ResourceTable, group_name: str, version_name: str) -> dict[str, Any] | None:
    """The old form of one group version; None when it is not served."""
    found = table.groups().get(group_name, {}).get(version_name)
    if not found:
        return None
    rows: list[dict[str, Any]] = []
    for resource in sorted(found, key=lambda r: r.plural):
        rows.append(_row(resource))
        rows += [_subrow(resource, name, kind, verbs) for name, kind, verbs in subresources(resource)]
    text = f"{group_name}/{version_name}" if group_name else version_name
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": text, "resources": rows}


def subresources(resource: Resource) -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, kind and verbs of each."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    if resource.storage == ("", "namespaces"):
        found.append(("finalize", "Namespace", ("update",)))
    if resource.storage == ("", "pods"):
        found.append(("log", "Pod", ("get",)))
    if resource.scale is not None:
        found.append(("scale", "Scale", ("get", "patch", "update")))
    if resource.status:
        found.append(("status", resource.kind, ("get", "patch", "update")))
    return found


def _row(resource: Resource) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    return row


def _subrow(resource: Resource, name: str, kind: str, verbs: tuple[str, ...]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": kind,
        "verbs": list(verbs),
    }
    return row | ({"group": "autoscaling", "version": "v1"} if kind == "Scale" else {})


def aggregated(table: ResourceTable, form: str, *, core: bool) -> dict[str, Any]:
    """The aggregated form of `/api` (`core`) or `/apis`."""
    items = [
        {
            "metadata": {"name": name, "creationTimestamp": None} if name else {"creationTimestamp": None},
            "versions": [
                {
                    "version": version_name,
                    "resources": [_described(r) for r in sorted(listed, key=lambda r: r.plural)],
                    "freshness": "Current",
                }
                for version_name, listed in versions.items()
            ],
        }
        for name, versions in table.groups().items()
        if (name == "") == core
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{form}",
        "metadata": {},
        "items": items,
    }


def _described(resource: Resource) -> dict[str, Any]:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    described: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        described["shortNames"] = list(resource.short_names)
    if resource.categories:
        described["categories"] = list(resource.categories)
    below = [
        {
            "subresource": name,
            "responseKind": _SCALE_KIND if kind_name == "Scale" else kind,
            "verbs": list(verbs),
        }
        for name, kind_name, verbs in subresources(resource)
    ]
    return described | ({"subresources": below} if below else {})
