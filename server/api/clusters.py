"""`/api/v1/clusters`: list, add, remove."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import orjson

from common.core.access import ClusterAccess
from common.core.errors import MooringsError
from common.core.keys import IN_CLUSTER, Object
from common.core.model.cluster_secret import cluster_access
from common.core.model.destinations import known_clusters
from server.api.secrets import declared, remove, secrets_of_type, store, value
from server.http.bodies import field, json_object, strings
from server.http.call import Call
from server.http.faults import Code, Fault
from server.service import Service


def list_clusters(call: Call) -> dict[str, Any]:
    """All clusters with what their API servers say of themselves; never a credential."""
    fleet = call.service.fleet.current()
    found = known_clusters(fleet.clusters, fleet.home if fleet.settings.in_cluster_enabled else None)
    found.sort(key=lambda one: one.id != IN_CLUSTER)
    wanted = {name: call.first(name) for name in ("server", "name") if call.first(name)}
    rows = [cluster_json(call.service, access) for access in found]
    return {
        "metadata": {},
        "items": [row for row in rows if all(row[name] == text for name, text in wanted.items())],
    }


def cluster_json(service: Service, access: ClusterAccess) -> dict[str, Any]:
    """One cluster as the API shows it."""
    name = cluster_name(access, service.fleet.current().home)
    server = str(access.id)
    apps = sum(row.cluster in (server, name) for row in service.roster.rows())
    try:
        version = service.ports.clusters.connect(access).catalog().version
        state = {"status": "Successful", "message": ""}
    except MooringsError as error:
        version, state = "", {"status": "Failed", "message": str(error)}
    return {
        "server": server,
        "name": name,
        "config": {"tlsClientConfig": {"insecure": access.insecure}},
        "serverVersion": version.removeprefix("v"),
        "connectionState": state,
        "info": {"connectionState": state, "serverVersion": version, "applicationsCount": apps},
        "namespaces": list(access.namespaces),
        "clusterResources": access.cluster_resources,
        "project": access.project,
        "labels": dict(access.labels),
        "annotations": dict(access.annotations),
    }


def cluster_name(access: ClusterAccess, home: ClusterAccess) -> str:
    """What a cluster is called: the home cluster `in-cluster`, unless a Secret says otherwise."""
    return "in-cluster" if access == home else access.name or str(access.id)


def add_cluster(call: Call) -> dict[str, Any]:
    """Declare a cluster; with `upsert`, one that is declared is changed."""
    body = call.object
    server = field(body, "server", str).rstrip("/")
    namespaces = strings(body, "namespaces")
    values = {
        "name": field(body, "name", str) or server,
        "server": server,
        "config": orjson.dumps(json_object(body.get("config"), "config")).decode(),
        "namespaces": ",".join(namespaces),
        "clusterResources": "true" if namespaces and field(body, "clusterResources", bool) else "",
        "project": field(body, "project", str),
    }
    secret = declared(call.service, "cluster", server, values)
    secret["metadata"]["labels"] |= {
        str(name): str(text) for name, text in field(body, "labels", dict).items()
    }
    access = cluster_access(secret)
    existing = _declared(call.service, server)
    if existing is not None and existing["data"] != secret["data"] and not call.truth("upsert"):
        raise Fault(
            Code.INVALID_ARGUMENT,
            "existing cluster spec is different; use upsert flag to force update",
        )
    store(call.service, secret, existing)
    return cluster_json(call.service, access)


def get_cluster(call: Call) -> dict[str, Any]:
    """One cluster, by server or with `id.type=name` by name."""
    rows = list_clusters(call)["items"]
    wanted = _id(call)
    field_name = "name" if call.first("id.type") in ("name", "name_escaped") else "server"
    found = next((row for row in rows if row[field_name] == wanted), None)
    if found is None:
        raise Fault(Code.NOT_FOUND, f'cluster "{wanted}" not found')
    return dict(found)


def remove_cluster(call: Call) -> dict[str, Any]:
    """Forget a cluster: nothing on it is touched."""
    wanted = _id(call)
    by_name = call.first("id.type") in ("name", "name_escaped")
    for secret in secrets_of_type(call.service, "cluster"):
        named = value(secret, "name") if by_name else value(secret, "server").rstrip("/")
        if named == wanted:
            remove(call.service, secret)
            return {}
    raise Fault(Code.NOT_FOUND, f'cluster "{wanted}" not found')


def _id(call: Call) -> str:
    return unquote(str(call.path["id"])).rstrip("/")


def _declared(service: Service, server: str) -> Object | None:
    found = secrets_of_type(service, "cluster")
    return next((one for one in found if value(one, "server").rstrip("/") == server), None)
