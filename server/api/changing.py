"""How an Application is changed: read from its API server, decided, written with its resourceVersion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from common.core.errors import VersionConflict
from common.core.keys import AppKey, Object
from common.core.model.application import API_VERSION, KIND, parse_application
from common.operations.status_write import APPLICATION
from server.api.finding import at_home
from server.http.faults import Code, Fault
from server.service import Service

ATTEMPTS = 5
"""Our own status writes are what we run into."""


def change(service: Service, key: AppKey, decide: Callable[[Object], dict[str, Any] | None]) -> Object:
    """Write a merge patch that `decide` makes of the Application (None: nothing to do); as it is then.

    Raises:
        Fault: there is no such application, or what `decide` raises.
        VersionConflict: others changed it again and again.
    """
    for attempt in range(ATTEMPTS):
        current = at_home(service, key)
        patch = decide(current)
        if patch is None:
            return current
        metadata = {**patch.get("metadata", {}), "resourceVersion": current["metadata"]["resourceVersion"]}
        try:
            answer = service.home.patch(APPLICATION, key.namespace, key.name, {**patch, "metadata": metadata})
        except VersionConflict:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        service.ports.applications.put(answer)
        return answer
    raise VersionConflict(str(key))


def replace(service: Service, key: AppKey, decide: Callable[[Object], Object]) -> Object:
    """Write the object that `decide` makes of the Application, as a whole; as it is then.

    Raises:
        InvalidInput: what would be written is no valid Application.
    """
    for attempt in range(ATTEMPTS):
        current = at_home(service, key)
        wanted = decide(current)
        checked(wanted)
        wanted["metadata"]["resourceVersion"] = current["metadata"]["resourceVersion"]
        try:
            answer = service.home.replace(wanted)
        except VersionConflict:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        service.ports.applications.put(answer)
        return answer
    raise VersionConflict(str(key))


def checked(app: Object) -> Object:
    """The same object, when it is a valid Application.

    Raises:
        InvalidInput: with every error.
    """
    app.setdefault("apiVersion", API_VERSION)
    app.setdefault("kind", KIND)
    parse_application(app)
    return app


def metadata_of(app: Object) -> dict[str, Any]:
    """An Application's metadata as a client sent it. Raises Fault when it is none."""
    meta = app.get("metadata")
    if not isinstance(meta, dict) or not isinstance(meta.get("name"), str) or not meta["name"]:
        raise Fault(Code.INVALID_ARGUMENT, "metadata.name: found nothing, expected a name")
    return meta
