"""Services and Ingresses."""

from __future__ import annotations

from datetime import datetime

from common.core.health.values import Health, healthy, progressing, spec_of, status_of
from common.core.keys import Object


def service(obj: Object, now: datetime) -> Health:  # noqa: ARG001
    """A load balancer is healthy when it has an address; every other Service always is."""
    if spec_of(obj).get("type") == "LoadBalancer" and not _has_address(obj):
        return progressing()
    return healthy()


def ingress(obj: Object, now: datetime) -> Health:  # noqa: ARG001
    """Healthy when its controller has given it an address."""
    return healthy() if _has_address(obj) else progressing()


def _has_address(obj: Object) -> bool:
    return bool((status_of(obj).get("loadBalancer") or {}).get("ingress"))
