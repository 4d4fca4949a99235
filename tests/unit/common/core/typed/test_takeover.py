"""Ownership of earlier appliers becomes ours; everybody else's stays."""

from __future__ import annotations

from typing import Any

from common.core.keys import Object
from common.core.typed.takeover import has_entries_of, taken_over

KUBECTL = "kubectl-client-side-apply"


def entry(manager: str, operation: str, *keys: str, subresource: str = "", **more: Any) -> Object:
    """An entry that owns keys of `data`."""
    made = {
        "manager": manager,
        "operation": operation,
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "time": "2026-01-01T00:00:00Z",
        "fieldsV1": {"f:data": {f"f:{key}": {} for key in keys}},
        **more,
    }
    return {**made, "subresource": subresource} if subresource else made


def owned(*entries: Object) -> Object:
    """A ConfigMap with these entries."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "managedFields": [*entries]}}


def owners(entries: list[Object] | None) -> dict[tuple[str, str, str], list[str]]:
    """Who owns which keys of `data`."""
    return {
        (one["manager"], one["operation"], one.get("subresource", "")): sorted(one["fieldsV1"]["f:data"])
        for one in entries or ()
    }


def test_an_update_of_a_legacy_applier_becomes_our_apply() -> None:
    """kubectl's client-side apply is an Update; its fields are ours, by Apply, afterwards."""
    live = owned(entry(KUBECTL, "Update", "a", "b"), entry("moorings", "Apply", "c"))
    assert owners(taken_over(live, [KUBECTL], manager="moorings")) == {
        ("moorings", "Apply", ""): ["f:a", "f:b", "f:c"]
    }


def test_several_appliers_are_joined() -> None:
    """Argo CD may have written by Update and by Apply; both are taken."""
    live = owned(entry("argocd-controller", "Update", "a"), entry("argocd-controller", "Apply", "b"))
    assert owners(taken_over(live, ["argocd-controller"], manager="moorings")) == {
        ("moorings", "Apply", ""): ["f:a", "f:b"]
    }


def test_others_keep_what_is_theirs() -> None:
    """Other managers, and what a subresource wrote, are left alone."""
    live = owned(
        entry(KUBECTL, "Update", "a"),
        entry("kubectl-edit", "Update", "b"),
        entry(KUBECTL, "Update", "c", subresource="scale"),
    )
    assert owners(taken_over(live, [KUBECTL], manager="moorings")) == {
        ("kubectl-edit", "Update", ""): ["f:b"],
        (KUBECTL, "Update", "scale"): ["f:c"],
        ("moorings", "Apply", ""): ["f:a"],
    }


def test_nothing_to_take_is_none() -> None:
    """Without an entry of theirs there is nothing to write."""
    assert taken_over(owned(entry("kubectl-edit", "Update", "a")), [KUBECTL], manager="moorings") is None
    assert taken_over({"metadata": {}}, [KUBECTL], manager="moorings") is None
    assert not has_entries_of({}, [KUBECTL])


def test_unreadable_entries_are_left_alone() -> None:
    """Ownership that cannot be read is not rewritten."""
    live = owned(entry(KUBECTL, "Update", "a"), {"manager": "odd", "operation": "Invent"})
    assert taken_over(live, [KUBECTL], manager="moorings") is None
