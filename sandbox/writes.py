"""Create, update, patch, apply and delete: from a request's object to the stored one.

Every function here runs to its end without waiting, so each write is one transaction.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from common.core.errors import InvalidInput
from common.core.typed.entries import conflict_message
from common.core.typed.fields import EMPTY, FieldSet
from common.core.typed.managed import NOT_STATUS, STATUS, Applied, apply, track
from sandbox.admission import admit, check_namespace, released
from sandbox.defaults import apply_defaults
from sandbox.incoming import check_identity, decode_and_default, typed_patch_error, validate
from sandbox.patches import patched
from sandbox.resources import Resource
from sandbox.state import ClusterState, WriteContext
from sandbox.status import ApiError, Cause, already_exists, bad_request, conflict, invalid, not_found
from sandbox.store import Entry, Key

Fields = dict[str, Any]

_KEPT = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "generation",
)
"""Metadata that writers cannot change."""
APPLY_PATCH = "application/apply-patch+yaml"


class Written:
    """What a write came to. `created` decides between 200 and 201, `body` is what is answered."""

    __slots__ = ("body", "created", "gone")

    def __init__(self, body: bytes, *, created: bool = False, gone: bool = False) -> None:
        self.body = body
        self.created = created
        self.gone = gone


def create(
    state: ClusterState, resource: Resource, namespace: str, obj: Fields, context: WriteContext
) -> Written:
    """POST.

    Raises:
        ApiError: 400, 403, 404 (the namespace), 409 or 422.
    """
    check_identity(resource, obj, namespace)
    meta = obj["metadata"]
    _generate_name(state, meta)
    if meta.get("resourceVersion"):
        raise bad_request("resourceVersion should not be set on objects to be created")
    return _create(state, resource, namespace, obj, context, applied=False)


def _generate_name(state: ClusterState, meta: Fields) -> None:
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = str(meta["generateName"])[:58] + state.random_suffix()


def _create(
    state: ClusterState,
    resource: Resource,
    namespace: str,
    obj: Fields,
    context: WriteContext,
    *,
    applied: bool,
) -> Written:
    meta = obj["metadata"]
    name = str(meta.get("name", ""))
    check_namespace(state, resource, namespace, name)
    causes = decode_and_default(state, resource, obj, context)
    meta = obj["metadata"]
    if resource.status:
        obj.pop("status", None)
        if not resource.custom:
            # A status that was sent is dropped; the defaults of an empty one are not.
            apply_defaults(resource.group, resource.kind, obj)
    for field in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"):
        meta.pop(field, None)
    meta["uid"] = state.new_uid()
    meta["creationTimestamp"] = state.stamp()
    if resource.generation:
        meta["generation"] = 1
    if (namespace if resource.namespaced else "", name) in state.store.collection(resource.storage).entries:
        raise already_exists(resource, name)
    if not context.trusted:
        validate(resource, obj, causes)
    admit(state, resource, obj, None, dry_run=context.dry_run)
    if not applied:
        obj = _tracked(state, resource, None, obj, context)
    return Written(_store(state, resource, obj, context), created=True)


def _ignored(resource: Resource, subresource: str) -> FieldSet:
    if subresource == "status":
        return NOT_STATUS
    return STATUS if resource.status and not subresource else EMPTY


def _tracked(
    state: ClusterState, resource: Resource, live: Fields | None, obj: Fields, context: WriteContext
) -> Fields:
    try:
        return track(
            live,
            obj,
            state.typed(resource),
            manager=context.manager,
            now=state.now(),
            subresource=context.subresource,
            ignored=_ignored(resource, context.subresource),
        )
    except InvalidInput:
        # An associative list with an item that has no keys: the API server stores it untracked, too.
        return obj


def _store(state: ClusterState, resource: Resource, obj: Fields, context: WriteContext) -> bytes:
    ordered = {"apiVersion": obj.pop("apiVersion"), "kind": obj.pop("kind"), **obj}
    if context.dry_run:
        return orjson.dumps(ordered)
    return state.store.put(resource.storage, ordered).raw


def require(state: ClusterState, resource: Resource, key: Key) -> Entry:
    """An object that must be there.

    Raises:
        ApiError: 404.
    """
    found = state.store.get(resource.storage, key)
    if found is None:
        raise not_found(resource, key[1])
    return found


def load_as(resource: Resource, entry: Entry) -> Fields:
    """A fresh copy in the version that was asked for."""
    obj = entry.load()
    obj["apiVersion"] = resource.api_version
    return obj


def raw_as(resource: Resource, entry: Entry) -> bytes:
    """The stored bytes, in the version that was asked for."""
    if entry.api_version == resource.api_version:
        return entry.raw
    return orjson.dumps(load_as(resource, entry))


def update(state: ClusterState, resource: Resource, key: Key, obj: Fields, context: WriteContext) -> Written:
    """PUT.

    Raises:
        ApiError: 400, 404, 409 or 422.
    """
    check_identity(resource, obj, key[0], key[1])
    entry = require(state, resource, key)
    return _replace(state, resource, entry, obj, context)


def patch(
    state: ClusterState,
    resource: Resource,
    key: Key,
    body: Any,
    content_type: str,
    context: WriteContext,
) -> Written:
    """PATCH of the three kinds that are not apply.

    Raises:
        ApiError: 400, 404, 409, 415 or 422.
    """
    entry = require(state, resource, key)
    live = load_as(resource, entry)
    obj = patched(resource, live, body, content_type, state.typed(resource))
    check_identity(resource, obj, key[0], key[1])
    return _replace(state, resource, entry, obj, context)


def _check_preconditions(resource: Resource, entry: Entry, meta: Fields) -> None:
    wanted = meta.get("resourceVersion")
    if wanted not in (None, "") and str(wanted) != str(entry.rv):
        raise conflict(resource, entry.key[1])
    uid = meta.get("uid")
    if uid and uid != entry.uid:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {entry.uid}"
        raise conflict(resource, entry.key[1], why)


def _replace(
    state: ClusterState, resource: Resource, entry: Entry, obj: Fields, context: WriteContext
) -> Written:
    _check_preconditions(resource, entry, obj["metadata"])
    live = load_as(resource, entry)
    obj = _prepare_update(state, resource, live, obj, context)
    obj = _tracked(state, resource, live, obj, context)
    return _finish(state, resource, entry, live, obj, context)


def _prepare_update(
    state: ClusterState, resource: Resource, live: Fields, obj: Fields, context: WriteContext
) -> Fields:
    """Decode, keep what this endpoint may not change, count generations, validate."""
    obj = _only_its_part(resource, live, obj, context.subresource)
    causes = decode_and_default(state, resource, obj, context)
    obj = _only_its_part(resource, live, obj, context.subresource)
    meta = obj["metadata"]
    for field in _KEPT:
        if field in live["metadata"]:
            meta[field] = live["metadata"][field]
        else:
            meta.pop(field, None)
    meta["resourceVersion"] = live["metadata"]["resourceVersion"]
    admit(state, resource, obj, live, dry_run=context.dry_run)
    if not context.trusted:
        validate(resource, obj, causes, live)
    _check_deleting(resource, live, obj)
    if resource.generation and context.subresource != "status" and _spec_changed(resource, live, obj):
        meta["generation"] = int(live["metadata"].get("generation", 0)) + 1
    return obj


def _only_its_part(resource: Resource, live: Fields, obj: Fields, subresource: str) -> Fields:
    if subresource == "status":
        kept = {k: v for k, v in live.items() if k != "status"}
        kept["metadata"] = dict(live["metadata"])
        for field in ("managedFields", "resourceVersion"):
            if field in obj["metadata"]:
                kept["metadata"][field] = obj["metadata"][field]
        return kept | ({"status": obj["status"]} if "status" in obj else {})
    if resource.status:
        obj.pop("status", None)
        if "status" in live:
            obj["status"] = live["status"]
    return obj


def _check_deleting(resource: Resource, live: Fields, obj: Fields) -> None:
    if "deletionTimestamp" not in live["metadata"]:
        return
    before = set(live["metadata"].get("finalizers") or ())
    added = sorted(set(obj["metadata"].get("finalizers") or ()) - before)
    if added:
        cause = Cause(
            "FieldValueForbidden",
            "metadata.finalizers",
            "Forbidden: no new finalizers can be added if the object is being deleted,"
            f" found new finalizers {added}",
        )
        raise invalid(resource, obj["metadata"]["name"], [cause])


def _spec_changed(resource: Resource, live: Fields, obj: Fields) -> bool:
    apart = {"metadata", "apiVersion", "kind"} | ({"status"} if resource.status else set())
    names = (live.keys() | obj.keys()) - apart
    return any(live.get(name) != obj.get(name) for name in names)


def _finish(
    state: ClusterState, resource: Resource, entry: Entry, live: Fields, obj: Fields, context: WriteContext
) -> Written:
    if obj == live:
        return Written(raw_as(resource, entry))
    meta = obj["metadata"]
    spec_finalizers = (
        (obj.get("spec") or {}).get("finalizers") if resource.storage == ("", "namespaces") else None
    )
    if "deletionTimestamp" in meta and not meta.get("finalizers") and not spec_finalizers:
        if context.dry_run:
            return Written(orjson.dumps(obj))
        body = _store(state, resource, obj, context)
        remove(state, resource, entry.key)
        return Written(body, gone=True)
    return Written(_store(state, resource, obj, context))


def remove(state: ClusterState, resource: Resource, key: Key) -> Entry | None:
    """Take an object out of the store, and what it held back."""
    gone = state.store.remove(resource.storage, key)
    if gone is not None and not resource.custom:
        released(state, resource, gone.load())
    return gone


def server_side_apply(
    state: ClusterState, resource: Resource, key: Key, body: bytes, obj: Fields, context: WriteContext
) -> Written:
    """PATCH with an apply configuration.

    Raises:
        ApiError: 400, 404, 409 (conflicts), 422, or 500 when the schema has no place for a field.
    """
    entry = state.store.get(resource.storage, key)
    digest = hashlib.blake2b(body, digest_size=16).digest()
    request = (context.manager, context.subresource, context.force, digest)
    if entry is not None and entry.applied == request and entry.api_version == resource.api_version:
        return Written(entry.raw)
    _check_apply(resource, key, obj)
    if entry is None and context.subresource:
        raise not_found(resource, key[1])
    if entry is not None:
        _check_preconditions(resource, entry, obj["metadata"])
    live = None if entry is None else load_as(resource, entry)
    outcome = _merge_apply(state, resource, key, live, obj, context)
    merged = orjson.loads(orjson.dumps(outcome.object))
    if entry is None or live is None:
        made = _create(state, resource, key[0], merged, context, applied=True)
        _remember(state, resource, key, request, context)
        return made
    if outcome.changed:
        merged = _prepare_update(state, resource, live, merged, context)
        written = _finish(state, resource, entry, live, merged, context)
    else:
        written = Written(raw_as(resource, entry))
    _remember(state, resource, key, request, context)
    return written


def _remember(
    state: ClusterState, resource: Resource, key: Key, request: tuple[object, ...], context: WriteContext
) -> None:
    entry = state.store.get(resource.storage, key)
    if entry is not None and not context.dry_run and not context.warnings:
        entry.applied = request


def _check_apply(resource: Resource, key: Key, obj: Fields) -> None:
    meta = obj.get("metadata")
    if isinstance(meta, dict) and meta.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    check_identity(resource, obj, key[0], key[1])


def _merge_apply(
    state: ClusterState,
    resource: Resource,
    key: Key,
    live: Fields | None,
    obj: Fields,
    context: WriteContext,
) -> Applied:
    if context.validation == "Strict":
        decode_and_default(state, resource, orjson.loads(orjson.dumps(obj)), context)
    try:
        outcome = apply(
            live,
            obj,
            state.typed(resource),
            manager=context.manager,
            now=state.now(),
            force=context.force,
            subresource=context.subresource,
            ignored=_ignored(resource, context.subresource),
        )
    except InvalidInput as error:
        said = ", ".join(f".{e.field.lstrip('.')}: {e.expected}" for e in error.errors)
        raise typed_patch_error(resource, key, said) from error
    if outcome.conflicts:
        causes = [
            Cause("FieldManagerConflict", c.field, f"conflict with {c.owner}").as_json()
            for c in outcome.conflicts
        ]
        raise ApiError(409, "Conflict", conflict_message(outcome.conflicts), details={"causes": causes})
    return outcome
