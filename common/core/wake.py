"""What in an Application wakes us.

The Application has no status subresource, so each status write bumps its generation and comes back as an
event. What counts is a digest of what people and tools set: the spec, the operation, the annotations that
ask us for something, the finalizers and the deletion; and, of the status, the one word that others write
there: an operation's phase `Terminating`.
"""

from __future__ import annotations

import hashlib

import orjson

from common.core.keys import Object
from common.core.statuses import OperationPhase

OUR_ANNOTATIONS = ("argocd.argoproj.io/", "moorings.dev/")
"""Prefixes of annotations that may ask for something."""

UNASKED = frozenset({"moorings.dev/state"})
"""Annotations that we write ourselves."""


def wake_digest(app: Object) -> str:
    """Differs when the Application asks for something else than before. What we write never changes it,
    but for the end of an operation that was to be terminated.
    """
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
        *(["terminate"] if _terminating(app) else []),
    )
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _terminating(app: Object) -> bool:
    state = (app.get("status") or {}).get("operationState") or {}
    return bool(state.get("phase") == OperationPhase.TERMINATING)
