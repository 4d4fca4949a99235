"""Status is written as the smallest merge patch, in Argo CD's schema."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import orjson
from hypothesis import given
from hypothesis import strategies as st

from common.core.convert import convert
from common.core.keys import ObjectKey
from common.core.model.destination import Destination
from common.core.model.operation import Operation, OperationState
from common.core.model.source import ApplicationSource, HelmOptions
from common.core.model.status import (
    ApplicationStatus,
    ComparedTo,
    Condition,
    Health,
    ResourceStatus,
    RevisionHistory,
    Sync,
)
from common.core.model.status_patch import status_json, status_patch
from tests.unit.common.core.model.documents import document

NOW = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


def test_empty_fields_are_left_out_and_times_are_utc_seconds() -> None:
    """As Argo CD's own JSON has them; keys stand in the schema's order."""
    status = ApplicationStatus(
        health=Health(status="Healthy"),
        reconciled_at=NOW.astimezone(timezone(timedelta(hours=2))),
        history=(RevisionHistory(id=0, deployed_at=NOW, revision="abc"),),
    )
    assert orjson.dumps(status_json(status)) == (
        b'{"health":{"status":"Healthy"},'
        b'"history":[{"revision":"abc","deployedAt":"2026-01-31T12:00:00Z","id":0}],'
        b'"reconciledAt":"2026-01-31T12:00:00Z"}'
    )


def test_no_change_is_no_patch() -> None:
    """Explicit empty values and unknown fields of the old status are no difference."""
    old = {"sync": {"status": "Synced", "revision": ""}, "history": [], "later": 1}
    assert status_patch(old, ApplicationStatus(sync=Sync(status="Synced"))) is None
    assert status_patch(None, ApplicationStatus()) is None


def test_only_what_differs_is_named() -> None:
    """A field that goes is null, objects are patched inside, and unknown fields are not touched."""
    old = {
        "sync": {"status": "Synced", "revision": "a", "later": 1},
        "health": {"status": "Healthy", "message": "fine"},
        "sourceType": "Helm",
    }
    new = ApplicationStatus(sync=Sync(status="OutOfSync", revision="a"), health=Health(status="Healthy"))
    assert status_patch(old, new) == {
        "sync": {"status": "OutOfSync"},
        "health": {"message": None},
        "sourceType": None,
    }


def test_entries_that_stay_keep_what_was_not_understood() -> None:
    """A merge patch replaces lists whole, so the entries that did not change go back as they were."""
    old = {"resources": [{"kind": "A", "name": "a", "later": 1}, {"kind": "B", "name": "b", "group": ""}]}
    new = ApplicationStatus(
        resources=(
            ResourceStatus(kind="B", name="b"),
            ResourceStatus(kind="A", name="a"),
            ResourceStatus(kind="C", name="c"),
        )
    )
    assert status_patch(old, new) == {
        "resources": [
            {"kind": "B", "name": "b", "group": ""},
            {"kind": "A", "name": "a", "later": 1},
            {"kind": "C", "name": "c"},
        ]
    }


def test_a_list_that_cannot_be_read_is_written_anew() -> None:
    """There is nothing to match its entries with."""
    old = {"sourceTypes": ["Helm", 3], "resources": "none"}
    new = ApplicationStatus(source_types=("Helm", "Directory"), resources=(ResourceStatus(name="a"),))
    assert status_patch(old, new) == {"sourceTypes": ["Helm", "Directory"], "resources": [{"name": "a"}]}


def test_nulls_in_values_do_not_make_a_patch_for_ever() -> None:
    """A merge patch cannot set null, so that null and absent are the same there."""
    source = ApplicationSource(repo_url="u", helm=HelmOptions(values_object={"a": None, "b": {"c": None}}))
    compared = ComparedTo(source=source, destination=Destination(server="s"))
    status = ApplicationStatus(sync=Sync(status="Synced", compared_to=compared))
    first = status_patch({}, status)
    assert first is not None
    assert first["sync"]["comparedTo"]["source"]["helm"] == {"valuesObject": {"b": {}}}
    assert status_patch(first, status) is None


def test_properties_of_a_status() -> None:
    """Unknown before the first comparison; an operation runs until its phase says that it is over."""
    assert ApplicationStatus().sync_status == "Unknown"
    assert ApplicationStatus(sync=Sync(status="Synced")).sync_status == "Synced"
    assert not ApplicationStatus().operation_running
    state = OperationState(operation=Operation(), phase="Running", started_at=NOW)
    assert ApplicationStatus(operation_state=state).operation_running
    over = msgspec.structs.replace(state, phase="Succeeded")
    assert not ApplicationStatus(operation_state=over).operation_running
    assert ResourceStatus(group="g", kind="K", name="n").key == ObjectKey("g", "K", "", "n")


_NAMES = st.sampled_from(["", "a", "b"])
_STATUSES = st.builds(
    ApplicationStatus,
    sync=st.none() | st.builds(Sync, status=_NAMES, revision=_NAMES, revisions=st.just(()) | st.just(("a",))),
    health=st.none() | st.builds(Health, status=_NAMES, message=_NAMES),
    resources=st.lists(
        st.builds(ResourceStatus, kind=_NAMES, name=_NAMES, hook=st.booleans(), sync_wave=st.integers(0, 2)),
        max_size=3,
    ).map(tuple),
    conditions=st.lists(st.builds(Condition, type=_NAMES, message=_NAMES), max_size=2).map(tuple),
    source_type=_NAMES,
)


@given(old=_STATUSES, new=_STATUSES)
def test_the_patch_makes_the_new_status(old: ApplicationStatus, new: ApplicationStatus) -> None:
    """RFC 7396: applied to the old status it gives what prints as the new one, and then there is no more."""
    before = status_json(old)
    patch = status_patch(before, new)
    after = before if patch is None else _merged(before, patch)
    assert status_patch(after, new) is None
    assert (patch is None) == (before == status_json(new))


def test_the_full_status_patches_to_itself() -> None:
    """Nothing to do, whatever is in it."""
    raw = document("application-full")["status"]
    assert status_patch(raw, convert(raw, ApplicationStatus)) is None


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = _merged(made.get(key), value)
    return made
