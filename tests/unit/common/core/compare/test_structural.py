"""Desired against live without a request."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from common.core.compare.fold import LAST_APPLIED
from common.core.compare.structural import Drift, structural
from common.core.typed.managed import apply, track
from common.core.typed.merge import merge
from common.core.typed.schema import DEDUCED
from tests.unit.common.core.typed.samples import LATER, NOW, WIDGET, copied, widget
from tests.unit.common.core.typed.test_merge import OBJECTS

ITEM = {"name": "a"}


def drift_of(desired: Any, live: Any, **metadata: Any) -> Drift:
    """Of two specs, nobody owning anything."""
    return structural(widget(desired), widget(live, **metadata), WIDGET)


def paths(drift: Drift) -> list[str]:
    """What drifts."""
    return [path.text for path in drift.paths]


def applied(spec: Any, manager: str = "moorings", **metadata: Any) -> Any:
    """A live object that somebody applied."""
    return copied(apply(None, widget(spec, **metadata), WIDGET, manager=manager, now=NOW).object)


def edited(live: Any, **spec: Any) -> Any:
    """The same after a kubectl edit; None takes a field out."""
    new = copied(live)
    for name, value in spec.items():
        new["spec"].pop(name, None)
        if value is not None:
            new["spec"][name] = value
    return track(live, new, WIDGET, manager="kubectl-edit", now=LATER)


@settings(max_examples=50)
@given(OBJECTS, OBJECTS)
def test_no_drift_means_that_an_apply_changes_nothing(desired: Any, live: Any) -> None:
    """The law that the comparison is for: equal, if it is sure, exactly when merging changes nothing."""
    drift = structural(desired, live, WIDGET)
    merged = merge(live, desired, WIDGET)
    if merged is live:
        assert not drift
    if drift.certain and not drift:
        assert {
            k: sorted(v, key=str) if isinstance(v, list) else v for k, v in merged["metadata"].items()
        } == {k: sorted(v, key=str) if isinstance(v, list) else v for k, v in live["metadata"].items()}
        assert merged["spec"] == live["spec"]


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        ({"replicas": 3}, {"replicas": 3, "paused": False}),
        ({"extra": {"a": {"x": 1}}}, {"extra": {"a": {"x": 1, "y": 2}, "b": 1}}),
        ({"containers": [{"name": "a"}]}, {"containers": [{"name": "side"}, {"name": "a", "image": "i"}]}),
        ({"strategy": {"rolling": {}}}, {"strategy": {"type": "x"}}),
        ({"args": []}, {}),
        ({"extra": {}}, {"extra": {"a": 1}}),
        ({"replicas": None}, {"replicas": 3}),
        ({"containers": [{"name": "a", "limits": {"cpu": "1000m", "m": "1Gi"}}]},
         {"containers": [{"name": "a", "limits": {"cpu": "1", "m": "1024Mi"}}]}),
        ({"since": "2026-01-01T00:00:00+00:00"}, {"since": "2026-01-01T00:00:00Z"}),
        ({"blob": "eA==\n"}, {"blob": "eA=="}),
        ({"ratio": 1}, {"ratio": 1.0}),
        ({"containers": [{"name": "a", "ports": [{"port": 80}]}]},
         {"containers": [{"name": "a", "ports": [{"port": 80, "protocol": "TCP"}]}]}),
        ({"claims": [{"name": "a", "size": "1Gi"}]}, {"claims": [{"name": "a", "size": "1024Mi"}]}),
    ],
)  # fmt: skip
def test_in_sync(desired: Any, live: Any) -> None:
    """Defaults, others' fields, the server's spelling of values, and null or empty for absent."""
    assert drift_of(desired, live) == Drift()


@pytest.mark.parametrize(
    ("desired", "live", "path"),
    [
        ({"replicas": 3}, {"replicas": 1}, "spec.replicas"),
        ({"replicas": 3}, {}, "spec.replicas"),
        ({"paused": True}, {"paused": 1}, "spec.paused"),
        ({"selector": {"a": "1"}}, {"selector": {"a": "1", "b": "2"}}, "spec.selector"),
        ({"selector": {"a": "1"}}, {"selector": {"a": "2"}}, "spec.selector"),
        ({"args": ["a"]}, {"args": ["a", "b"]}, "spec.args"),
        ({"args": ["a", "b"]}, {"args": ["b", "a"]}, "spec.args"),
        ({"args": [], "replicas": 1}, {"args": ["a"], "replicas": 1}, "spec.args"),
        ({"extra": {"a": 1}}, {"extra": [1]}, "spec.extra"),
        ({"containers": [{"name": "a", "image": "1"}]}, {"containers": [{"name": "a", "image": "2"}]},
         'spec.containers[name="a"].image'),
        ({"containers": [{"name": "a"}]}, {"containers": [{"name": "b"}]}, 'spec.containers[name="a"]'),
        ({"containers": [{"name": "a"}, {"name": "b"}]}, {"containers": [{"name": "b"}, {"name": "a"}]},
         "spec.containers"),
        ({"claims": [{"name": "a"}]}, {"claims": [{"mode": "x"}]}, "spec.claims"),
        ({"claims": [{"labels": {"a": "1"}}]}, {"claims": [{"labels": {"a": "1", "b": "2"}}]}, "spec.claims"),
    ],
)  # fmt: skip
def test_drift(desired: Any, live: Any, path: str) -> None:
    """What an apply would change, and nothing else."""
    drift = drift_of(desired, live)
    assert paths(drift) == [path]
    assert drift.certain
    assert drift


@pytest.mark.parametrize(
    ("desired", "live", "found"),
    [
        ({"paused": False}, {}, ["spec.paused"]),
        ({"strategy": {"rolling": {"surge": "1"}}}, {"strategy": {"rolling": {"surge": 1}}},
         ["spec.strategy.rolling.surge"]),
        ({"unheard": 1}, {}, ["spec.unheard"]),
        ({"unheard": 1}, {"unheard": 1}, []),
        ({"extra": {"cpu": "1000m"}}, {"extra": {"cpu": "1"}}, ["spec.extra.cpu"]),
        ({"claims": [{"name": "a"}]}, {"claims": [{"name": "a", "mode": "x"}]}, []),
        ({"claims": [{"name": "a", "mode": ""}]}, {"claims": [{"name": "a"}]}, []),
        ({"claims": [{"name": "a", "mode": None}]}, {"claims": [{"name": "a", "mode": "x"}]}, []),
        ({"extra": {"l": [{"a": 1}]}}, {"extra": {"l": [{"a": 1, "b": 2}]}}, []),
        ({"containers": [ITEM, ITEM]}, {"containers": [ITEM]}, ["spec.containers"]),
        ({"containers": [ITEM]}, {"containers": [ITEM, ITEM]}, ["spec.containers"]),
        ({"containers": [{"image": "a"}]}, {"containers": [{"image": "a"}]}, []),
    ],
)  # fmt: skip
def test_unsure(desired: Any, live: Any, found: list[str]) -> None:
    """Only the server can tell: what it drops, prunes, defaults inside atomic values, or cannot apply."""
    drift = drift_of(desired, live)
    assert paths(drift) == found
    assert drift.certain is (desired == live and found == [] and "containers" not in desired)


def test_atomic_values_that_match_exactly() -> None:
    """Nothing inside is missing on either side."""
    desired = {"claims": [{"name": "a", "mode": None}], "extra": {"l": [{"a": None}]}}
    assert drift_of(desired, {"claims": [{"name": "a"}], "extra": {"l": [{}]}}) == Drift()


def test_ownership_makes_sure() -> None:
    """What we own and live lacks, the server dropped; what is inside our atomic values, it defaulted."""
    live = applied({"paused": False, "claims": [{"name": "a"}]})
    del live["spec"]["paused"]
    live["spec"]["claims"][0]["mode"] = "default"
    assert structural(widget({"paused": False, "claims": [{"name": "a"}]}), live, WIDGET) == Drift()


def test_removed_by_hand() -> None:
    """Who removes a field takes it from its owner, so it is not one that the server dropped."""
    live = edited(applied({"replicas": 3, "containers": [{"name": "a", "image": "i"}]}), replicas=None)
    drift = structural(widget({"replicas": 3, "containers": [{"name": "a", "image": "i"}]}), live, WIDGET)
    assert [str(path) for path in drift.paths] == ["spec.replicas 3 → nothing"]
    assert drift.certain


def test_a_new_field_in_an_item_that_we_own() -> None:
    """Owning the item is not owning what it does not have."""
    live = applied({"containers": [{"name": "a"}]})
    drift = structural(widget({"containers": [{"name": "a", "image": "i"}]}), live, WIDGET)
    assert paths(drift) == ['spec.containers[name="a"].image']


def test_blame() -> None:
    """Who, what and when, in one sentence."""
    live = edited(applied({"replicas": 3}), replicas=1)
    (path,) = structural(widget({"replicas": 3}), live, WIDGET).paths
    assert str(path) == "spec.replicas 3 → 1, by kubectl-edit, 03:05:06"


def test_given_up() -> None:
    """What we applied and Git no longer has; each branch once, from its top; not what live lacks."""
    live = applied(
        {
            "replicas": 3,
            "containers": [{"name": "a", "image": "i"}, {"name": "b"}],
            "args": ["x"],
            "extra": {"k": 1},
        },
        labels={"l": "1", "m": "2"},
        finalizers=["f"],
    )
    del live["spec"]["args"]
    drift = structural(widget({"containers": [{"name": "a"}], "extra": {}}, labels={"l": "1"}), live, WIDGET)
    assert paths(drift) == [
        'metadata.finalizers["f"]',
        "metadata.labels.m",
        'spec.containers[name="a"].image',
        'spec.containers[name="b"]',
        "spec.extra.k",
        "spec.replicas",
    ]
    assert all(path.desired is None for path in drift.paths)
    assert drift.certain


def test_others_fields_are_not_given_up() -> None:
    """A field that only another manager owns is none of ours."""
    assert structural(widget({}), applied({"replicas": 3}, "hpa"), WIDGET) == Drift()


def test_an_empty_map_given_up_is_nothing() -> None:
    """A container by itself has no value."""
    live = applied({"extra": {}, "replicas": 1})
    live["spec"]["extra"] = {"a": 1}
    assert structural(widget({"replicas": 1}), live, WIDGET) == Drift()


def test_stale_ownership_is_no_drift() -> None:
    """Paths that the schema, the object or we ourselves never compare."""
    live = applied({"replicas": 1})
    live["status"] = {"ready": True}
    live["metadata"]["managedFields"][0]["fieldsV1"] = {
        "f:status": {"f:ready": {}},
        "f:metadata": {".": {}, "f:name": {}},
        "f:spec": {
            "f:replicas": {},
            "f:replicas2": {'k:{"name":"a"}': {}},
            "f:containers": {".": {}, 'k:{"name":"gone"}': {".": {}, "f:image": {}}},
            "f:paused": {"f:inside": {}},
        },
    }
    assert structural(widget({"replicas": 1}), live, WIDGET) == Drift()


def test_items_that_cannot_be_told_apart() -> None:
    """A live list that does not fit its schema any more holds nothing that can be found."""
    live = applied({"replicas": 1})
    live["spec"]["containers"] = [{"image": "x"}]
    fields = live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]
    fields["f:containers"] = {'k:{"name":"a"}': {}}
    fields["f:replicas"] = {'k:{"name":"a"}': {}}
    assert structural(widget({"replicas": 1}), live, WIDGET) == Drift()
    fields["f:extra"] = {'k:{"name":"a"}': {}}
    assert structural(widget({"replicas": 1, "extra": {}}), live, WIDGET) == Drift()


def test_unreadable_ownership_leaves_it_open() -> None:
    """Entries in a format that we do not know may hide what was given up."""
    live = applied({"replicas": 1})
    live["metadata"]["managedFields"][0]["fieldsV1"] = {"x:unknown": {}}
    assert structural(widget({"replicas": 1}), live, WIDGET) == Drift(certain=False)


def test_desired_items_without_keys_leave_it_open() -> None:
    """What cannot be applied cannot be compared for sure."""
    live = applied({"containers": [{"name": "a"}]})
    drift = structural(widget({"containers": [{"image": "x"}]}), live, WIDGET)
    assert not drift.certain


@pytest.mark.parametrize("manager", ["argocd-controller", "moorings"])
def test_legacy_appliers(manager: str) -> None:
    """What the applier before us applied becomes ours, so what Git no longer has must go."""
    live = applied({"replicas": 3, "paused": True}, manager)
    assert paths(structural(widget({"replicas": 3}), live, WIDGET)) == ["spec.paused"]
    assert structural(widget({"replicas": 3, "paused": True}), live, WIDGET) == Drift()


def client_side(spec: Any, last: Any) -> Any:
    """An object that kubectl apply made, with defaults that its entry owns too."""
    text = last if isinstance(last, str) else orjson.dumps(last).decode()
    obj = widget(spec, annotations={LAST_APPLIED: text})
    return copied(track(None, obj, WIDGET, manager="kubectl-client-side-apply", now=NOW))


def test_three_way_with_last_applied() -> None:
    """Updates own defaults as well, so the annotation says what was applied; its empty maps say nothing."""
    last = widget({"replicas": 3, "args": ["a"]}, annotations={})
    live = client_side({"replicas": 3, "args": ["a"], "paused": False}, last)
    assert paths(structural(widget({"replicas": 3}), live, WIDGET)) == ["spec.args"]
    assert structural(widget({"replicas": 3, "args": ["a"]}), live, WIDGET) == Drift()


@pytest.mark.parametrize("last", ["not json", "[]", widget({"containers": [{}]}), ""])
def test_unreadable_annotations_say_nothing(last: Any) -> None:
    """Without a readable record nothing is known to have been applied."""
    live = client_side({"replicas": 3, "paused": False}, last)
    assert structural(widget({"replicas": 3}), live, WIDGET) == Drift()


def test_an_annotation_that_outlived_its_owner() -> None:
    """After the migration the annotation is history; without any entries it is all there is."""
    last = widget({"replicas": 3, "paused": True})
    note = {LAST_APPLIED: orjson.dumps(last).decode()}
    ours = applied({"replicas": 3}, annotations=note)
    ours["spec"]["paused"] = True
    assert structural(widget({"replicas": 3}, annotations=note), ours, WIDGET) == Drift()
    untracked = widget({"replicas": 3, "paused": True}, annotations=note)
    assert paths(structural(widget({"replicas": 3}), untracked, WIDGET)) == ["spec.paused"]


def test_metadata() -> None:
    """Labels count; identity, server's fields and status do not."""
    desired = {**widget({}, labels={"a": "1"}, uid="x", finalizers=["f", "g"]), "status": {"ready": True}}
    live = widget({}, labels={"a": "2", "b": "3"}, uid="y", finalizers=["g", "h"])
    assert paths(structural(desired, live, WIDGET)) == ['metadata.finalizers["f"]', "metadata.labels.a"]
    assert structural({"kind": "X", "metadata": None}, {"kind": "X"}, WIDGET) == Drift()


def test_secrets_fold_and_hide() -> None:
    """stringData is compared as data, and no value is told."""
    live = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"a": base64.b64encode(b"same").decode(), "b": base64.b64encode(b"old").decode()},
    }
    desired = {**live, "data": {}, "stringData": {"a": "same", "b": "new"}}
    (path,) = structural(desired, live, DEDUCED).paths
    assert str(path) == "data.b +++++++++ → ++++++++"


def test_shared_values_are_equal() -> None:
    """The quick way: the same value on both sides."""
    spec = {"replicas": 1}
    assert drift_of(spec, spec) == Drift()
