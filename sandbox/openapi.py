"""OpenAPI v3, one document per group version: as much as clients look up in it (schemas, and which
parameters a PATCH takes), made when it is first asked for.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from sandbox.discovery import version
from sandbox.resources import Resource, ResourceTable
from sandbox.schemas import COMPONENT, Schema, closure

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_STATUS = f"{_META}Status"
_TEXT = {"type": "string", "uniqueItems": True}
_FLAG = {"type": "boolean", "uniqueItems": True}


class OpenApi:
    """A cluster's documents. They are made anew when what is served changes."""

    def __init__(self, table: ResourceTable) -> None:
        self._table = table
        self._revision = -1
        self._documents: dict[str, tuple[bytes, str]] = {}

    def _fresh(self) -> None:
        if self._revision != self._table.revision:
            self._revision = self._table.revision
            self._documents = {
                name: kept for name, kept in self._documents.items() if kept[1] == self._digest(name)
            }

    def index(self) -> dict[str, Any]:
        """The `/openapi/v3` document: a path with a digest for each group version."""
        self._fresh()
        paths = {}
        for group, versions in self._table.groups().items():
            for name in versions:
                path = f"apis/{group}/{name}" if group else f"api/{name}"
                paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={self._digest(path)}"}
        return {"paths": dict(sorted(paths.items()))}

    def _resources(self, path: str) -> list[Resource]:
        parts = path.split("/")
        group, name = ("", parts[1]) if parts[0] == "api" and len(parts) == 2 else (parts[1], parts[-1])
        return self._table.groups().get(group, {}).get(name, [])

    def _digest(self, path: str) -> str:
        named = [
            [r.plural, r.definition, r.schema, r.status, r.scale is not None] for r in self._resources(path)
        ]
        text = orjson.dumps([version()["gitVersion"], named], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(text).hexdigest()[:32].upper()

    def document(self, path: str) -> tuple[bytes, str] | None:
        """One group version's document and its digest, by its path in the index; None when not served."""
        self._fresh()
        if path.count("/") not in (1, 2) or not (resources := self._resources(path)):
            return None
        found = self._documents.get(path)
        if found is None:
            found = (orjson.dumps(_document(resources)), self._digest(path))
            self._documents[path] = found
        return found

    def version_two(self) -> bytes:
        """All kinds' schemas in the shape of OpenAPI v2; without paths."""
        schemas: Schema = closure([r.definition for r in self._table if r.definition])
        schemas |= {schema_name(r): custom_schema(r) for r in self._table if r.custom}
        found = {
            "swagger": "2.0",
            "info": {"title": "Kubernetes", "version": version()["gitVersion"]},
            "paths": {},
            "definitions": schemas,
        }
        return orjson.dumps(found).replace(COMPONENT.encode(), b"#/definitions/")


def _document(resources: list[Resource]) -> Schema:
    paths: Schema = {}
    schemas: Schema = {}
    names = [_STATUS, f"{_META}DeleteOptions", f"{_META}ObjectMeta", f"{_META}ListMeta"]
    for resource in resources:
        name = schema_name(resource)
        if resource.custom:
            schemas[name] = custom_schema(resource)
        else:
            names.append(name)
        schemas[f"{name}List"] = _list_schema(resource, name)
        paths |= _paths(resource, name)
        if resource.scale is not None:
            names.append("io.k8s.api.autoscaling.v1.Scale")
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": version()["gitVersion"]},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted((closure(names) | schemas).items()))},
    }


def schema_name(resource: Resource) -> str:
    """The name of a kind's schema: a custom resource's is its group reversed."""
    if resource.definition:
        return resource.definition
    return ".".join([*reversed(resource.group.split(".")), resource.version, resource.kind])


def custom_schema(resource: Resource) -> Schema:
    """A CRD's schema as it is published: with its kind, and with typed metadata."""
    made: Schema = dict(resource.schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    text = {"type": "string"}
    identity = {
        "apiVersion": text | {"description": "The version of this representation of an object."},
        "kind": text | {"description": "The kind of this object."},
        "metadata": {
            "description": "Standard object's metadata.",
            "allOf": [{"$ref": f"{COMPONENT}{_META}ObjectMeta"}],
            "default": {},
        },
    }
    made["properties"] = {**(made.get("properties") or {}), **identity}
    made["x-kubernetes-group-version-kind"] = [_kind(resource)]
    return made


def _kind(resource: Resource) -> dict[str, str]:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _list_schema(resource: Resource, name: str) -> Schema:
    return {
        "description": f"{resource.list_kind} is a list of {resource.kind}",
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "items": {"type": "array", "items": {"allOf": [{"$ref": COMPONENT + name}]}},
            "metadata": {"allOf": [{"$ref": f"{COMPONENT}{_META}ListMeta"}]},
        },
        "x-kubernetes-group-version-kind": [_kind(resource) | {"kind": resource.list_kind}],
    }


def _parameters(*names: str) -> list[Schema]:
    flags = ("force", "watch", "allowWatchBookmarks", "sendInitialEvents")
    return [{"name": n, "in": "query", "schema": _FLAG if n in flags else _TEXT} for n in names]


_WRITE = ("dryRun", "fieldManager", "fieldValidation")
_LIST = ("labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "watch", "timeoutSeconds")


def _operation(resource: Resource, action: str, name: str, parameters: list[Schema]) -> Schema:
    answer = {"application/json": {"schema": {"$ref": COMPONENT + name}}}
    operation: Schema = {
        "operationId": f"{action}{resource.kind}{resource.version}{resource.group}".replace(".", ""),
        "tags": [f"{resource.group or 'core'}_{resource.version}"],
        "parameters": parameters,
        "responses": {"200": {"description": "OK", "content": answer}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": _kind(resource),
    }
    if action in ("post", "put", "patch"):
        operation["requestBody"] = {"content": {"*/*": {"schema": {"$ref": COMPONENT + name}}}}
    return operation


def _paths(resource: Resource, name: str) -> Schema:
    root = f"/apis/{resource.group}" if resource.group else "/api"
    base = f"{root}/{resource.version}/"
    base += f"namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else resource.plural
    collection: Schema = {}
    if "list" in resource.verbs:
        collection["get"] = _operation(resource, "list", f"{name}List", _parameters(*_LIST))
        collection["delete"] = _operation(
            resource, "deletecollection", _STATUS, _parameters(*_LIST, "dryRun")
        )
    collection["post"] = _operation(resource, "post", name, _parameters(*_WRITE))
    if "get" not in resource.verbs:
        return {base: collection}
    single = {
        "get": _operation(resource, "get", name, []),
        "put": _operation(resource, "put", name, _parameters(*_WRITE)),
        "patch": _operation(resource, "patch", name, _parameters(*_WRITE, "force")),
        "delete": _operation(resource, "delete", _STATUS, _parameters("dryRun", "propagationPolicy")),
    }
    paths = {base: collection, f"{base}/{{name}}": single}
    if resource.status:
        paths[f"{base}/{{name}}/status"] = {k: v for k, v in single.items() if k != "delete"}
    return paths
