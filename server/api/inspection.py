"""What an application is made of: tree, comparison, manifests, commits, events, single objects."""

from __future__ import annotations

from typing import Any

import orjson

from common.core.compare.masking import masked
from common.core.errors import KindNotServed, NotFound
from common.core.keys import GroupVersionKind, Object, ObjectKey
from common.core.resource_tree import ObjectRef, TreeNode
from common.core.timestamps import rfc3339
from common.operations import inspect
from common.operations.inspect import ManagedObject
from common.operations.tree import Tree, resource_tree
from server.api.finding import of_call, valid_of_call
from server.http.call import Call
from server.http.faults import Code, Fault

_EVENT = GroupVersionKind("", "v1", "Event")


def tree(call: Call) -> dict[str, Any]:
    """The resource tree."""
    found = resource_tree(call.service.ports, call.service.fleet.current(), of_call(call))
    return {"nodes": [_node(found, node) for node in found.nodes], "orphanedNodes": [], "hosts": []}


def _node(found: Tree, node: TreeNode) -> dict[str, Any]:
    health = found.health.get(node.key)
    said: dict[str, Any] = {
        **_ref(ObjectRef(key=node.key, version=node.version, uid=node.uid)),
        "parentRefs": [_ref(parent) for parent in node.parents],
        "info": [{"name": name, "value": value} for name, value in node.facts],
        "networkingInfo": {"externalURLs": list(node.links)} if node.links else None,
        "resourceVersion": node.resource_version,
        "images": list(node.images),
        "health": None
        if health is None
        else {"status": health.status.value, **({"message": health.message} if health.message else {})},
        "createdAt": node.created_at,
    }
    return {name: value for name, value in said.items() if value}


def _ref(ref: ObjectRef) -> dict[str, str]:
    key = ref.key
    values = {
        "group": key.group,
        "version": ref.version,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "uid": ref.uid,
    }
    return {name: value for name, value in values.items() if value}


def managed_resources(call: Call) -> dict[str, Any]:
    """Every object, desired beside live; filtered by group, kind, namespace, name."""
    found = inspect.managed(
        call.service.ports, call.service.fleet.current(), valid_of_call(call), revision=call.first("revision")
    )
    wanted = {name: call.query[name] for name in ("group", "kind", "namespace", "name") if name in call.query}
    return {
        "items": [
            managed_json(one)
            for one in found
            if all(getattr(one.key, name) == value for name, value in wanted.items())
        ]
    }


def managed_json(one: ManagedObject) -> dict[str, Any]:
    """One object in Argo CD's ResourceDiff, and beside it our status, drift and blame."""
    predicted = one.predicted or (one.live if one.status == "Synced" else one.desired)
    return {
        "group": one.key.group,
        "kind": one.key.kind,
        "namespace": one.key.namespace,
        "name": one.key.name,
        "targetState": _text(one.desired),
        "liveState": _text(one.live),
        "normalizedLiveState": _text(one.live),
        "predictedLiveState": _text(predicted),
        "resourceVersion": ((one.live or {}).get("metadata") or {}).get("resourceVersion", ""),
        "modified": one.status == "OutOfSync",
        "hook": one.hook,
        "status": one.status.value,
        "reason": one.reason,
        "drift": [
            {
                "path": path.text,
                "desired": path.desired,
                "live": path.live,
                "blame": None
                if path.blame is None
                else {
                    "manager": path.blame.manager,
                    "operation": path.blame.operation,
                    "subresource": path.blame.subresource,
                    "time": path.blame.time,
                },
            }
            for path in one.drift.paths
        ],
    }


def _text(obj: Object | None) -> str:
    return "null" if obj is None else orjson.dumps(obj).decode()


def manifests(call: Call) -> dict[str, Any]:
    """What the sources render to, at a revision where one is asked for."""
    found = inspect.manifests(
        call.service.ports, call.service.fleet.current(), valid_of_call(call), revision=call.first("revision")
    )
    return {
        "manifests": [orjson.dumps(obj).decode() for obj in found.objects],
        "namespace": found.namespace,
        "server": found.cluster,
        "revision": found.revisions[0] if found.revisions else "",
        "revisions": list(found.revisions),
        "sourceType": found.source_types[0] if found.source_types else "",
    }


def revision_metadata(call: Call) -> dict[str, Any]:
    """Author, date and message of a commit."""
    found = inspect.commit_metadata(
        call.service.ports, call.service.fleet.current(), of_call(call), str(call.path["revision"])
    )
    said = {
        "author": found.author,
        "date": rfc3339(found.committed_at),
        "message": found.message,
        "tags": list(found.tags),
    }
    return {name: value for name, value in said.items() if value}


def events(call: Call) -> dict[str, Any]:
    """Kubernetes events of the application, or of one of its objects."""
    app, uid = of_call(call), call.first("resourceUID")
    if uid:
        cluster = call.service.ports.clusters.connect(call.service.fleet.current().place(app).access)
        namespace, name = call.first("resourceNamespace"), call.first("resourceName")
    else:
        cluster, namespace, name, uid = call.service.home, app.key.namespace, app.key.name, app.uid
    try:
        listed = cluster.list(_EVENT, namespace)
    except KindNotServed:
        return {"metadata": {}, "items": []}
    items = [
        event
        for event in listed.items
        if (event.get("involvedObject") or {}).get("name") == name
        and (event.get("involvedObject") or {}).get("uid") in (uid, None, "")
    ]
    return {"metadata": {"resourceVersion": listed.resource_version}, "items": items}


def resource(call: Call) -> dict[str, Any]:
    """One live object of the application's tree; a Secret's values are hidden."""
    app = of_call(call)
    key = ObjectKey(
        call.first("group"),
        call.first("kind"),
        call.first("namespace"),
        call.first("resourceName"),
    )
    found = resource_tree(call.service.ports, call.service.fleet.current(), app)
    node = next((one for one in found.nodes if one.key == key), None)
    if node is None or node.object is None:
        raise Fault(Code.INVALID_ARGUMENT, f"{key} not found as part of application {app.name}")
    cluster = call.service.ports.clusters.connect(call.service.fleet.current().place(app).access)
    gvk = GroupVersionKind(key.group, call.first("version") or node.version, key.kind)
    try:
        live = cluster.get(gvk, key.namespace, key.name)
    except NotFound:
        raise Fault(Code.NOT_FOUND, f"{key} not found") from None
    shown, _ = masked(live, None, annotations=call.service.fleet.current().settings.masked_annotations)
    return {"manifest": _text(shown)}


def logs(call: Call) -> dict[str, Any]:
    """Pods' logs are not served."""
    raise Fault(
        Code.UNIMPLEMENTED,
        f"logs of {call.path['name']} are not served here; use kubectl logs on the destination cluster",
    )
