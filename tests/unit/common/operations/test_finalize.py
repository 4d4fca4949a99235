"""Deleting an Application: its objects first, and the finalizer only when they are proven to be gone."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.annotations import HOOK_FINALIZER
from common.core.errors import ClusterUnreachable, NotFound
from common.core.keys import AppKey, GroupVersionKind, Object
from common.operations import deletion
from common.operations.finalize import AGAIN_SECONDS
from common.ports import Propagation
from tests.unit.common.operations.fakes import (
    APPLICATION,
    CASCADE,
    CONFIG_MAP,
    HOME,
    JOB,
    KEY,
    REMOTE,
    World,
    annotated,
    application,
    config_map,
    job,
    tracked,
)

CRD = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")


def deleted(*objects: Object, finalizers: tuple[str, ...] = (CASCADE,), **app: Any) -> World:
    """An Application that is being deleted, with live objects that its status names."""
    world = World()
    for obj in objects:
        world.remote.create(obj)
    rows = [
        {
            "group": obj["apiVersion"].rpartition("/")[0],
            "version": obj["apiVersion"].rpartition("/")[2],
            "kind": obj["kind"],
            "namespace": obj["metadata"].get("namespace", ""),
            "name": obj["metadata"]["name"],
        }
        for obj in objects
    ]
    world.add(application(metadata={"finalizers": list(finalizers)}, status={"resources": rows}, **app))
    world.home.delete(APPLICATION, HOME, "shop")
    world.applications.put(world.app())
    return world


def gone(world: World) -> bool:
    """Whether the Application is."""
    try:
        world.app()
    except NotFound:
        return True
    return False


def live(world: World) -> list[str]:
    """Names of the objects in `shop`."""
    return [obj["metadata"]["name"] for obj in world.remote.objects() if obj["kind"] != "Namespace"]


def test_its_objects_go_and_then_it_goes() -> None:
    """In one look, where nothing holds them."""
    world = deleted(tracked(config_map("a")), tracked(config_map("b")))
    assert world.reconcile() is None
    assert live(world) == []
    assert gone(world)


def test_without_the_finalizer_its_objects_stay() -> None:
    """Whatever else holds it is not ours to remove."""
    world = deleted(tracked(config_map("a")), finalizers=("example.org/own",))
    assert world.reconcile() is None
    assert live(world) == ["a"]
    assert world.app()["metadata"]["finalizers"] == ["example.org/own"]


def test_others_finalizers_stay() -> None:
    """Only ours goes."""
    world = deleted(finalizers=("example.org/own", CASCADE))
    world.reconcile()
    assert world.app()["metadata"]["finalizers"] == ["example.org/own"]


@pytest.mark.parametrize(
    ("finalizer", "expected"),
    [
        (CASCADE, Propagation.FOREGROUND),
        (f"{CASCADE}/foreground", Propagation.FOREGROUND),
        (f"{CASCADE}/background", Propagation.BACKGROUND),
        ("example.org/own", None),
    ],
)
def test_the_finalizer_says_how(finalizer: str, expected: Propagation | None) -> None:
    """Foreground without a word about it."""
    world = deleted(finalizers=(finalizer, "example.org/more"))
    assert deletion.propagation_of(world.turn().app) is expected


def test_what_is_still_there_holds_it() -> None:
    """An object with a finalizer of somebody's is waited for, and not deleted twice."""
    held = tracked(config_map("a"))
    held["metadata"]["finalizers"] = ["example.org/wait"]
    world = deleted(held)
    assert world.reconcile() == AGAIN_SECONDS
    assert world.writes() == ["delete ConfigMap/a"]
    assert world.reconcile() == AGAIN_SECONDS
    assert world.writes() == []
    assert world.app()["metadata"]["finalizers"] == [CASCADE]
    world.remote.patch(CONFIG_MAP, "shop", "a", {"metadata": {"finalizers": None}})
    world.reconcile()
    assert gone(world)


def test_waves_go_in_reverse() -> None:
    """What was made last goes first, and only when it is gone the next."""
    world = deleted(tracked(config_map("first")), tracked(annotated(config_map("last"), sync_wave="5")))
    assert world.reconcile() == AGAIN_SECONDS or live(world) == ["first"]
    assert live(world) == ["first"]
    world.reconcile()
    assert live(world) == []


def test_some_objects_are_kept() -> None:
    """Definitions, Helm's `keep`, `Delete=false`, what is not ours, and the Application itself."""
    crd: Object = {
        "apiVersion": CRD.api_version,
        "kind": CRD.kind,
        "metadata": {"name": "widgets.example.org"},
    }
    helm = tracked(config_map("helm"))
    helm["metadata"]["annotations"]["helm.sh/resource-policy"] = "keep"
    option = tracked(annotated(config_map("option"), sync_options="Delete=false"))
    world = deleted(tracked(crd), helm, option, config_map("theirs"), tracked(config_map("other"), "blog"))
    world.reconcile()
    assert live(world) == ["helm", "option", "other", "theirs", "widgets.example.org"]
    assert gone(world)


def test_an_application_of_applications_does_not_delete_itself() -> None:
    """It may track itself; it goes by its own deletion."""
    home = {"server": "https://kubernetes.default.svc", "namespace": HOME}
    world = World()
    app = tracked(application(metadata={"finalizers": [CASCADE]}, destination=home))
    row = {"group": "argoproj.io", "version": "v1alpha1", "kind": "Application", "name": "shop"}
    app["status"] = {"resources": [{**row, "namespace": HOME}]}
    world.add(app)
    world.home.delete(APPLICATION, HOME, "shop")
    world.applications.put(world.app())
    world.reconcile()
    assert gone(world)


def test_a_cluster_that_cannot_be_read_keeps_the_finalizer() -> None:
    """Nothing is concluded from a failed read."""
    world = deleted(tracked(config_map("a")))
    world.remote.fail("get", ClusterUnreachable("gone"))
    world.reconcile()
    assert world.app()["metadata"]["finalizers"] == [CASCADE]
    assert live(world) == ["a"]
    assert [one["type"] for one in world.app()["status"]["conditions"]] == ["ComparisonError"]


def test_a_list_that_fails_keeps_the_finalizer() -> None:
    """What the status does not name is looked for by kind."""
    world = deleted(tracked(config_map("a")))
    world.remote.fail("list", ClusterUnreachable("gone"))
    world.reconcile()
    assert not gone(world)


def test_a_destination_that_cannot_be_told_keeps_it() -> None:
    """Its objects would stay behind unseen."""
    world = deleted(destination={"server": "https://unknown", "namespace": "shop"})
    assert world.reconcile() is None
    assert [one["type"] for one in world.app()["status"]["conditions"]] == ["InvalidSpecError"]


def test_what_no_status_names_is_found() -> None:
    """A sync was killed before it wrote one: the last render's kinds are listed, the snapshot is read."""
    world = World()
    world.commit(config_map("a"))
    world.add(application(metadata={"finalizers": [CASCADE]}))
    world.reconcile()
    world.remote.create(tracked(config_map("a")))
    world.remote.create(tracked(config_map("forgotten")))
    left = tracked(job())
    world.live.put(REMOTE, world.remote.create(left), "shop")
    world.edit({"status": None})
    world.home.delete(APPLICATION, HOME, "shop")
    world.applications.put(world.app())
    world.reconcile()
    assert live(world) == []
    assert gone(world)


def test_a_flushed_cache_lists_what_the_status_names() -> None:
    """The last render is gone with its kinds, and that is no error."""
    world = deleted(tracked(config_map("a")))
    world.facts.put("inputs", {str(KEY): {"key": "nowhere"}})
    world.reconcile()
    assert gone(world)


def test_a_kind_that_is_not_served_any_more_has_no_objects() -> None:
    """Its definition went, and its objects with it."""
    world = deleted()
    row = {"group": "example.org", "version": "v1", "kind": "Widget", "namespace": "shop", "name": "w"}
    world.edit({"status": {"resources": [row]}})
    world.reconcile()
    assert gone(world)


def test_a_complete_snapshot_saves_the_lists() -> None:
    """What it has completely is not listed again."""
    world = deleted(tracked(config_map("a")))
    world.watch(CONFIG_MAP)
    world.reconcile()
    assert "list" not in [verb for verb, _ in world.remote.requests]
    assert gone(world)


def test_a_running_hook_does_not_hold_it_for_good() -> None:
    """Our finalizer on it would be taken off by an operation that never comes."""
    hook = tracked(job("migrate", hook="PreSync"))
    hook["metadata"]["finalizers"] = [HOOK_FINALIZER]
    world = deleted(hook)
    world.reconcile()
    with pytest.raises(NotFound):
        world.remote.get(JOB, "shop", "migrate")
    assert gone(world)


def test_a_hook_keeps_others_finalizers() -> None:
    """Only ours is taken off, of one that is being deleted already too."""
    hook = tracked(job("migrate", hook="PreSync"))
    hook["metadata"]["finalizers"] = [HOOK_FINALIZER, "example.org/wait"]
    world = deleted(hook)
    world.remote.delete(JOB, "shop", "migrate")
    assert world.reconcile() == AGAIN_SECONDS
    assert world.remote.get(JOB, "shop", "migrate")["metadata"]["finalizers"] == ["example.org/wait"]


def test_what_goes_meanwhile_is_as_wanted() -> None:
    """Somebody else deleted it between the look and the request."""
    world = deleted(tracked(config_map("a")))
    world.remote.fail("delete", NotFound("gone"))
    assert world.reconcile() == AGAIN_SECONDS
    world.reconcile()
    assert gone(world)


def test_an_application_that_is_gone_leaves_nothing_behind() -> None:
    """What was kept of it goes, and it leaves the due set."""
    world = World()
    world.commit(config_map("a"))
    world.add(application(policy={"automated": {}}))
    world.reconcile()
    world.home.delete(APPLICATION, HOME, "shop")
    world.applications.remove(KEY)
    assert world.reconcile() is None
    for namespace in ("stamps", "inputs", "applied"):
        assert world.facts.all(namespace) == {}
    world.applications.swap([], "999")
    assert world.reconcile(AppKey(HOME, "never")) is None
