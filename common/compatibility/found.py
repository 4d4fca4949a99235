"""What an object uses that Moorings does not act on (yet)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
import orjson

from common.compatibility.table import Disposition, Row, row_of, rows
from common.core.keys import Object
from common.core.model.names import PREFIX, SECRET_TYPE

_REPOSITORY_TYPES = ("repository", "repo-creds", "repository-write", "repo-write-creds")
_SETTINGS = ("argocd-cm", "argocd-cmd-params-cm")
_SOURCES = ("spec.source", "spec.sources", "operation.sync.source", "operation.sync.sources")
_EMPTY: tuple[Any, ...] = ("", (), [], {}, None, False, 0)
_ONE = "Application source"
_CLOUD_PLUGIN = "argocd-k8s-auth"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One name that an object uses, and its row. It never holds a value."""

    object: str
    used: str
    """The name as the object has it."""
    row: Row

    def __str__(self) -> str:
        said = {
            Disposition.LATER: "is not acted on yet",
            Disposition.ACCEPT: "has no meaning here",
            Disposition.REFUSE: "is refused",
            Disposition.HONOUR: "is honoured",
        }[self.row.now]
        note = f" ({self.row.note})" if self.row.note else ""
        return f"{self.object}: {self.used} {said}{note}"


def unhonoured(obj: Object) -> list[Finding]:
    """What an Application, AppProject, ApplicationSet, ConfigMap or Secret of an installation uses that is
    not honoured, in the order of the table within each part of it. Nothing for other objects.
    """
    found = (
        Finding(object=_shown(obj), used=used, row=row)
        for where, used in _used(obj)
        if (row := row_of(where, used)) is not None and row.now is not Disposition.HONOUR
    )
    return list(dict.fromkeys(found))


def unhonoured_options(options: Iterable[str], name: str) -> list[Finding]:
    """The same for a list of sync options, such as an object's annotation has."""
    names = dict.fromkeys(option.partition("=")[0].strip() for option in options)
    found = ((used, row_of("Sync option", used)) for used in names)
    return [
        Finding(object=name, used=used, row=row)
        for used, row in found
        if row is not None and row.now is not Disposition.HONOUR
    ]


def _used(obj: Object) -> Iterator[tuple[str, str]]:
    """Pairs of `where` and name, as far as the object uses them."""
    kind = obj.get("kind")
    if kind == "Application":
        yield from _application(obj)
    elif kind in ("AppProject", "ApplicationSet"):
        yield from _fields(kind, obj)
    elif kind == "ConfigMap":
        yield from _config_map(obj)
    elif kind == "Secret":
        yield from _secret(obj)


def _application(obj: Object) -> Iterator[tuple[str, str]]:
    yield from ((w, n) for w, n in _fields("Application", obj) if not n.startswith("status."))
    for place in _SOURCES:
        for source in _values(obj, place):
            yield from _fields(_ONE, source)
    for place in ("spec.syncPolicy.syncOptions", "operation.sync.syncOptions"):
        for option in _values(obj, place):
            yield "Sync option", str(option).partition("=")[0].strip()
    meta = _mapping(obj.get("metadata"))
    for name in sorted(_mapping(meta.get("annotations"))):
        yield "Application annotation", name
    for finalizer in meta.get("finalizers") or ():
        yield "Application finalizer", str(finalizer)


def _config_map(obj: Object) -> Iterator[tuple[str, str]]:
    name = _name(obj)
    yield "ConfigMap", name
    if name in _SETTINGS:
        for key in sorted(_mapping(obj.get("data"))):
            yield f"ConfigMap {name}", key


def _secret(obj: Object) -> Iterator[tuple[str, str]]:
    meta = _mapping(obj.get("metadata"))
    kind = str(_mapping(meta.get("labels")).get(SECRET_TYPE) or "")
    values = {**_mapping(obj.get("data")), **_mapping(obj.get("stringData"))}
    if _name(obj) == "argocd-secret":
        for key in sorted(values):
            yield "Secret argocd-secret", key
    if kind:
        yield "Secret type", kind
    if kind in _REPOSITORY_TYPES:
        for key in sorted(values):
            yield "Secret repository", key
    if kind == "cluster":
        config = _config(obj)
        yield from _fields("Secret cluster", {**values, "config": config})
        if any(str(one).endswith(_CLOUD_PLUGIN) for one in _values(config, "execProviderConfig.command")):
            yield "Behaviour", f"{_CLOUD_PLUGIN} in execProviderConfig"
        for name in sorted(_mapping(meta.get("annotations"))):
            if name.startswith(PREFIX):
                yield "Cluster annotation", name


def _config(obj: Object) -> Any:
    """A cluster's configuration, of which only the names are told."""
    given = _mapping(obj.get("stringData")).get("config")
    encoded = _mapping(obj.get("data")).get("config")
    try:
        return orjson.loads(given if given is not None else base64.b64decode(str(encoded or "e30=")))
    except (orjson.JSONDecodeError, binascii.Error):
        return None


def _fields(where: str, value: Any) -> Iterator[tuple[str, str]]:
    for row in rows():
        if row.where == where and any(_set(found) for found in _values(value, row.name)):
            yield where, row.name


def _set(value: Any) -> bool:
    return value not in _EMPTY


def _values(value: Any, path: str) -> Iterator[Any]:
    """What is at a path; lists on the way, and at its end, are gone through."""
    if isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        first, _, rest = path.partition(".")
        if first in value:
            yield from _values(value[first], rest)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _name(obj: Object) -> str:
    return str(_mapping(obj.get("metadata")).get("name") or "")


def _shown(obj: Object) -> str:
    namespace = _mapping(obj.get("metadata")).get("namespace") or ""
    return f"{obj.get('kind')} {namespace}/{_name(obj)}"
