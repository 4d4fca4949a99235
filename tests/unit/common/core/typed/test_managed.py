"""Server-side apply and the tracking of other writes, by the rules and examples of kubernetes.io."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.errors import InvalidInput
from common.core.typed.entries import conflict_message, read_entries
from common.core.typed.fields import FieldSet, render_path
from common.core.typed.managed import NOT_STATUS, STATUS, apply, track
from common.core.typed.schema import DEDUCED

from .samples import LATER, NOW, WIDGET, copied, widget


def applied(
    live: Any, spec: Any, manager: str = "a", *, force: bool = False, now: Any = NOW, **metadata: Any
) -> Any:
    """The object after an apply that must not conflict."""
    result = apply(live, widget(spec, **metadata), WIDGET, manager=manager, now=now, force=force)
    assert result.conflicts == ()
    return result.object


def edited(live: Any, manager: str = "edit", *, now: Any = LATER, **spec: Any) -> Any:
    """The object after somebody's update of its spec; None takes a field out."""
    new = copied(live)
    for name, value in spec.items():
        new["spec"].pop(name, None)
        if value is not None:
            new["spec"][name] = value
    return track(live, new, WIDGET, manager=manager, now=now)


def owners(obj: Any) -> dict[str, list[str]]:
    """Whose spec's fields are, for reading."""
    return {
        entry.manager: [text for path in entry.fields if (text := render_path(path)).startswith("spec.")]
        for entry in read_entries(obj)
    }


def test_create() -> None:
    """The first apply makes the object and owns what it names, but not its identity."""
    obj = applied(None, {"replicas": 1}, labels={"a": "b"})
    assert obj["metadata"]["managedFields"] == [
        {
            "apiVersion": "test.io/v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:replicas": {}}},
            "manager": "a",
            "operation": "Apply",
            "time": "2026-01-02T03:04:05Z",
        }
    ]


def test_the_same_apply_changes_nothing() -> None:
    """A no-op keeps its time, so that it is no write."""
    obj = applied(None, {"replicas": 1})
    again = apply(obj, widget({"replicas": 1}), WIDGET, manager="a", now=LATER)
    assert not again.changed
    assert again.object is obj


def test_conflict_and_force() -> None:
    """Another manager's field with another value is a conflict; force takes it from them."""
    live = edited(applied(None, {"replicas": 3}), "kubectl-edit", replicas=1)
    assert owners(live) == {"kubectl-edit": ["spec.replicas"]}
    refused = apply(live, widget({"replicas": 3}), WIDGET, manager="a", now=LATER)
    assert refused.object is live
    assert not refused.changed
    assert conflict_message(refused.conflicts) == (
        'Apply failed with 1 conflict: conflict with "kubectl-edit" using test.io/v1 '
        "at 2026-01-02T03:05:06Z: .spec.replicas"
    )
    taken = applied(live, {"replicas": 3}, force=True)
    assert taken["spec"]["replicas"] == 3
    assert owners(taken) == {"a": ["spec.replicas"]}


def test_equal_values_are_shared() -> None:
    """Two appliers of the same value both own it; one that lets go leaves it to the other."""
    both = applied(applied(None, {"replicas": 3, "paused": True}), {"replicas": 3}, "b")
    assert owners(both) == {"a": ["spec.paused", "spec.replicas"], "b": ["spec.replicas"]}
    left = applied(both, {"paused": True})
    assert left["spec"] == {"replicas": 3, "paused": True}
    assert owners(left) == {"a": ["spec.paused"], "b": ["spec.replicas"]}
    gone = apply(left, widget({}), WIDGET, manager="b", now=LATER).object
    assert gone["spec"] == {"paused": True}


def test_a_shared_field_conflicts_when_one_changes_it() -> None:
    """Sharing is agreeing: a new value is a conflict with every other owner."""
    both = applied(applied(None, {"replicas": 3}), {"replicas": 3}, "b")
    result = apply(both, widget({"replicas": 4}), WIDGET, manager="a", now=LATER)
    assert [(c.entry.manager, c.field) for c in result.conflicts] == [("b", ".spec.replicas")]


def test_giving_up_removes_what_nobody_owns() -> None:
    """Fields, list items and map keys that the applier named and names no more are taken out."""
    before = {
        "replicas": 3,
        "containers": [{"name": "app", "image": "1", "env": [{"name": "A", "value": "1"}]}, {"name": "side"}],
        "extra": {"x": 1},
    }
    live = applied(None, before, labels={"a": "1", "b": "2"})
    after = applied(live, {"containers": [{"name": "app", "image": "1"}]}, labels={"b": "2"})
    assert after["spec"] == {"containers": [{"name": "app", "image": "1"}]}
    assert after["metadata"]["labels"] == {"b": "2"}


def test_the_documented_hand_over_of_replicas() -> None:
    """kubernetes.io, "Transferring ownership": the autoscaler sets replicas, then the user leaves it out."""
    live = applied(
        None, {"replicas": 3, "containers": [{"name": "nginx", "image": "nginx:1.14.2"}]}, "kubectl"
    )
    scaled = apply(live, widget({"replicas": 3}), WIDGET, manager="autoscaler", now=LATER).object
    handed = applied(scaled, {"containers": [{"name": "nginx", "image": "nginx:1.14.2"}]}, "kubectl")
    assert handed["spec"]["replicas"] == 3
    assert owners(handed)["autoscaler"] == ["spec.replicas"]
    assert "spec.replicas" not in owners(handed)["kubectl"]


def test_defaults_below_a_kept_item_stay() -> None:
    """What nobody owns is not taken along when a neighbour goes; it goes with the item that holds it."""
    live = applied(
        None, {"containers": [{"name": "app", "image": "1", "command": ["x"]}, {"name": "b", "image": "i"}]}
    )
    for container in live["spec"]["containers"]:
        container["ports"] = [{"port": 80, "protocol": "TCP"}]
    after = applied(live, {"containers": [{"name": "app", "image": "1"}]})
    assert after["spec"] == {
        "containers": [{"name": "app", "image": "1", "ports": [{"port": 80, "protocol": "TCP"}]}]
    }


def test_an_item_goes_with_what_an_updater_put_in_it() -> None:
    """Owning a field inside an item is not owning the item: who applied it takes all of it away."""
    live = applied(None, {"containers": [{"name": "app", "image": "1"}], "paused": True})
    mixed = edited(live, containers=[{"name": "app", "image": "1", "command": ["x"]}])
    assert applied(mixed, {"paused": True})["spec"] == {"paused": True}
    added = edited(live, containers=[{"name": "app", "image": "1"}, {"name": "side"}])
    assert applied(added, {"paused": True})["spec"]["containers"] == [{"name": "side"}]


def test_emptied_containers_keep_their_owner() -> None:
    """A map that loses its last key is absent, and stays the field of who applied it empty."""
    live = applied(None, {"extra": {}}, "a")
    live = applied(live, {"extra": {"x": 1}}, "b")
    after = applied(live, {"paused": True}, "b")
    assert after["spec"] == {"paused": True}
    assert owners(after) == {"a": ["spec.extra"], "b": ["spec.paused"]}


def test_atomic_values_conflict_as_a_whole() -> None:
    """Changing one element of an atomic list is changing the list."""
    live = edited(applied(None, {"args": ["a"]}), args=["a", "b"])
    result = apply(live, widget({"args": ["a"]}), WIDGET, manager="a", now=LATER)
    assert [conflict.field for conflict in result.conflicts] == [".spec.args"]


def test_a_first_apply_on_an_untracked_object() -> None:
    """What was there before belongs to before-first-apply, so a change of it conflicts."""
    live = widget({"replicas": 1, "paused": True}, labels={"x": "y"})
    result = apply(live, widget({"replicas": 2}), WIDGET, manager="a", now=NOW)
    assert [conflict.entry.manager for conflict in result.conflicts] == ["before-first-apply"]
    after = applied(live, {"replicas": 2}, force=True)
    assert owners(after) == {"a": ["spec.replicas"], "before-first-apply": ["spec.paused"]}


def test_null_is_not_a_field() -> None:
    """A null in a configuration leaves nothing in the object."""
    obj = applied(None, {"replicas": None, "paused": True})
    assert obj["spec"] == {"paused": True}


@pytest.mark.parametrize(
    "config",
    [
        widget({"containers": [{"name": "a"}, {"name": "a"}]}),
        widget({"unheard": 1}),
        widget({}, managedFields=[{"manager": "x"}]),
    ],
)
def test_refused_configurations(config: Any) -> None:
    """Duplicate items, undeclared fields and managedFields cannot be applied."""
    with pytest.raises(InvalidInput):
        apply(None, config, WIDGET, manager="a", now=NOW)


def test_updates_move_ownership() -> None:
    """Who changes a value owns it; who removes a field leaves it to nobody."""
    live = applied(None, {"replicas": 3, "paused": True})
    after = edited(live, replicas=1, paused=None)
    assert after["spec"] == {"replicas": 1}
    assert owners(after) == {"edit": ["spec.replicas"]}


def test_an_updater_collects_fields() -> None:
    """One entry per updater, whose time is its last write that took a field."""
    live = track(None, widget({"replicas": 1}), WIDGET, manager="m", now=NOW)
    more = edited(live, "m", paused=True)
    assert owners(more) == {"m": ["spec.paused", "spec.replicas"]}
    assert read_entries(more)[0].time == "2026-01-02T03:05:06Z"
    fewer = edited(live, "m", replicas=None, note="n")
    assert owners(fewer) == {"m": ["spec.note"]}
    same = edited(live, "other")
    assert same["metadata"]["managedFields"] == live["metadata"]["managedFields"]


def test_an_untracked_object_stays_untracked() -> None:
    """Objects from before managedFields are not tracked until they are applied."""
    live = widget({"replicas": 1})
    assert "managedFields" not in edited(live, replicas=2)["metadata"]


def test_reset_forgets_all() -> None:
    """managedFields: [{}] is the documented way to clear ownership; a subresource cannot do it."""
    live = applied(None, {"replicas": 1})
    new = copied(live)
    new["metadata"]["managedFields"] = [{}]
    assert "managedFields" not in track(live, new, WIDGET, manager="m", now=NOW)["metadata"]
    kept = track(live, new, WIDGET, manager="m", now=NOW, subresource="status")
    assert owners(kept) == {"a": ["spec.replicas"]}


def test_managed_fields_can_be_written() -> None:
    """A client may hand ownership over by writing entries; without any, or unreadable, live's stay."""
    live = applied(None, {"replicas": 1})
    new = copied(live)
    new["metadata"]["managedFields"][0]["manager"] = "b"
    assert owners(track(live, new, WIDGET, manager="m", now=NOW)) == {"b": ["spec.replicas"]}
    new["metadata"]["managedFields"] = [{"operation": "nonsense"}]
    assert owners(track(live, new, WIDGET, manager="m", now=NOW)) == {"a": ["spec.replicas"]}


def test_status_is_its_own_endpoint() -> None:
    """A write to the resource does not touch status, one to status nothing else; each has its own entry."""
    config = {**widget({"replicas": 1}), "status": {"ready": True}}
    live = apply(None, config, WIDGET, manager="a", now=NOW, ignored=STATUS).object
    assert "status" not in live
    config = {**widget({"replicas": 2}, labels={"l": "v"}), "status": {"ready": True}}
    after = apply(live, config, WIDGET, manager="a", now=NOW, subresource="status", ignored=NOT_STATUS).object
    assert after["status"] == {"ready": True}
    assert after["spec"] == {"replicas": 1}
    assert "labels" not in after["metadata"]
    entries = read_entries(after)
    assert [(entry.subresource, list(entry.fields)) for entry in entries] == [
        ("", [("f:spec", "f:replicas")]),
        ("status", [("f:status", "f:ready")]),
    ]
    updated = {**copied(after), "status": {"ready": False}}
    seen = track(
        after, updated, WIDGET, manager="kubelet", now=LATER, subresource="status", ignored=NOT_STATUS
    )
    assert [entry.subresource for entry in read_entries(seen) if entry.manager == "kubelet"] == ["status"]


def test_metadata_of_odd_shape_is_left_alone() -> None:
    """An object without metadata is tracked all the same."""
    obj = track(None, {"apiVersion": "v1", "kind": "X", "data": {"a": "b"}}, DEDUCED, manager="m", now=NOW)
    assert read_entries(obj)[0].fields == FieldSet.of(("f:data",), ("f:data", "f:a"))


def test_ignored_paths_of_what_is_no_map() -> None:
    """Taking a field out of something that is no map takes nothing: it is refused as what it is."""
    odd = FieldSet.of(("f:spec", "f:replicas"))
    with pytest.raises(InvalidInput, match="expected map"):
        apply(None, {**widget(), "spec": "odd"}, WIDGET, manager="a", now=NOW, ignored=odd)


def test_the_version_follows_the_last_apply() -> None:
    """An applier that moves to another version keeps its one entry; the change is a write."""
    live = applied(None, {"replicas": 1})
    config = {**widget({"replicas": 1}), "apiVersion": "test.io/v2"}
    result = apply(live, config, WIDGET, manager="a", now=LATER, force=True)
    assert [entry.api_version for entry in read_entries(result.object)] == ["test.io/v2"]
