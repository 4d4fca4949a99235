"""`/api/v1/applications`: list, get, create, update, patch, delete."""

from __future__ import annotations

import time
from typing import Any

import jsonpatch
import jsonpointer
import orjson
from anyio import to_thread

from common.core.annotations import REFRESH
from common.core.errors import AlreadyExists, NotFound
from common.core.keys import AppKey, Object
from common.core.model.names import BACKGROUND_FINALIZER, FOREGROUND_FINALIZER, RESOURCES_FINALIZER
from common.core.typed.patches import merge_patch
from common.operations.status_write import APPLICATION
from server.api.changing import change, checked, metadata_of, replace
from server.api.finding import app_key, at_home, everything, filters_of, key_of_call, stored
from server.http.bodies import field, json_object
from server.http.call import Call
from server.http.faults import Code, Fault
from server.service import Service

REFRESH_TIMEOUT_SECONDS = 60.0
_CASCADES = (RESOURCES_FINALIZER, FOREGROUND_FINALIZER, BACKGROUND_FINALIZER)
_POLICIES = {"": RESOURCES_FINALIZER, "foreground": FOREGROUND_FINALIZER, "background": BACKGROUND_FINALIZER}


def list_applications(call: Call) -> dict[str, Any]:
    """All that the filters admit; with `fields`, only those parts of them."""
    filters = filters_of(call)
    items = [without_managed_fields(app) for app in everything(call.service) if filters.admit(app)]
    answer = {"metadata": {"resourceVersion": ""}, "items": items}
    fields = call.first("fields")
    return _only(answer, [path for path in fields.split(",") if path]) if fields else answer


def without_managed_fields(app: Object) -> Object:
    """An Application as the API shows it."""
    meta = {name: value for name, value in app["metadata"].items() if name != "managedFields"}
    return {**app, "metadata": meta}


def _only(value: Any, paths: list[str]) -> Any:
    """The parts of a JSON value that dotted paths name; lists are walked through."""
    if isinstance(value, list):
        return [_only(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    below: dict[str, list[str]] = {}
    for path in paths:
        name, dot, rest = path.partition(".")
        below.setdefault(name, []).append(rest if dot else "")
    return {
        name: value[name] if "" in rest else _only(value[name], rest)
        for name, rest in below.items()
        if name in value
    }


async def get(call: Call) -> Object:
    """One application; with `refresh=normal|hard`, as it is when it has been compared anew."""
    key = await to_thread.run_sync(key_of_call, call)
    how = call.first("refresh")
    if how in ("", "false"):
        return without_managed_fields(await to_thread.run_sync(stored, call.service, key))
    how = "normal" if how == "true" else how
    if how not in ("normal", "hard"):
        raise Fault(Code.INVALID_ARGUMENT, f"refresh: found {how!r}, expected normal or hard")
    return without_managed_fields(await _refreshed(call.service, key, how))


async def _refreshed(service: Service, key: AppKey, how: str) -> Object:
    """Ask for a refresh, and wait until the annotation that asks is gone."""
    deadline = time.monotonic() + REFRESH_TIMEOUT_SECONDS
    async with service.feed.listen() as listener:
        await to_thread.run_sync(ask_refresh, service, key, how)
        while (left := deadline - time.monotonic()) > 0 and not service.feed.ended:
            await listener.next(min(left, 1.0))
            app = await to_thread.run_sync(stored, service, key)
            if REFRESH not in (app["metadata"].get("annotations") or {}):
                return app
    raise Fault(Code.DEADLINE_EXCEEDED, f"{key} was not refreshed within {REFRESH_TIMEOUT_SECONDS:.0f} s")


def ask_refresh(service: Service, key: AppKey, how: str) -> Object:
    """Annotate the application as `kubectl annotate` would. Raises Fault when there is none."""
    try:
        answer = service.home.patch(
            APPLICATION, key.namespace, key.name, {"metadata": {"annotations": {REFRESH: how}}}
        )
    except NotFound:
        raise Fault(Code.NOT_FOUND, f'applications.argoproj.io "{key.name}" not found') from None
    service.ports.applications.put(answer)
    return answer


def create(call: Call) -> Object:
    """Make an application. One that exists with the same spec is answered; with `upsert` it is changed."""
    app = call.object
    meta = metadata_of(app)
    key = app_key(call.service, meta["name"], str(meta.get("namespace") or call.first("appNamespace")))
    kept = ("name", "labels", "annotations", "finalizers")
    made = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {name: meta[name] for name in kept if meta.get(name)} | {"namespace": key.namespace},
        "spec": json_object(app.get("spec"), "spec"),
    }
    if app.get("operation"):
        made["operation"] = json_object(app["operation"], "operation")
    checked(made)
    _project_exists(call.service, made)
    try:
        answer = call.service.home.create(made)
    except AlreadyExists:
        return _existing(call, key, made)
    call.service.ports.applications.put(answer)
    return without_managed_fields(answer)


def _existing(call: Call, key: AppKey, made: Object) -> Object:
    current = at_home(call.service, key)
    if current.get("spec") == made["spec"]:
        return without_managed_fields(current)
    if not call.truth("upsert"):
        raise Fault(
            Code.INVALID_ARGUMENT,
            "existing application spec is different, use upsert flag to force update",
        )
    return without_managed_fields(replace(call.service, key, lambda now: _updated(now, made)))


def _project_exists(service: Service, app: Object) -> None:
    project = app["spec"].get("project") or "default"
    if project not in service.fleet.current().projects:
        raise Fault(Code.INVALID_ARGUMENT, f"application references project {project} which does not exist")


def update(call: Call) -> Object:
    """Set spec, labels, annotations and finalizers of an application."""
    key, given = key_of_call(call), call.object
    metadata_of(given)
    _project_exists(call.service, {"spec": json_object(given.get("spec"), "spec")})
    return without_managed_fields(replace(call.service, key, lambda now: _updated(now, given)))


def _updated(current: Object, given: Object) -> Object:
    """The application with what a client set; labels and annotations that it does not name stay."""
    meta, new = dict(current["metadata"]), given.get("metadata") or {}
    for name in ("labels", "annotations"):
        if new.get(name):
            meta[name] = {**(meta.get(name) or {}), **json_object(new[name], f"metadata.{name}")}
    if "finalizers" in new:
        meta["finalizers"] = new["finalizers"] or []
    return {**current, "metadata": meta, "spec": json_object(given.get("spec"), "spec")}


def update_spec(call: Call) -> Object:
    """Set the spec; answers with it."""
    key, spec = key_of_call(call), call.object
    _project_exists(call.service, {"spec": spec})
    answer = replace(call.service, key, lambda now: {**now, "metadata": dict(now["metadata"]), "spec": spec})
    return dict(answer["spec"])


def patch(call: Call) -> Object:
    """`{patch, patchType: json|merge}`, on the whole application but its status and identity."""
    key, body = key_of_call(call), call.object
    kind = field(body, "patchType", str) or "json"
    try:
        given = orjson.loads(field(body, "patch", str) or "null")
    except orjson.JSONDecodeError as error:
        raise Fault(Code.INVALID_ARGUMENT, f"patch: {error}") from None
    return without_managed_fields(replace(call.service, key, lambda now: patched(now, given, kind)))


def patched(current: Object, given: Any, kind: str) -> Object:
    """The application with a patch; Raises Fault when it is none."""
    if kind == "merge":
        made = merge_patch(orjson.loads(orjson.dumps(current)), json_object(given, "patch"))
    elif kind == "json":
        try:
            made = jsonpatch.apply_patch(current, given)
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError) as error:
            raise Fault(Code.INVALID_ARGUMENT, f"patch: {error}") from None
    else:
        raise Fault(Code.INVALID_ARGUMENT, f"patchType: found {kind!r}, expected json or merge")
    if not isinstance(made, dict):
        raise Fault(Code.INVALID_ARGUMENT, "patch: leaves no Application")
    result = _updated(current, made)
    for name in ("labels", "annotations"):  # a patch may take away what an update leaves
        result["metadata"][name] = (made.get("metadata") or {}).get(name) or {}
    return result


def delete(call: Call) -> dict[str, Any]:
    """Delete an application, with its objects unless `cascade=false`."""
    policy = call.first("propagationPolicy").lower()
    if policy not in _POLICIES:
        raise Fault(
            Code.INVALID_ARGUMENT, f"propagationPolicy: found {policy!r}, expected foreground or background"
        )
    delete_application(
        call.service, key_of_call(call), cascade=call.truth("cascade", default=True), policy=policy
    )
    return {}


def delete_application(service: Service, key: AppKey, *, cascade: bool, policy: str = "") -> None:
    """Delete it, with the finalizer that says what becomes of its objects. Raises Fault when it is gone."""

    def finalizers(app: Object) -> dict[str, Any] | None:
        had = list(app["metadata"].get("finalizers") or [])
        wanted = [name for name in had if name not in _CASCADES]
        if cascade:
            present = [name for name in had if name in _CASCADES]
            wanted += present if present and not policy else [_POLICIES[policy]]
        return None if wanted == had else {"metadata": {"finalizers": wanted}}

    app = change(service, key, finalizers)
    try:
        service.home.delete(APPLICATION, key.namespace, key.name, uid=app["metadata"].get("uid", ""))
    except NotFound:
        raise Fault(Code.NOT_FOUND, f'applications.argoproj.io "{key.name}" not found') from None
