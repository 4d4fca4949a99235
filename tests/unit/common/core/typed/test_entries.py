"""managedFields, read and written."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.errors import InvalidInput
from common.core.typed.entries import (
    ANCIENT,
    Conflict,
    Entry,
    capped,
    conflict_message,
    is_reset,
    lenient_entries,
    read_entries,
    timestamp,
    write_entries,
)
from common.core.typed.fields import FieldSet

from .samples import NOW, widget

REPLICAS = FieldSet.of(("f:spec", "f:replicas"))


def entry(manager: str, **changes: Any) -> Entry:
    """An Update entry over spec.replicas."""
    fields = {"operation": "Update", "api_version": "v1", "fields": REPLICAS, **changes}
    return Entry(manager=manager, **fields)


def test_round_trip() -> None:
    """What is written is read back."""
    entries = (entry("a", operation="Apply", time="2026-01-01T00:00:00Z"), entry("b", subresource="scale"))
    assert read_entries(widget(managedFields=write_entries(entries))) == entries


def test_order() -> None:
    """Appliers first, then by time and name; an entry without fields is left out."""
    entries = [
        entry("z"),
        entry("a", time="2"),
        entry("b", time="1"),
        entry("y", operation="Apply"),
        Entry(manager="none", operation="Update", api_version="v1"),
    ]
    assert [row["manager"] for row in write_entries(entries)] == ["y", "z", "b", "a"]


@pytest.mark.parametrize(
    "bad", [{}, "x", {"operation": "Other"}, {"operation": "Apply", "fieldsV1": {"x": {}}}]
)
def test_bad_entries(bad: Any) -> None:
    """One that cannot be read is refused, or, as API servers do, makes all of them forgotten."""
    obj = widget(managedFields=[bad])
    with pytest.raises(InvalidInput):
        read_entries(obj)
    assert lenient_entries(obj) == ()
    assert read_entries(None) == ()


def test_an_applier_stays_the_same_over_versions() -> None:
    """The version is part of who an updater is, not of who an applier is."""
    assert entry("a", operation="Apply").key == entry("a", operation="Apply", api_version="v2").key
    assert entry("a").key != entry("a", api_version="v2").key


def test_reset() -> None:
    """A single empty entry asks for a fresh start."""
    assert is_reset(widget(managedFields=[{}]))
    assert not is_reset(widget(managedFields=[]))
    assert not is_reset({})


def test_conflict_messages() -> None:
    """The sentences that kubectl shows: one conflict in a line, more in a list by manager."""
    edit = entry("kubectl-edit", time="2026-01-01T00:00:00Z")
    one = Conflict(entry=edit, path=("f:spec", "f:replicas"))
    assert conflict_message([one]) == (
        'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1 '
        "at 2026-01-01T00:00:00Z: .spec.replicas"
    )
    scale = Conflict(entry=entry("hpa", subresource="scale"), path=("f:spec", "f:replicas"))
    applier = Conflict(entry=entry("other", operation="Apply"), path=("f:spec", "f:paused"))
    again = Conflict(entry=entry("other", operation="Apply"), path=("f:spec", "f:note"))
    assert conflict_message([scale, applier, again]) == (
        'Apply failed with 3 conflicts: conflicts with "hpa" with subresource "scale" using v1:\n'
        "- .spec.replicas\n"
        'conflicts with "other":\n'
        "- .spec.paused\n"
        "- .spec.note"
    )


def test_timestamp() -> None:
    """RFC 3339, UTC, to the second."""
    assert timestamp(NOW) == "2026-01-02T03:04:05Z"


def test_updates_are_capped() -> None:
    """Beyond ten updaters the oldest are joined into one per version, so that objects stay small."""
    entries = [
        entry(
            f"m{number:02}", time=f"2026-01-01T00:00:{number:02}Z", fields=FieldSet.of((f"f:x{number:02}",))
        )
        for number in range(13)
    ]
    applier = entry("a", operation="Apply")
    kept = capped({row.key: row for row in (*entries, applier)})
    assert len(kept) == 11
    (ancient,) = [row for row in kept.values() if row.manager == ANCIENT]
    assert ancient.time == "2026-01-01T00:00:03Z"
    assert [path[0] for path in ancient.fields] == ["f:x00", "f:x01", "f:x02", "f:x03"]
    newer = entry("new", time="2026-01-02T00:00:00Z")
    again = capped({**kept, newer.key: newer})
    assert len(again) == 11
    assert sum(row.manager == ANCIENT for row in again.values()) == 1
    few = {row.key: row for row in entries[:10]}
    assert capped(few) is few
