"""Manifests for tests of syncs, and a count of what they cost an API server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from common.core.keys import GroupVersionKind, Object
from sandbox.run import SandboxCluster

JOB = GroupVersionKind("batch", "v1", "Job")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
NAMESPACE = GroupVersionKind("", "v1", "Namespace")
SECRET = GroupVersionKind("", "v1", "Secret")
ARGO = "argocd.argoproj.io/"
FAIL = "sandbox.moorings.dev/fail"
READY_AFTER = "sandbox.moorings.dev/ready-after"
HOME = "https://kubernetes.default.svc"


def manifest(*objects: Object) -> bytes:
    """A YAML stream (each document JSON)."""
    return b"\n---\n".join(orjson.dumps(obj) for obj in objects)


def with_annotations(obj: Object, annotations: Mapping[str, str]) -> Object:
    """The object with annotations; names without a slash are Argo CD's."""
    full = {name if "/" in name else ARGO + name: value for name, value in annotations.items()}
    meta = {**obj["metadata"], "annotations": {**obj["metadata"].get("annotations", {}), **full}}
    return {**obj, "metadata": meta}


def settings(name: str = "settings", *, colour: str = "blue", **annotations: str) -> Object:
    """A ConfigMap. Keyword names are annotations, `_` for `-`."""
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"colour": colour}}
    return with_annotations(obj, {key.replace("_", "-"): value for key, value in annotations.items()})


def pod_template(pod: Mapping[str, str] | None = None, **spec: Any) -> Object:
    """A pod's template with annotations that steer the sandbox."""
    return {
        "metadata": {"labels": {"app": "web"}, "annotations": dict(pod or {})},
        "spec": {"containers": [{"name": "main", "image": "example.org/web:1"}], **spec},
    }


def deployment(
    name: str = "web", *, replicas: int = 1, pod: Mapping[str, str] | None = None, **annotations: str
) -> Object:
    """A Deployment."""
    obj = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": pod_template(pod),
        },
    }
    return with_annotations(obj, {key.replace("_", "-"): value for key, value in annotations.items()})


def job(
    name: str, *, pod: Mapping[str, str] | None = None, generate: bool = False, **annotations: str
) -> Object:
    """A Job; `hook="PreSync"` makes it a hook."""
    obj = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName" if generate else "name": name},
        "spec": {"backoffLimit": 0, "template": pod_template(pod, restartPolicy="Never")},
    }
    return with_annotations(obj, {key.replace("_", "-"): value for key, value in annotations.items()})


def manual(*options: str) -> Object:
    """A sync policy without automation."""
    return {"syncOptions": ["CreateNamespace=true", *options]}


def automated(*options: str, retry: Object | None = None, **how: bool) -> Object:
    """An automated sync policy; without words about it nothing is pruned or healed."""
    policy = {"automated": how, "syncOptions": ["CreateNamespace=true", *options]}
    return {**policy, "retry": retry} if retry is not None else policy


def sync(**operation: Any) -> Object:
    """A patch that asks for a sync, as `kubectl patch` does."""
    return {"operation": {"initiatedBy": {"username": "ada"}, "sync": operation}}


def results(app: Object) -> dict[str, Object]:
    """The rows of the last operation by the object's name."""
    return {row["name"]: row for row in app["status"]["operationState"]["syncResult"]["resources"]}


def rows(app: Object) -> dict[str, Object]:
    """`status.resources` by the object's name."""
    return {row["name"]: row for row in app["status"]["resources"]}


@contextlib.contextmanager
def recorded(cluster: SandboxCluster) -> Iterator[list[str]]:
    """Every request for objects while it is open: `PATCH /api/v1/…`, watches left out."""
    seen: list[str] = []
    before = cluster.app._handle

    def handle(request: Any, target: Any, user: Any) -> Any:
        if "watch" not in request.query:
            seen.append(f"{request.method} {request.path}")
        return before(request, target, user)

    cluster.app._handle = handle  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        cluster.app._handle = before  # type: ignore[method-assign]
