"""Secrets that declare clusters and repositories: found, made and removed in the home namespace."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import urlsplit

from common.core.errors import AlreadyExists
from common.core.keys import GroupVersionKind, Object
from common.operations.fleet import SECRET_TYPE
from server.service import Service

SECRET = GroupVersionKind("", "v1", "Secret")


def secrets_of_type(service: Service, kind: str) -> list[Object]:
    """All Secrets with the label `argocd.argoproj.io/secret-type`, sorted by name. Raises ClusterError."""
    selector = f"{SECRET_TYPE}={kind}"
    found = service.home.list(SECRET, service.ports.namespace, label_selector=selector).items
    return sorted(found, key=lambda secret: str(secret["metadata"]["name"]))


def value(secret: Object, name: str) -> str:
    """One value of a Secret, empty where it is not there or no text."""
    try:
        return base64.b64decode((secret.get("data") or {}).get(name) or "").decode()
    except ValueError:
        return ""


def secret_name(kind: str, address: str) -> str:
    """A Secret's name for an address, always the same."""
    host = re.sub(r"[^a-z0-9-]+", "-", (urlsplit(address).hostname or "").lower()).strip("-")
    digest = hashlib.sha256(address.encode()).hexdigest()[:10]
    return "-".join(part for part in (kind, host[:40], digest) if part)


def declared(service: Service, kind: str, address: str, values: dict[str, str]) -> Object:
    """The Secret that declares an address with these values, empty ones left out."""
    data = {name: base64.b64encode(text.encode()).decode() for name, text in values.items() if text}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": secret_name("repo" if kind == "repository" else kind, address),
            "namespace": service.ports.namespace,
            "labels": {SECRET_TYPE: kind},
            "annotations": {"managed-by": "argocd.argoproj.io"},
        },
        "type": "Opaque",
        "data": data,
    }


def store(service: Service, secret: Object, existing: Object | None) -> Object:
    """Write it: in the place of the one that declared the same before. Raises ClusterError."""
    if existing is not None:
        meta = {**existing["metadata"], "labels": {**(existing["metadata"].get("labels") or {})}}
        return service.home.replace({**existing, "metadata": meta, "data": secret["data"]})
    try:
        return service.home.create(secret)
    except AlreadyExists:
        current = service.home.get(SECRET, service.ports.namespace, secret["metadata"]["name"])
        return service.home.replace({**current, "data": secret["data"]})


def remove(service: Service, secret: Object) -> None:
    """Delete it. Raises NotFound."""
    meta = secret["metadata"]
    service.home.delete(SECRET, meta["namespace"], meta["name"], uid=meta.get("uid", ""))
