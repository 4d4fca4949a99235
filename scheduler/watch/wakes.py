"""Which kinds of work an Application that asks for something is due for."""

from __future__ import annotations

from common.core.annotations import REFRESH, annotation
from common.core.keys import Object
from common.ports import Kind


def wake_kinds(app: Object) -> Kind:
    """The work that a changed Application is due for.

    Always a comparison; a refresh annotation asks the repository too (`hard`: without caches); an
    operation or a deletion is to be advanced.
    """
    kinds = Kind.DIFF
    refresh = annotation(app, REFRESH)
    if refresh:
        kinds |= Kind.FETCH
    if refresh == "hard":
        kinds |= Kind.HARD
    if app.get("operation") or (app.get("metadata") or {}).get("deletionTimestamp"):
        kinds |= Kind.APPLY
    return kinds
