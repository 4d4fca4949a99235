"""Write an Application's status: a compare-and-swap on its resourceVersion (there is no other fence).

On a conflict the object is read again; the same decision is written again only while everything that it was
made from (spec, operation, operationState, deletion) is as it was: of two processes that claim one operation
only one succeeds, and a user's `Terminating` survives.
"""

from __future__ import annotations

from typing import Any

from common import metrics
from common.core.errors import NotFound, VersionConflict
from common.core.keys import AppKey, GroupVersionKind, Object
from common.core.wake import wake_digest
from common.operations.bundle import Ports

APPLICATION = GroupVersionKind("argoproj.io", "v1alpha1", "Application")
ATTEMPTS = 4


class Overtaken(Exception):
    """Somebody changed what the decision was made from: decide again."""


def write(ports: Ports, based_on: Object, patch: dict[str, Any]) -> Object:
    """Apply a JSON merge patch to an Application, as decided from `based_on`; the object as it is then.

    Raises:
        Overtaken: its spec, operation, operationState or deletion changed meanwhile, or it is gone.
    """
    meta = based_on["metadata"]
    key = AppKey(meta["namespace"], meta["name"])
    decided_from = wake_digest(based_on)
    version = meta["resourceVersion"]
    for _ in range(ATTEMPTS):
        try:
            return _patch(ports, key, patch, version)
        except VersionConflict:
            metrics.STATUS_CONFLICTS.inc()
            current = reread(ports, key)
            if wake_digest(current) != decided_from or _state(current) != _state(based_on):
                raise Overtaken(str(key)) from None
            version = current["metadata"]["resourceVersion"]
    raise Overtaken(str(key))


def _patch(ports: Ports, key: AppKey, patch: dict[str, Any], version: str) -> Object:
    metadata = {**patch.get("metadata", {}), "resourceVersion": version}
    body = {**patch, "metadata": metadata}
    try:
        answer = ports.clusters.home().patch(APPLICATION, key.namespace, key.name, body)
    except NotFound:
        ports.applications.remove(key)
        raise Overtaken(str(key)) from None
    metrics.STATUS_WRITES.inc()
    ports.applications.put(answer)
    return answer


def reread(ports: Ports, key: AppKey) -> Object:
    """The Application from its API server, taken into the store.

    Raises:
        Overtaken: it is gone.
    """
    try:
        current = ports.clusters.home().get(APPLICATION, key.namespace, key.name)
    except NotFound:
        ports.applications.remove(key)
        raise Overtaken(str(key)) from None
    ports.applications.put(current)
    return current


def _state(obj: Object) -> Any:
    return (obj.get("status") or {}).get("operationState")
