"""DELETE and deletecollection: preconditions, propagation, finalizers."""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.resources import Resource
from sandbox.state import ClusterState, WriteContext
from sandbox.status import bad_request, conflict, forbidden, success
from sandbox.store import Entry, Key
from sandbox.writes import Written, load_as, remove, require

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
POLICIES = {"Foreground": FOREGROUND, "Orphan": ORPHAN, "Background": ""}


def delete(
    state: ClusterState, resource: Resource, key: Key, options: dict[str, Any], context: WriteContext
) -> Written:
    """Delete one object, or mark it for deletion when finalizers hold it.

    Raises:
        ApiError: 400, 403, 404 or 409.
    """
    entry = require(state, resource, key)
    _check(resource, entry, options)
    if resource.storage == ("", "namespaces") and key[1] in ("default", "kube-system", "kube-public"):
        raise forbidden(resource, key[1], "this namespace may not be deleted")
    obj = load_as(resource, entry)
    meta = obj["metadata"]
    finalizers = _finalizers(meta, options)
    held = bool(finalizers) or bool(_namespace_finalizers(resource, obj))
    if not held:
        if not context.dry_run:
            remove(state, resource, key)
        return Written(orjson.dumps(success(resource, key[1], entry.uid)), gone=True)
    before = orjson.dumps(obj)
    if finalizers:
        meta["finalizers"] = finalizers
    else:
        meta.pop("finalizers", None)
    if "deletionTimestamp" not in meta:
        meta["deletionTimestamp"] = state.stamp()
        meta["deletionGracePeriodSeconds"] = 0
        if "generation" in meta:
            meta["generation"] += 1
    if resource.storage == ("", "namespaces"):
        obj.setdefault("status", {})["phase"] = "Terminating"
    if context.dry_run or orjson.dumps(obj) == before:
        return Written(orjson.dumps(obj))
    return Written(state.store.put(resource.storage, obj).raw)


def _check(resource: Resource, entry: Entry, options: dict[str, Any]) -> None:
    wanted = options.get("preconditions") or {}
    uid, version = wanted.get("uid"), wanted.get("resourceVersion")
    if uid and uid != entry.uid:
        why = f"the UID in the precondition ({uid}) does not match the UID in record ({entry.uid})."
        raise conflict(resource, entry.key[1], why + " The object might have been deleted and then recreated")
    if version and str(version) != str(entry.rv):
        why = (
            f"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in"
            f" record ({entry.rv}). The object might have been modified"
        )
        raise conflict(resource, entry.key[1], why)


def _finalizers(meta: dict[str, Any], options: dict[str, Any]) -> list[str]:
    found = [f for f in meta.get("finalizers") or () if f]
    policy = options.get("propagationPolicy")
    if policy is None and options.get("orphanDependents") is not None:
        policy = "Orphan" if options["orphanDependents"] else "Background"
    if policy is None:
        return found
    if policy not in POLICIES:
        raise bad_request(f'invalid propagationPolicy "{policy}"')
    kept = [f for f in found if f not in (FOREGROUND, ORPHAN)]
    return kept + ([POLICIES[policy]] if POLICIES[policy] else [])


def _namespace_finalizers(resource: Resource, obj: dict[str, Any]) -> list[str]:
    if resource.storage != ("", "namespaces"):
        return []
    return list((obj.get("spec") or {}).get("finalizers") or ())


def finalize_namespace(
    state: ClusterState, resource: Resource, key: Key, obj: dict[str, Any], context: WriteContext
) -> Written:
    """PUT of a Namespace's `finalize` subresource: sets `spec.finalizers`.

    Raises:
        ApiError: 404.
    """
    entry = require(state, resource, key)
    live = load_as(resource, entry)
    left = (obj.get("spec") or {}).get("finalizers") or []
    live["spec"] = {"finalizers": left} if left else {}
    if context.dry_run:
        return Written(orjson.dumps(live))
    body = state.store.put(resource.storage, live).raw
    if "deletionTimestamp" in live["metadata"] and not left and not live["metadata"].get("finalizers"):
        remove(state, resource, key)
        return Written(body, gone=True)
    return Written(body)
