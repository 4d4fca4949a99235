"""What the options of `app create` and `app set` make of a spec."""

from __future__ import annotations

import io
from typing import Any

import click
import pytest

from cli.app_options import changed


def spec(**fields: Any) -> dict[str, Any]:
    """One with a Helm source."""
    return {
        "source": {
            "repoURL": "https://git.test/a",
            "path": "a",
            "helm": {
                "parameters": [{"name": "x", "value": "1"}, {"name": "y", "value": "2"}],
                "valuesObject": {},
            },
        },
        "destination": {"server": "https://east.test", "namespace": "a"},
        **fields,
    }


def test_what_is_not_named_stays() -> None:
    """The same spec, and the given one is left alone."""
    before = spec(syncPolicy={"automated": {"enabled": False}})
    assert changed(before, {"sync_options": (), "parameters": ()}) == before


def test_a_parameter_takes_the_place_of_its_old_value() -> None:
    """New ones come last; text stays text."""
    given = {
        "parameters": ("x=a=b",),
        "helm_set_string": ("z=1",),
        "values_literal_file": io.StringIO("k: v\n"),
    }
    helm = changed(spec(), given)["source"]["helm"]
    assert helm["parameters"] == [
        {"name": "x", "value": "a=b"},
        {"name": "y", "value": "2"},
        {"name": "z", "value": "1", "forceString": True},
    ]
    assert helm["values"] == "k: v\n"
    assert "valuesObject" not in helm


def test_an_image_takes_the_place_of_the_same_image() -> None:
    """Tags and digests do not count; a registry's port is no tag."""
    before = {"source": {"kustomize": {"images": ["r.test:5000/web:1", "old=db:2"]}}}
    given = {"kustomize_image": ("r.test:5000/web@sha256:ab", "old=db:3"), "nameprefix": "p-"}
    assert changed(before, given)["source"]["kustomize"] == {
        "images": ["r.test:5000/web@sha256:ab", "old=db:3"],
        "namePrefix": "p-",
    }


def test_a_destination_is_by_name_or_by_server() -> None:
    """The other one goes."""
    assert changed(spec(), {"dest_name": "east"})["destination"] == {"name": "east", "namespace": "a"}
    with pytest.raises(click.UsageError):
        changed(spec(), {"dest_name": "east", "dest_server": "https://east.test"})


def test_a_policy_is_turned_on_and_off() -> None:
    """What is automated means something only with it."""
    on = changed(spec(), {"sync_policy": "automated", "auto_prune": True, "sync_retry_limit": 3})
    assert on["syncPolicy"] == {"automated": {"prune": True}, "retry": {"limit": 3}}
    off = changed(on, {"sync_policy": "none", "sync_retry_limit": 0})
    assert "syncPolicy" not in off
    with pytest.raises(
        click.UsageError, match="--self-heal means something only with --sync-policy automated"
    ):
        changed(spec(), {"self_heal": True})
    disabled = spec(syncPolicy={"automated": {"enabled": False, "prune": True}})
    assert changed(disabled, {"sync_policy": "auto"})["syncPolicy"] == {"automated": {"prune": True}}


def test_a_sync_option_replaces_one_of_its_name() -> None:
    """`!` takes it away."""
    before = spec(syncPolicy={"syncOptions": ["Replace=true", "Validate=false"]})
    made = changed(before, {"sync_options": ("Replace=false", "!Validate=false")})
    assert made["syncPolicy"] == {"syncOptions": ["Replace=false"]}
    with pytest.raises(click.BadParameter):
        changed(before, {"sync_options": ("Replace",)})


def test_one_of_several_sources_is_chosen_by_its_position() -> None:
    """Nothing is guessed."""
    before = {"sources": [{"path": "a"}, {"path": "b"}], "destination": {}}
    made = changed(before, {"source_position": 2, "revision": "v2", "directory_recurse": True})
    assert made["sources"] == [
        {"path": "a"},
        {"path": "b", "targetRevision": "v2", "directory": {"recurse": True}},
    ]
    assert changed(before, {"project": "x"})["sources"] == before["sources"]
    for given in ({"revision": "v2"}, {"revision": "v2", "source_position": 3}):
        with pytest.raises(click.UsageError):
            changed(before, given)
    with pytest.raises(click.UsageError):
        changed(spec(), {"source_position": 2})
