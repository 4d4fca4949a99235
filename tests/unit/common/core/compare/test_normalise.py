"""Ignored fields: out of the comparison, and as they are in what is applied."""

from __future__ import annotations

from typing import Any

from common.core.compare.ignore import Ignored, parse_pointer
from common.core.compare.normalise import normalised, with_ignored_from_live
from common.core.compare.structural import structural
from common.core.typed.managed import apply, track
from tests.unit.common.core.typed.samples import LATER, NOW, WIDGET, copied, widget


def no_jq(expression: str, document: object) -> object:
    """No test reaches it unless it passes its own."""
    raise AssertionError(expression)


def pointing(*texts: str) -> Ignored:
    """Pointers alone."""
    return Ignored(pointers=tuple(parse_pointer(text) for text in texts))


def live_of(spec: Any, manager: str = "moorings") -> Any:
    """An object that a manager applied."""
    return apply(None, widget(spec), WIDGET, manager=manager, now=NOW).object


def to_apply(desired: Any, live: Any, ignored: Ignored, delete_paths: Any = no_jq) -> Any:
    """The spec that would be applied."""
    out = with_ignored_from_live(
        widget(desired), live, ignored, WIDGET, manager="moorings", delete_paths=delete_paths
    )
    return out["spec"]


def test_nothing_ignored() -> None:
    """Nothing to do, nothing done."""
    desired, live = widget({"replicas": 1}), live_of({"replicas": 2})
    both = normalised(desired, live, Ignored(), WIDGET, delete_paths=no_jq)
    assert both.desired is desired
    assert both.live is live
    assert to_apply({"replicas": 1}, live, Ignored()) == {"replicas": 1}
    assert to_apply({"replicas": 1}, None, pointing("/spec/replicas")) == {"replicas": 1}


def test_ignored_fields_are_no_drift() -> None:
    """Both sides lose them; live's ownership stays for the rest of the comparison."""
    live = live_of({"replicas": 5, "paused": True})
    both = normalised(
        widget({"replicas": 1, "paused": False}), live, pointing("/spec/replicas"), WIDGET, delete_paths=no_jq
    )
    drift = structural(both.desired, both.live, WIDGET)
    assert [path.text for path in drift.paths] == ["spec.paused"]
    bare = normalised(widget(), widget(), pointing("/metadata"), WIDGET, delete_paths=no_jq)
    assert "metadata" not in bare.live


def test_ignored_metadata_keeps_the_entries() -> None:
    """Ignoring all metadata does not forget who owns what."""
    live = live_of({"replicas": 5})
    both = normalised(widget({}), live, pointing("/metadata"), WIDGET, delete_paths=no_jq)
    assert both.live["metadata"] == {"managedFields": live["metadata"]["managedFields"]}


def test_live_values_are_applied() -> None:
    """An ignored field that Git sets keeps live's value; live's other fields are not taken over."""
    live = live_of({"replicas": 5, "paused": True}, "other")
    assert to_apply({"replicas": 1}, live, pointing("/spec/replicas")) == {"replicas": 5}


def test_what_live_lacks_is_left_out() -> None:
    """An ignored field is not put back when somebody took it away."""
    assert to_apply(
        {"replicas": 1, "paused": True}, live_of({"paused": True}), pointing("/spec/replicas")
    ) == {"paused": True}


def test_ours_is_kept_though_git_lost_it() -> None:
    """Leaving out what we own would take it away, so it is named; another's is not named."""
    ignored = pointing("/spec/replicas")
    assert to_apply({"paused": True}, live_of({"replicas": 5}), ignored) == {"paused": True, "replicas": 5}
    assert to_apply({"paused": True}, live_of({"replicas": 5}, "hpa"), ignored) == {"paused": True}


def test_fields_of_items() -> None:
    """Items find each other by key, whatever their order."""
    live = live_of({"containers": [{"name": "a", "image": "live-a"}, {"name": "b", "image": "live-b"}]})
    desired = {"containers": [{"name": "b", "image": "git-b"}, {"name": "new"}]}
    ignored = pointing("/spec/containers/0/image", "/spec/containers/1/image")
    assert to_apply(desired, live, ignored) == {
        "containers": [{"name": "b", "image": "live-b"}, {"name": "new"}]
    }


def test_whole_items_by_expression() -> None:
    """An ignored item is applied as it is when Git names it or we own it."""

    def without_sidecar(_: str, document: Any) -> Any:
        out = copied(document)
        out["spec"]["containers"] = [c for c in out["spec"]["containers"] if c["name"] != "side"]
        return out

    ignored = Ignored(expressions=(".spec.containers[] | select(.name == side)",))
    ours = live_of({"containers": [{"name": "app"}, {"name": "side", "image": "x"}]})
    assert to_apply({"containers": [{"name": "app"}]}, ours, ignored, without_sidecar) == {
        "containers": [{"name": "app"}, {"name": "side", "image": "x"}]
    }
    new = copied(live_of({"containers": [{"name": "app"}]}))
    new["spec"]["containers"].append({"name": "side", "image": "x"})
    theirs = track(live_of({"containers": [{"name": "app"}]}), new, WIDGET, manager="injector", now=LATER)
    assert to_apply({"containers": [{"name": "app"}]}, theirs, ignored, without_sidecar) == {
        "containers": [{"name": "app"}]
    }


def test_atomic_values_are_live_as_a_whole() -> None:
    """Half of an atomic value cannot be kept."""
    live = live_of({"args": ["a", "b"]})
    assert to_apply({"args": ["a", "c"]}, live, pointing("/spec/args/1")) == {"args": ["a", "b"]}


def test_managers_fields_stay() -> None:
    """managedFieldsManagers: what they own in live is applied as they have it."""
    live = live_of({"replicas": 5}, "hpa")
    assert to_apply({"replicas": 1}, live, Ignored(managers=frozenset({"hpa"}))) == {"replicas": 5}


def test_odd_items_and_types() -> None:
    """Where desired does not fit, live's value is kept whole."""
    live = live_of({"containers": [{"name": "a", "image": "i"}, {"name": "b"}]})
    ignored = pointing("/spec/containers/0/image")
    assert (
        to_apply({"containers": [{"image": "x"}, {"odd": 1}]}, live, ignored)["containers"]
        == (live["spec"]["containers"])
    )
    assert to_apply({"containers": "odd"}, live, ignored)["containers"] == live["spec"]["containers"]
    extra = live_of({"extra": {"a": {"b": 1, "c": 2}}})
    assert to_apply({"extra": {"a": {"b": 2}}}, extra, pointing("/spec/extra/a/b"))["extra"]["a"] == {"b": 1}
    assert to_apply({"extra": "odd"}, extra, pointing("/spec/extra/a/b"))["extra"] == extra["spec"]["extra"]


def test_ignored_items_that_git_lost_altogether() -> None:
    """A field below something that desired does not name is found by our ownership."""
    live = live_of({"extra": {"a": {"b": 1}}, "containers": [{"name": "x", "image": "i"}, {"name": "y"}]})
    out = to_apply({"paused": True}, live, pointing("/spec/extra/a/b"))
    assert out == {"paused": True}
    out = to_apply({"containers": [{"name": "y"}]}, live, pointing("/spec/containers/0/image"))
    assert out == {"containers": [{"name": "y"}]}
