"""`/api/v1/projects`: list and get."""

from __future__ import annotations

from typing import Any

from common.core.errors import NotFound
from common.core.keys import GroupVersionKind, Object
from server.api.applications import without_managed_fields
from server.http.call import Call
from server.http.faults import Code, Fault

_PROJECT = GroupVersionKind("argoproj.io", "v1alpha1", "AppProject")


def list_projects(call: Call) -> dict[str, Any]:
    """All projects, sorted by name."""
    listed = call.service.home.list(_PROJECT, call.service.ports.namespace)
    items = sorted(listed.items, key=lambda project: str(project["metadata"]["name"]))
    wanted = call.first("name")
    return {
        "metadata": {"resourceVersion": listed.resource_version},
        "items": [without_managed_fields(one) for one in items if wanted in ("", one["metadata"]["name"])],
    }


def get_project(call: Call) -> Object:
    """One project."""
    name = str(call.path["name"])
    try:
        found = call.service.home.get(_PROJECT, call.service.ports.namespace, name)
    except NotFound:
        raise Fault(Code.NOT_FOUND, f'appprojects.argoproj.io "{name}" not found') from None
    return without_managed_fields(found)
