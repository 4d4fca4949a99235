"""The scale subresource: a workload seen as `autoscaling/v1` Scale."""

from __future__ import annotations

from typing import Any

from sandbox.resources import Resource, ScalePaths
from sandbox.selectors import selector_text
from sandbox.status import Cause, invalid

Fields = dict[str, Any]


def scale_of(resource: Resource, obj: Fields) -> Fields:
    """The Scale of an object."""
    paths = resource.scale or ScalePaths()
    meta = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Fields = {"replicas": _at(obj, paths.status_replicas) or 0}
    selector = _selector(resource, obj, paths)
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: meta[name] for name in kept if name in meta},
        "spec": {"replicas": _at(obj, paths.spec_replicas) or 0},
        "status": status,
    }


def _selector(resource: Resource, obj: Fields, paths: ScalePaths) -> str:
    if resource.custom:
        return str(_at(obj, paths.selector) or "") if paths.selector else ""
    found = (obj.get("spec") or {}).get("selector") or {}
    return selector_text(
        found if "matchLabels" in found or "matchExpressions" in found else {"matchLabels": found}
    )


def with_scale(resource: Resource, obj: Fields, scale: Fields) -> Fields:
    """The object with the replicas that a Scale asks for.

    Raises:
        ApiError: 422 for a negative or missing number.
    """
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        why = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise invalid(resource, obj["metadata"]["name"], [Cause("FieldValueInvalid", "spec.replicas", why)])
    here = obj
    *steps, last = (resource.scale or ScalePaths()).spec_replicas.split(".")
    for step in steps:
        here = here.setdefault(step, {})
    here[last] = replicas
    version = (scale.get("metadata") or {}).get("resourceVersion")
    if version:
        obj["metadata"]["resourceVersion"] = version
    return obj


def _at(obj: Any, path: str) -> Any:
    for name in path.split("."):
        obj = obj.get(name) if isinstance(obj, dict) else None
    return obj
