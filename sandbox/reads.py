"""GET and LIST: selection, pages, versions, and the three forms an answer may take."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from sandbox.requests import Request
from sandbox.resources import Resource
from sandbox.selectors import BadSelector, field_selector, label_selector
from sandbox.state import ClusterState
from sandbox.status import ApiError, bad_request, expired
from sandbox.store import Entry, Key, TooOld
from sandbox.tables import TableForm, table
from sandbox.writes import load_as, raw_as

Test = Callable[[Entry], bool]
EXPIRED_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list"
    " without the continue parameter."
)


class Form:
    """How objects are to be answered: as they are, as metadata only, or as a table."""

    __slots__ = ("partial", "table")

    def __init__(self, *, table: TableForm | None = None, partial: bool = False) -> None:
        self.table = table
        self.partial = partial


PLAIN = Form()


def requested_form(request: Request) -> Form:
    """Read the Accept header.

    Raises:
        ApiError: 406 when nothing that is asked for can be given.
    """
    accept = request.header(b"accept")
    if not accept or accept in ("application/json", "*/*"):
        return PLAIN
    for each in accept.split(","):
        kind, _, rest = each.strip().partition(";")
        parameters = dict(p.strip().partition("=")[::2] for p in rest.split(";") if p)
        if kind not in ("application/json", "*/*", "application/*", "application/yaml", "text/html"):
            continue
        shape, group = parameters.get("as", ""), parameters.get("g", "")
        if not shape:
            return PLAIN
        if group == "meta.k8s.io" and parameters.get("v") in ("v1", "v1beta1"):
            if shape == "Table":
                include = request.query.get("includeObject", "Metadata")
                return Form(table=TableForm(version=parameters["v"], include=include))
            if shape in ("PartialObjectMetadata", "PartialObjectMetadataList"):
                return Form(partial=True)
    raise ApiError(
        406,
        "NotAcceptable",
        "only the following media types are accepted: application/json,"
        " application/json;as=Table;g=meta.k8s.io;v=v1",
    )


def selection(request: Request, resource: Resource) -> Test | None:
    """The label and field selectors of a request as one test; None when everything passes.

    Raises:
        ApiError: 400.
    """
    try:
        labels = label_selector(request.query.get("labelSelector", ""))
        fields = field_selector(request.query.get("fieldSelector", ""), resource.storage)
    except BadSelector as error:
        raise bad_request(str(error)) from error
    if labels is None:
        return fields
    if fields is None:
        return lambda entry: labels(entry.labels)
    return lambda entry: labels(entry.labels) and fields(entry)


def get_one(state: ClusterState, resource: Resource, entry: Entry, form: Form) -> bytes:
    """The answer to a GET, or to a write when it asks for another form."""
    if form.table is not None:
        return orjson.dumps(table(state, resource, [entry], form.table, str(entry.rv)))
    if form.partial:
        return orjson.dumps(partial(resource, entry))
    return raw_as(resource, entry)


def partial(resource: Resource, entry: Entry) -> dict[str, Any]:
    """An object's PartialObjectMetadata."""
    meta = load_as(resource, entry)["metadata"]
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta}


def parse_number(text: str, what: str = "resourceVersion") -> int:
    """A number of the query.

    Raises:
        ApiError: 400.
    """
    try:
        return int(text)
    except ValueError as error:
        raise bad_request(
            f'{what}: Invalid value: "{text}": strconv.ParseUint: parsing: invalid syntax'
        ) from error


def list_all(state: ClusterState, resource: Resource, namespace: str, request: Request, form: Form) -> bytes:
    """The answer to a LIST.

    Raises:
        ApiError: 400, 406, 410 or 504 (a version that is not reached yet).
    """
    test = selection(request, resource)
    limit = parse_number(request.query.get("limit") or "0", "limit")
    entries, version, start = _source(state, resource, namespace, request)
    if start is not None:
        entries = [entry for entry in entries if entry.key > start]
    if test is not None:
        entries = [entry for entry in entries if test(entry)]
    left = len(entries) - limit
    meta: dict[str, Any] = {"resourceVersion": str(version)}
    if limit > 0 and left > 0:
        entries = entries[:limit]
        meta["continue"] = _token(version, entries[-1].key)
        if test is None:
            meta["remainingItemCount"] = left
    return _listed(state, resource, entries, meta, form)


def _source(
    state: ClusterState, resource: Resource, namespace: str, request: Request
) -> tuple[list[Entry], int, Key | None]:
    collection = state.store.collection(resource.storage)
    token = request.query.get("continue")
    asked = request.query.get("resourceVersion", "")
    match = request.query.get("resourceVersionMatch", "")
    try:
        if token:
            version, start = _read_token(token)
            return collection.at(version, namespace), version, start
        if match and not asked:
            raise bad_request(
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is"
                " provided"
            )
        version = parse_number(asked) if asked else 0
        if version > state.store.rv:
            raise too_new(version, state.store.rv)
        if match == "Exact" or (asked not in ("", "0") and not match and request.query.get("limit")):
            return collection.at(version, namespace), version, None
    except TooOld as error:
        raise expired(EXPIRED_CONTINUE if token else str(error)) from error
    return collection.select(namespace), state.store.rv, None


def too_new(asked: int, current: int) -> ApiError:
    """504: a resourceVersion that this server has not seen."""
    return ApiError(
        504,
        "Timeout",
        f"Too large resource version: {asked}, current: {current}",
        details={
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        },
    )


def _token(version: int, key: Key) -> str:
    return base64.urlsafe_b64encode(
        orjson.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": key})
    ).decode()


def _read_token(token: str) -> tuple[int, Key]:
    try:
        found = orjson.loads(base64.urlsafe_b64decode(token))
        namespace, name = found["start"]
        return int(found["rv"]), (str(namespace), str(name))
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request("continue key is not valid: the token cannot be read") from error


def _listed(
    state: ClusterState, resource: Resource, entries: list[Entry], meta: dict[str, Any], form: Form
) -> bytes:
    if form.table is not None:
        shown = table(state, resource, entries, form.table, meta["resourceVersion"])
        shown["metadata"] = meta
        return orjson.dumps(shown)
    if form.partial:
        items = [partial(resource, entry) for entry in entries]
        kind = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
        return orjson.dumps(kind | {"metadata": meta, "items": items})
    return _joined(resource, (raw_as(resource, entry) for entry in entries), meta)


def _joined(resource: Resource, raws: Iterable[bytes], meta: dict[str, Any]) -> bytes:
    head = orjson.dumps({"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": meta})
    return head[:-1] + b',"items":[' + b",".join(raws) + b"]}"
