"""What in an Application wakes us.

The Application has no status subresource, so each status write bumps its generation and comes back as an
event. What counts is a digest of what people and tools set: the spec, the operation, the annotations that
ask us for something, the finalizers and the deletion.
"""

from __future__ import annotations

import hashlib

import orjson

from common.core.keys import Object

OUR_ANNOTATIONS = ("argocd.argoproj.io/", "moorings.dev/")
"""Prefixes of annotations that may ask for something."""

UNASKED = frozenset({"moorings.dev/state"})
"""Annotations that we write ourselves."""


def wake_digest(app: Object) -> str:
    """Differs when the Application asks for something else than before. Status never changes it."""
    meta = app.get("metadata") or {}
    annotations = {
        name: value
        for name, value in (meta.get("annotations") or {}).items()
        if name.startswith(OUR_ANNOTATIONS) and name not in UNASKED
    }
    asked = (
        meta.get("uid"),
        app.get("spec"),
        app.get("operation"),
        annotations,
        meta.get("finalizers"),
        meta.get("deletionTimestamp"),
    )
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
