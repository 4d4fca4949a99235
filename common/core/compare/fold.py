"""The form in which objects are compared: what the server owns left out, and stringData folded into data."""

from __future__ import annotations

import base64

from common.core.keys import Object

SERVER_METADATA = frozenset(
    {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
)
"""Fields of metadata that only the server writes."""
UNCOMPARED_METADATA = SERVER_METADATA | {"name", "namespace", "generateName"}
"""Fields of metadata that are the object's identity or the server's."""
ROOT_SKIPPED = frozenset({"apiVersion", "kind", "status"})
"""Fields of an object that are no part of what is desired."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which client-side apply keeps what it applied."""


def is_secret(obj: Object) -> bool:
    """Whether it is a core Secret."""
    return obj.get("kind") == "Secret" and obj.get("apiVersion") == "v1"


def folded(obj: Object) -> Object:
    """A Secret with its stringData in data, base64 encoded, as the server stores it; any other as it is.

    stringData wins over data under the same key.
    """
    strings = obj.get("stringData")
    if not strings or not is_secret(obj):
        return obj
    encoded = {name: base64.b64encode(str(text).encode()).decode() for name, text in strings.items()}
    kept = {name: value for name, value in obj.items() if name != "stringData"}
    return {**kept, "data": {**(obj.get("data") or {}), **encoded}}


def without_server_fields(obj: Object) -> Object:
    """The object without status and without the metadata that only the server writes."""
    out = {name: value for name, value in obj.items() if name != "status"}
    metadata = out.get("metadata")
    if isinstance(metadata, dict):
        out["metadata"] = {name: value for name, value in metadata.items() if name not in SERVER_METADATA}
    return out
