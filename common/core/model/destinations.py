"""Which cluster a destination means."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from common.core.access import ClusterAccess
from common.core.errors import InvalidInput
from common.core.keys import IN_CLUSTER
from common.core.model.destination import Destination

IN_CLUSTER_NAME = "in-cluster"
"""What the home cluster is called when no Secret calls it something else."""


def resolve_destination(
    destination: Destination,
    clusters: Sequence[ClusterAccess],
    *,
    in_cluster: ClusterAccess | None,
    name: str = "Application",
) -> ClusterAccess:
    """The cluster of a destination, by its address or by its name.

    `clusters` are those that have a Secret. The home cluster needs none: `in_cluster` is how to reach it, or
    None where `cluster.inClusterEnabled` is false. A Secret may say more about the home cluster (a name, a
    project); it is reached as `in_cluster` says, unless the Secret carries credentials of its own.

    Raises:
        InvalidInput: both or neither of server and name, no such cluster, or several of that name. `name` is
            what the error calls the object.
    """
    if bool(destination.server) == bool(destination.name):
        found = f"server {destination.server} and name {destination.name}" if destination.server else None
        raise InvalidInput(name, "spec.destination", found=found, expected="server or name of a cluster")
    known = known_clusters(clusters, in_cluster)
    if destination.server:
        return _by_server(destination.server.rstrip("/"), known, name)
    return _by_name(destination.name, known, name)


def known_clusters(
    clusters: Sequence[ClusterAccess], in_cluster: ClusterAccess | None
) -> list[ClusterAccess]:
    """Every cluster as it is to be reached: those of Secrets, and the home cluster as its Secret names it."""
    others = [one for one in clusters if one.id != IN_CLUSTER]
    if in_cluster is None:
        return others
    home = [_home(one, in_cluster) for one in clusters if one.id == IN_CLUSTER]
    return [*others, *(home or [in_cluster])]


def _home(secret: ClusterAccess, in_cluster: ClusterAccess) -> ClusterAccess:
    if secret.username or secret.bearer_token or secret.client_cert or secret.exec_plugin:
        return secret
    return msgspec.structs.replace(
        in_cluster,
        id=IN_CLUSTER,
        name=secret.name,
        project=secret.project,
        namespaces=secret.namespaces,
        cluster_resources=secret.cluster_resources,
        skip_reconcile=secret.skip_reconcile,
        labels=secret.labels,
        annotations=secret.annotations,
    )


def _by_server(server: str, known: Sequence[ClusterAccess], name: str) -> ClusterAccess:
    for access in sorted(known, key=lambda one: (bool(one.project), one.name)):
        if access.id == server:
            return access
    raise InvalidInput(
        name, "spec.destination.server", found=server, expected="the address of a cluster that has a Secret"
    )


def _by_name(wanted: str, known: Sequence[ClusterAccess], name: str) -> ClusterAccess:
    field = "spec.destination.name"
    found = [one for one in known if _name_of(one) == wanted]
    servers = sorted({one.id for one in found})
    if len(servers) == 1:
        return found[0]
    if servers:
        raise InvalidInput(
            name, field, found=wanted, expected=f"a name that one cluster has, not {', '.join(servers)}"
        )
    raise InvalidInput(name, field, found=wanted, expected="the name of a cluster that has a Secret")


def _name_of(access: ClusterAccess) -> str:
    if access.name and access.name != access.id:
        return access.name
    return IN_CLUSTER_NAME if access.id == IN_CLUSTER else access.name
