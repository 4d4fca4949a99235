"""Prepare the home cluster for `moor up`: bootstrap it, name the clusters, apply the example."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import orjson

from common.adapters.clock import SystemClock
from common.adapters.cluster.client import HttpCluster
from common.adapters.cluster.kubeconfig import load_kubeconfig
from common.core.errors import AlreadyExists
from common.core.keys import IN_CLUSTER, GroupVersionKind, Object
from common.operations.bootstrap import bootstrap
from sandbox.example import example_applications

SECRET_TYPE = "argocd.argoproj.io/secret-type"  # noqa: S105
_SECRET = GroupVersionKind("", "v1", "Secret")


class SandboxCluster(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster, as the sandbox's ready line tells it."""

    name: str
    server: str
    token: str
    ca_data: str
    kubeconfig: str


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A home cluster that is ready."""

    password: str
    webhook_key: str


def prepare(
    kubeconfig: Path | None, context: str, namespace: str, clusters: Sequence[SandboxCluster]
) -> Prepared:
    """Make what a home cluster needs, only where it is absent; sandbox clusters' Secrets are kept current.

    Raises:
        MooringsError: the kubeconfig or the cluster refuses.
    """
    home = HttpCluster(load_kubeconfig(str(kubeconfig or ""), context))
    try:
        made = bootstrap(home, namespace, clock=SystemClock(), wait=time.sleep)
        for place, cluster in enumerate(clusters):
            secret = _cluster_secret(cluster, namespace, is_home=place == 0)
            home.apply(secret, field_manager="moorings-up")
        return Prepared(password=made.password, webhook_key=_webhook_key(home, namespace))
    finally:
        home.close()


def apply_example(
    kubeconfig: Path, context: str, namespace: str, url: str, clusters: Sequence[SandboxCluster]
) -> None:
    """Create the example's Applications. Those that are there are only told the repository's address, which
    changes with its port; the rest of them is the user's.

    Raises:
        MooringsError: the cluster refuses one.
    """
    home = HttpCluster(load_kubeconfig(str(kubeconfig), context))
    try:
        for app in example_applications(
            url, namespace=namespace, clusters=[cluster.name for cluster in clusters]
        ):
            _create_or_point(home, app, url)
    finally:
        home.close()


def _create_or_point(home: HttpCluster, app: Object, url: str) -> None:
    meta = app["metadata"]
    gvk = GroupVersionKind("argoproj.io", "v1alpha1", "Application")
    try:
        home.create(app)
    except AlreadyExists:
        live = home.get(gvk, meta["namespace"], meta["name"])
        if live["spec"].get("source", {}).get("repoURL") != url:
            body = {"spec": {"source": {"repoURL": url}}}
            home.patch(gvk, meta["namespace"], meta["name"], body)


def _cluster_secret(cluster: SandboxCluster, namespace: str, *, is_home: bool) -> Object:
    """The home cluster's Secret gives it a name; it is reached as the home cluster is."""
    config = {
        "bearerToken": cluster.token,
        "tlsClientConfig": {"caData": base64.b64encode(cluster.ca_data.encode()).decode()},
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": f"cluster-{cluster.name}",
            "namespace": namespace,
            "labels": {SECRET_TYPE: "cluster"},
        },
        "type": "Opaque",
        "data": {
            name: base64.b64encode(text.encode()).decode()
            for name, text in (
                ("name", cluster.name),
                ("server", IN_CLUSTER if is_home else cluster.server),
                ("config", "{}" if is_home else orjson.dumps(config).decode()),
            )
        },
    }


def _webhook_key(home: HttpCluster, namespace: str) -> str:
    """The HMAC key of pushes to the example repository, made on the first start."""
    settings = home.get(_SECRET, namespace, "argocd-secret")
    kept = (settings.get("data") or {}).get("webhook.github.secret")
    if kept:
        return base64.b64decode(kept).decode()
    made = secrets.token_urlsafe(24)
    encoded = base64.b64encode(made.encode()).decode()
    home.patch(_SECRET, namespace, "argocd-secret", {"data": {"webhook.github.secret": encoded}})
    return made
