"""Make a cluster a home cluster: what must be there before the first Application, made only where absent.

An existing installation's objects are left as they are: its CustomResourceDefinitions, its projects,
its admin password.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from datetime import timedelta

import bcrypt
import msgspec

from common.core.errors import AlreadyExists, KindNotServed, NotFound
from common.core.keys import GroupVersionKind, Object, gvk_of
from common.crds import load
from common.ports import Clock, Cluster

PART_OF = {"app.kubernetes.io/part-of": "argocd"}
SECRET = GroupVersionKind("", "v1", "Secret")
APPLICATION = GroupVersionKind("argoproj.io", "v1alpha1", "Application")
CRD = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
SERVED_WITHIN_SECONDS = 15.0


class Bootstrapped(msgspec.Struct, frozen=True, kw_only=True):
    """What was made, and the admin's password where we know it."""

    created: tuple[str, ...]
    password: str
    """From `argocd-initial-admin-secret`; empty when somebody has removed it or never had one."""


def bootstrap(
    cluster: Cluster, namespace: str, *, clock: Clock, wait: Callable[[float], object]
) -> Bootstrapped:
    """Make the namespace, the CustomResourceDefinitions, the default project and the admin account.

    Raises:
        ClusterError: the API server refused one; what was made before stays and is found again.
    """
    created = [crd["metadata"]["name"] for crd in load() if _create_if_absent(cluster, crd)]
    first = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
    ]
    created += [_named(obj) for obj in first if _create_if_absent(cluster, obj)]
    _wait_until_served(cluster, clock, wait)
    project = default_project(namespace)
    if _create_if_absent(cluster, project):
        created.append(_named(project))
    password = _admin(cluster, namespace, clock)
    return Bootstrapped(created=tuple(created), password=password)


def default_project(namespace: str) -> Object:
    """The project `default`, which permits everything, as existing installations have it."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "default", "namespace": namespace},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        },
    }


def _named(obj: Object) -> str:
    return f"{obj['kind']}/{obj['metadata']['name']}"


def _create_if_absent(cluster: Cluster, obj: Object) -> bool:
    meta = obj["metadata"]
    try:
        cluster.get(gvk_of(obj), meta.get("namespace", ""), meta["name"])
    except NotFound:
        pass
    else:
        return False
    try:
        cluster.create(obj)
    except AlreadyExists:
        return False
    return True


def _wait_until_served(cluster: Cluster, clock: Clock, wait: Callable[[float], object]) -> None:
    """A CustomResourceDefinition is served a moment after it is made."""
    deadline = clock.now() + timedelta(seconds=SERVED_WITHIN_SECONDS)
    while True:
        served = {resource.gvk for resource in cluster.catalog(refresh=True).resources}
        if APPLICATION in served:
            return
        if clock.now() > deadline:
            raise KindNotServed(
                f"the cluster does not serve argoproj.io/v1alpha1 Application {SERVED_WITHIN_SECONDS:.0f} s "
                "after its CustomResourceDefinition was made"
            )
        wait(0.1)


def _admin(cluster: Cluster, namespace: str, clock: Clock) -> str:
    """The admin's password: the one shown once, made on the first start."""
    try:
        settings = cluster.get(SECRET, namespace, "argocd-secret")
    except NotFound:
        settings = {}
    if "admin.password" not in (settings.get("data") or {}):
        return _make_admin(cluster, namespace, clock, settings)
    try:
        initial = cluster.get(SECRET, namespace, "argocd-initial-admin-secret")
    except NotFound:
        return ""
    return base64.b64decode((initial.get("data") or {}).get("password", "")).decode()


def _make_admin(cluster: Cluster, namespace: str, clock: Clock, settings: Object) -> str:
    password = secrets.token_urlsafe(12)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=10)).decode()
    had = settings.get("data") or {}
    values = {
        "admin.password": hashed,
        "admin.passwordMtime": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    # What the same field manager applied before and names no more would be taken away.
    kept = base64.b64decode(had.get("server.secretkey") or "").decode()
    values["server.secretkey"] = kept or secrets.token_urlsafe(32)
    initial = _secret(namespace, "argocd-initial-admin-secret", {"password": password})
    main = _secret(namespace, "argocd-secret", values)
    for obj in (initial, main):  # the password first: a start that ends between the two shows it next time
        cluster.apply(obj, field_manager="moorings-bootstrap")
    return password


def _secret(namespace: str, name: str, values: dict[str, str]) -> Object:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": PART_OF},
        "type": "Opaque",
        "data": data,
    }
