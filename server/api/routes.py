"""Which path is whose."""

from __future__ import annotations

from starlette.routing import Route

from server.api import applications, operating, probes, session
from server.api.streaming import stream_applications
from server.http.call import api

_APP = "/api/v1/applications/{name}"


def routes() -> list[Route]:
    """All of the API's."""
    return [
        Route("/healthz", probes.healthz),
        api("/readyz", {"GET": probes.readyz}),
        api("/metrics", {"GET": probes.metrics_text}),
        api("/api/version", {"GET": probes.version_text}),
        api("/api/v1/session", {"POST": session.create, "DELETE": session.delete}),
        api("/api/v1/session/userinfo", {"GET": session.user_info}),
        api("/api/v1/stream/applications", {"GET": stream_applications}),
        api("/api/v1/applications", {"GET": applications.list_applications, "POST": applications.create}),
        api(
            _APP,
            {
                "GET": applications.get,
                "PUT": applications.update,
                "PATCH": applications.patch,
                "DELETE": applications.delete,
            },
        ),
        api(f"{_APP}/spec", {"PUT": applications.update_spec}),
        api(f"{_APP}/sync", {"POST": operating.sync}),
        api(f"{_APP}/rollback", {"POST": operating.rollback}),
        api(f"{_APP}/operation", {"DELETE": operating.terminate}),
    ]
