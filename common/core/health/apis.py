"""What adds kinds to a cluster: APIServices and CustomResourceDefinitions."""

from __future__ import annotations

from datetime import datetime

from common.core.health.values import Health, condition, conditions, degraded, healthy, progressing
from common.core.keys import Object


def api_service(obj: Object, now: datetime) -> Health:  # noqa: ARG001
    """Healthy when available."""
    found = condition(obj, "Available")
    if found is None:
        return progressing("Waiting to be processed")
    words = f"{found.get('reason')}: {found.get('message')}"
    return healthy(words) if found.get("status") == "True" else progressing(words)


def custom_resource_definition(obj: Object, now: datetime) -> Health:  # noqa: ARG001
    """Healthy when established; degraded when its names are taken or its schema is not structural."""
    if not conditions(obj):
        return progressing("Status conditions not found")
    said = {(str(c.get("type")), str(c.get("status"))): str(c.get("message") or "") for c in conditions(obj)}
    if (message := said.get(("Terminating", "True"))) is not None:
        return progressing(f"CRD is being terminated: {message}")
    if (message := said.get(("NamesAccepted", "False"))) is not None:
        return degraded(f"CRD names have not been accepted: {message}")
    if ("Established", "True") not in said:
        return degraded(f"CRD is not established: {said.get(('Established', 'False'), '')}")
    if (message := said.get(("NonStructuralSchema", "True"))) is not None:
        return degraded(f"Schema violations found: {message}")
    return healthy("CRD is healthy")
