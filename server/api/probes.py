"""`/healthz`, `/readyz`, `/metrics`, `/api/version`."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from common import metrics
from server.http.call import Call
from server.http.faults import Code, Fault


async def healthz(request: Request) -> PlainTextResponse:
    """Whether the process answers: nothing else is asked."""
    del request
    return PlainTextResponse("ok")


def readyz(call: Call) -> Response:
    """Whether Redis and the home cluster answer, and all applications are known. Raises StoreUnavailable."""
    if not call.service.ports.applications.complete():
        raise Fault(Code.UNAVAILABLE, "the applications are not all known yet")
    call.service.home.catalog()
    return PlainTextResponse("ok")


def metrics_text(call: Call) -> Response:
    """This process's metrics."""
    del call
    return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)


def version_text(call: Call) -> dict[str, Any]:
    """What runs here."""
    del call
    return {
        "Version": f"v{version('moorings')}",
        "Product": "Moorings",
        "Platform": f"{platform.system().lower()}/{platform.machine()}",
        "PythonVersion": platform.python_version(),
    }
