"""What each method does to a resource."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from sandbox.auth import Authenticator, User, review
from sandbox.decoding import decode, decode_object, decode_yaml
from sandbox.deletion import delete, finalize_namespace
from sandbox.patches import MERGE_PATCH, TYPES, patched
from sandbox.reads import PLAIN, get_one, list_all, requested_form, selection
from sandbox.requests import Request, Target
from sandbox.resources import Resource
from sandbox.scale import scale_of, with_scale
from sandbox.state import ClusterState, WriteContext
from sandbox.status import (
    ApiError,
    Cause,
    bad_request,
    invalid,
    method_not_allowed,
    path_not_found,
    unsupported_media,
)
from sandbox.store import Entry
from sandbox.watches import Watcher, single_object_request
from sandbox.writes import (
    APPLY_PATCH,
    Written,
    create,
    load_as,
    patch,
    require,
    server_side_apply,
    update,
)

_VALIDATIONS = ("Ignore", "Warn", "Strict")


class Answer(msgspec.Struct, frozen=True):
    """A whole answer."""

    body: bytes
    status: int = 200
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Streamed(msgspec.Struct, frozen=True):
    """An answer that goes on: a watch."""

    watcher: Watcher


def write_context(request: Request, user: User, subresource: str) -> WriteContext:
    """Read the parameters of a write.

    Raises:
        ApiError: 400.
    """
    dry_run = request.query.get("dryRun", "")
    if dry_run not in ("", "All"):
        raise bad_request(f'dryRun: Unsupported value: "{dry_run}": supported values: "All"')
    validation = request.query.get("fieldValidation") or "Warn"
    if validation not in _VALIDATIONS:
        raise bad_request(
            f'fieldValidation: Unsupported value: "{validation}": supported values: {_VALIDATIONS}'
        )
    return WriteContext(
        manager=request.manager,
        dry_run=dry_run == "All",
        validation=validation,
        force=request.flag("force"),
        user=user.name,
        subresource=subresource,
    )


class Handlers:
    """Serves resources."""

    def __init__(self, state: ClusterState, authenticator: Authenticator) -> None:
        self._state = state
        self._authenticator = authenticator

    def handle(self, request: Request, resource: Resource, target: Target, user: User) -> Answer | Streamed:
        """One request to a resource.

        Raises:
            ApiError: whatever is wrong with it.
        """
        if resource.namespaced and target.name and not target.namespace:
            raise path_not_found()
        if target.namespace and not resource.namespaced:
            raise path_not_found()
        if target.subresource not in ("", "status"):
            return self._subresource(request, resource, target, user)
        if target.subresource == "status" and not resource.status:
            raise path_not_found()
        if not target.name:
            return self._on_collection(request, resource, target, user)
        return self._on_object(request, resource, target, user)

    def _on_collection(
        self, request: Request, resource: Resource, target: Target, user: User
    ) -> Answer | Streamed:
        method = request.method
        if method == "POST" and "create" in resource.verbs:
            return self._create(request, resource, target, user)
        if "list" not in resource.verbs:
            raise method_not_allowed()
        form = requested_form(request) if method == "GET" else PLAIN
        if method == "GET" and (target.watch or request.flag("watch")):
            return Streamed(Watcher(self._state, resource, target.namespace, request, form))
        if method == "GET":
            return Answer(list_all(self._state, resource, target.namespace, request, form))
        if method == "DELETE":
            return self._delete_collection(request, resource, target, user)
        raise method_not_allowed()

    def _create(self, request: Request, resource: Resource, target: Target, user: User) -> Answer:
        obj = decode_object(request.body, request.header(b"content-type"))
        if "get" not in resource.verbs:
            return Answer(orjson.dumps(review(self._authenticator, user, resource.plural, obj)), status=201)
        if resource.namespaced and not target.namespace:
            raise method_not_allowed()
        context = write_context(request, user, "")
        return self._written(
            request, resource, create(self._state, resource, target.namespace, obj, context), context
        )

    def _on_object(
        self, request: Request, resource: Resource, target: Target, user: User
    ) -> Answer | Streamed:
        method, key = request.method, (target.namespace, target.name)
        if "get" not in resource.verbs:
            raise method_not_allowed()
        if method == "GET":
            form = requested_form(request)
            if target.watch or request.flag("watch"):
                narrowed = single_object_request(request, target.name)
                return Streamed(Watcher(self._state, resource, target.namespace, narrowed, form))
            return Answer(get_one(self._state, resource, require(self._state, resource, key), form))
        context = write_context(request, user, target.subresource)
        if method == "PUT":
            obj = decode_object(request.body, request.header(b"content-type"))
            return self._written(request, resource, update(self._state, resource, key, obj, context), context)
        if method == "PATCH":
            return self._written(request, resource, self._patch(request, resource, target, context), context)
        if method == "DELETE" and not target.subresource:
            options = _delete_options(request)
            context.dry_run = context.dry_run or options.get("dryRun") == ["All"]
            return self._written(
                request, resource, delete(self._state, resource, key, options, context), context
            )
        raise method_not_allowed()

    def _patch(self, request: Request, resource: Resource, target: Target, context: WriteContext) -> Written:
        kind = request.header(b"content-type").partition(";")[0].strip()
        key = (target.namespace, target.name)
        if kind == APPLY_PATCH:
            if not request.query.get("fieldManager"):
                raise _options_error("fieldManager", "Required value: is required for apply patch")
            obj = decode_yaml(request.body)
            if not isinstance(obj, dict):
                raise bad_request("the apply configuration is no object")
            return server_side_apply(self._state, resource, key, request.body, obj, context)
        if kind not in TYPES:
            raise unsupported_media(kind, ", ".join(TYPES))
        if "force" in request.query:
            raise _options_error("force", "Forbidden: may not be specified for non-apply patch")
        body = decode(request.body, "application/json")
        return patch(self._state, resource, key, body, kind, context)

    def _written(
        self, request: Request, resource: Resource, written: Written, context: WriteContext
    ) -> Answer:
        body = written.body
        accept = request.header(b"accept")
        if "as=" in accept and not written.gone:
            body = self._in_form(request, resource, body)
        headers = tuple(
            (b"warning", b'299 - "' + said.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"')
            for said in context.warnings
        )
        return Answer(body, status=201 if written.created else 200, headers=headers)

    def _in_form(self, request: Request, resource: Resource, body: bytes) -> bytes:
        form = requested_form(request)
        if form is PLAIN:
            return body
        obj = orjson.loads(body)
        obj["metadata"].setdefault("resourceVersion", "0")
        meta = obj["metadata"]
        entry = Entry(resource.storage, (meta.get("namespace", ""), meta["name"]), orjson.dumps(obj), obj)
        return get_one(self._state, resource, entry, form)

    def _delete_collection(self, request: Request, resource: Resource, target: Target, user: User) -> Answer:
        options, context = _delete_options(request), write_context(request, user, "")
        test = selection(request, resource)
        chosen = self._state.store.collection(resource.storage).select(target.namespace)
        chosen = [entry for entry in chosen if test is None or test(entry)]
        for entry in chosen:
            delete(self._state, resource, entry.key, options, context)
        listed = {
            "kind": resource.list_kind,
            "apiVersion": resource.api_version,
            "metadata": {"resourceVersion": str(self._state.store.rv)},
            "items": [load_as(resource, entry) for entry in chosen],
        }
        return Answer(orjson.dumps(listed))

    def _subresource(self, request: Request, resource: Resource, target: Target, user: User) -> Answer:
        key = (target.namespace, target.name)
        if target.subresource == "scale" and resource.scale is not None:
            return self._scale(request, resource, target, user)
        if target.subresource == "finalize" and resource.storage == ("", "namespaces"):
            if request.method != "PUT":
                raise method_not_allowed()
            obj = decode_object(request.body, request.header(b"content-type"))
            context = write_context(request, user, "")
            return Answer(finalize_namespace(self._state, resource, key, obj, context).body)
        if resource.storage == ("", "pods") and target.subresource in _UNSUPPORTED:
            require(self._state, resource, key)
            raise ApiError(
                501,
                "NotImplemented",
                f"pods/{target.subresource} is not supported: a sandbox runs no containers",
            )
        raise path_not_found()

    def _scale(self, request: Request, resource: Resource, target: Target, user: User) -> Answer:
        key = (target.namespace, target.name)
        entry = require(self._state, resource, key)
        live = load_as(resource, entry)
        scale = scale_of(resource, live)
        if request.method == "GET":
            return Answer(orjson.dumps(scale))
        context = write_context(request, user, "scale")
        content_type = request.header(b"content-type")
        if request.method == "PUT":
            wanted = decode_object(request.body, content_type)
        elif request.method == "PATCH":
            kind = content_type.partition(";")[0]
            body = decode(request.body, "application/json")
            kind = MERGE_PATCH if "strategic" in kind else kind
            wanted = patched(resource, scale, body, kind, self._state.typed(resource))
        else:
            raise method_not_allowed()
        written = update(self._state, resource, key, with_scale(resource, live, wanted), context)
        return Answer(orjson.dumps(scale_of(resource, orjson.loads(written.body))))


_UNSUPPORTED = ("log", "exec", "attach", "portforward", "eviction", "proxy", "ephemeralcontainers")


def _options_error(field: str, message: str) -> ApiError:
    options = Resource(group="meta.k8s.io", version="v1", kind="PatchOptions", plural="patchoptions")
    return invalid(options, "", [Cause("FieldValueInvalid", field, message)])


def _delete_options(request: Request) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if request.body:
        options = decode_object(request.body, request.header(b"content-type"))
    if "propagationPolicy" in request.query:
        options["propagationPolicy"] = request.query["propagationPolicy"]
    if request.query.get("dryRun"):
        options["dryRun"] = [request.query["dryRun"]]
    return options
