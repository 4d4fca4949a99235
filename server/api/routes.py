"""Which path is whose."""

from __future__ import annotations

from starlette.routing import Route

from server.api import (
    applications,
    clusters,
    inspection,
    operating,
    probes,
    projects,
    repositories,
    session,
)
from server.api.streaming import stream_applications
from server.api.webhook import webhook
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
        api(f"{_APP}/resource-tree", {"GET": inspection.tree}),
        api(f"{_APP}/managed-resources", {"GET": inspection.managed_resources}),
        api(f"{_APP}/manifests", {"GET": inspection.manifests}),
        api(f"{_APP}/revisions/{{revision}}/metadata", {"GET": inspection.revision_metadata}),
        api(f"{_APP}/events", {"GET": inspection.events}),
        api(f"{_APP}/resource", {"GET": inspection.resource}),
        api(f"{_APP}/logs", {"GET": inspection.logs}),
        api("/api/v1/clusters", {"GET": clusters.list_clusters, "POST": clusters.add_cluster}),
        api(
            "/api/v1/clusters/{id:path}",
            {"GET": clusters.get_cluster, "DELETE": clusters.remove_cluster},
        ),
        api(
            "/api/v1/repositories",
            {"GET": repositories.list_repositories, "POST": repositories.add_repository},
        ),
        api(
            "/api/v1/repositories/{repo:path}",
            {"GET": repositories.get_repository, "DELETE": repositories.remove_repository},
        ),
        api("/api/v1/projects", {"GET": projects.list_projects}),
        api("/api/v1/projects/{name}", {"GET": projects.get_project}),
        Route("/api/webhook", webhook, methods=["POST"]),
    ]
