"""Deletion of an Application: what goes with it and what stays."""

from __future__ import annotations

import pytest

from common.core.errors import NotFound
from common.core.keys import GroupVersionKind, Object
from common.ports import Propagation
from tests.engine_fixtures import APPLICATION, CONFIG_MAP, Moored, application
from tests.integration.test_sync_places import crd
from tests.sync_builders import DEPLOYMENT, NAMESPACE, deployment, manifest, settings, with_annotations

FINALIZER = "resources-finalizer.argocd.argoproj.io"
CRD = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")


def gone(moored: Moored, gvk: GroupVersionKind, name: str, namespace: str = "app") -> bool:
    """Whether an object is not there."""
    try:
        moored.home.get(gvk, namespace, name)
    except NotFound:
        return True
    return False


def synced(moored: Moored, finalizers: list[str], *objects: Object) -> None:
    """An application with finalizers that has been synced."""
    moored.git.repository().commit({"a.yaml": manifest(*objects)})
    app = application("app", moored.git.url_of())
    app["metadata"]["finalizers"] = finalizers
    moored.add(app)
    moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")


def delete(moored: Moored) -> None:
    """Delete the Application and wait until it is gone."""
    moored.home.delete(APPLICATION, "argocd", "app", propagation=Propagation.BACKGROUND)
    moored.until(lambda: gone(moored, APPLICATION, "app", "argocd"), what="the Application to go")


@pytest.mark.parametrize("form", [FINALIZER, f"{FINALIZER}/foreground", f"{FINALIZER}/background"])
def test_with_the_finalizer_the_objects_go_first(moored: Moored, form: str) -> None:
    """All that is ours is deleted, dependents too, and then the Application."""
    synced(moored, [form], settings(), deployment())
    delete(moored)
    assert gone(moored, CONFIG_MAP, "settings")
    assert gone(moored, DEPLOYMENT, "web")
    assert not gone(moored, NAMESPACE, "app", "")


def test_without_it_they_stay(moored: Moored) -> None:
    """Without a finalizer only the Application goes."""
    synced(moored, [], settings())
    delete(moored)
    moored.until(lambda: moored.engine.applications.get(_key()) is None)
    assert not gone(moored, CONFIG_MAP, "settings")


def _key() -> object:
    from common.core.keys import AppKey

    return AppKey("argocd", "app")


def test_what_asks_to_be_kept_is_kept(moored: Moored) -> None:
    """Definitions, `helm.sh/resource-policy: keep` and `Delete=false` survive a cascade."""
    synced(
        moored,
        [FINALIZER],
        settings("goes"),
        with_annotations(settings("helm"), {"helm.sh/resource-policy": "keep"}),
        settings("kept", sync_options="Delete=false"),
        crd(),
    )
    delete(moored)
    assert gone(moored, CONFIG_MAP, "goes")
    assert not gone(moored, CONFIG_MAP, "helm")
    assert not gone(moored, CONFIG_MAP, "kept")
    assert not gone(moored, CRD, "widgets.example.org", "")


def test_others_objects_stay(moored: Moored) -> None:
    """An object of another application, and one of nobody, are left alone."""
    repo = moored.git.repository()
    repo.commit({"one/a.yaml": manifest(settings("one")), "two/a.yaml": manifest(settings("two"))})
    for name in ("one", "two"):
        app = application(name, moored.git.url_of(), path=name)
        app["metadata"]["finalizers"] = [FINALIZER]
        app["spec"]["destination"]["namespace"] = "app"
        moored.add(app)
        moored.until_app(name, sync="Synced", phase="Succeeded")
    moored.home.delete(APPLICATION, "argocd", "one")
    moored.until(lambda: gone(moored, APPLICATION, "one", "argocd"))
    assert gone(moored, CONFIG_MAP, "one")
    assert not gone(moored, CONFIG_MAP, "two")


def test_later_waves_go_first(moored: Moored) -> None:
    """Objects go in the reverse order of their waves: the first wave stays while a later one is held."""
    held = settings("late", sync_wave="1")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    synced(moored, [FINALIZER], settings("early"), held)
    moored.home.delete(APPLICATION, "argocd", "app")
    moored.until(
        lambda: "deletionTimestamp" in moored.home.get(CONFIG_MAP, "app", "late")["metadata"], what="late"
    )
    assert "deletionTimestamp" not in moored.home.get(CONFIG_MAP, "app", "early")["metadata"]
    moored.home.patch(CONFIG_MAP, "app", "late", {"metadata": {"finalizers": None}})
    moored.until(lambda: gone(moored, APPLICATION, "app", "argocd"))
    assert gone(moored, CONFIG_MAP, "early")
