"""What is said beside an application's status because it has no effect, or none yet: never passed over.

Most of it depends only on what people set, so that it is found out once for each change of that.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from common.compatibility import Disposition, unhonoured, unhonoured_options
from common.core.annotations import SYNC_OPTIONS, listed
from common.core.conditions import Condition
from common.core.desired import DesiredSet
from common.core.errors import FieldError
from common.core.hooks import wave_of
from common.core.keys import Object, key_of
from common.core.model.application import Application
from common.core.model.conditions import ConditionType
from common.core.model.validation import spec_warnings
from common.core.wake import wake_digest

_SAID = (Disposition.LATER, Disposition.REFUSE)
_KEPT_LIMIT = 10_000
_kept: dict[tuple[str, ...], tuple[Condition, ...]] = {}


def remarks(app: Application, desired: DesiredSet | None) -> list[Condition]:
    """The warnings of an Application, and of its objects where those are known."""
    found = list(_of_application(app))
    if desired is not None:
        for obj in chain((one.object for one in desired.objects), desired.hooks):
            found += _of_object(obj)
    return found


def _of_application(app: Application) -> tuple[Condition, ...]:
    # The digest leaves out annotations that ask nothing of us; some of those have a row all the same.
    digest = (wake_digest(app.raw), *sorted(app.annotations))
    kept = _kept.get(digest)
    if kept is None:
        while len(_kept) >= _KEPT_LIMIT:
            _kept.pop(next(iter(_kept)), None)
        kept = _kept[digest] = tuple(_ignored(app))
    return kept


def _ignored(app: Application) -> Iterator[Condition]:
    for finding in unhonoured(app.raw):
        if finding.row.now in _SAID:
            yield Condition(ConditionType.UNHONOURED_FIELD_WARNING.value, str(finding))
    for warning in spec_warnings(app.spec, f"Application {app.key}"):
        yield Condition(ConditionType.INVALID_SPEC_WARNING.value, _said(warning))


def _of_object(obj: Object) -> Iterator[Condition]:
    if not (obj.get("metadata") or {}).get("annotations"):
        return
    wave = wave_of(obj)
    for name, text in wave.malformed:
        expected = f"a whole number; wave {wave.number} is used"
        yield Condition(
            "InvalidWaveWarning", f"Resource {key_of(obj)}: {name}: found {text!r}, expected {expected}"
        )
    for finding in unhonoured_options(listed(obj, SYNC_OPTIONS), f"Resource {key_of(obj)}"):
        if finding.row.now in _SAID:
            yield Condition(ConditionType.UNHONOURED_FIELD_WARNING.value, str(finding))


def _said(error: FieldError) -> str:
    """Without the object, which is the very one that carries the condition."""
    return f"{error.field}: found {error.found}, expected {error.expected}"
