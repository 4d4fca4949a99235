"""Where an application goes: clusters, namespaces, and kinds that it brings itself."""

from __future__ import annotations

import pytest

from common.core.keys import GroupVersionKind, Object
from tests.engine_fixtures import CONFIG_MAP, Moored, application
from tests.sync_builders import HOME, NAMESPACE, automated, manifest, settings

WIDGET = GroupVersionKind("example.org", "v1", "Widget")


def other_cluster(moored: Moored) -> Object:
    """A cluster Secret for the second sandbox."""
    import orjson

    access = moored.sandboxes[1].access()
    from base64 import b64encode

    config = {
        "bearerToken": access.bearer_token.reveal() if access.bearer_token else "",
        "tlsClientConfig": {"caData": b64encode(access.ca_data.encode()).decode()},
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "other",
            "namespace": "argocd",
            "labels": {"argocd.argoproj.io/secret-type": "cluster"},
        },
        "stringData": {"name": "other", "server": access.server, "config": orjson.dumps(config).decode()},
    }


@pytest.mark.parametrize("by", ["name", "server"])
def test_a_destination_is_named_or_addressed(moored: Moored, by: str) -> None:
    """`destination.name` and `destination.server` lead to the cluster of a Secret."""
    moored.home.create(other_cluster(moored))
    moored.git.repository().commit({"a.yaml": manifest(settings())})
    value = "other" if by == "name" else moored.sandboxes[1].server
    where = {by: value, "namespace": "app"}
    moored.add(application("app", moored.git.url_of(), destination=where))
    moored.until_app("app", sync="Synced", health="Healthy", phase="Succeeded")
    assert moored.other.get(CONFIG_MAP, "app", "settings")["data"] == {"colour": "blue"}
    assert moored.home.list(CONFIG_MAP, "app").items == ()
    moored.other.patch(CONFIG_MAP, "app", "settings", {"data": {"colour": "red"}})
    moored.until(lambda: moored.other.get(CONFIG_MAP, "app", "settings")["data"] == {"colour": "blue"})


def test_one_repository_on_two_clusters(moored: Moored) -> None:
    """Two applications with one source go each to its own cluster."""
    moored.home.create(other_cluster(moored))
    repo = moored.git.repository()
    repo.commit({"a.yaml": manifest(settings())})
    moored.add(application("here", moored.git.url_of(), destination={"server": HOME, "namespace": "app"}))
    moored.add(application("there", moored.git.url_of(), destination={"name": "other", "namespace": "app"}))
    for name in ("here", "there"):
        moored.until_app(name, sync="Synced", phase="Succeeded")
    revision = repo.commit({"a.yaml": manifest(settings(colour="red"))})
    moored.webhook("here")
    for name, cluster in (("here", moored.home), ("there", moored.other)):
        moored.until_app(name, sync="Synced", phase="Succeeded", revision=revision)
        assert cluster.get(CONFIG_MAP, "app", "settings")["data"] == {"colour": "red"}


def test_a_namespace_is_made_with_its_metadata(moored: Moored) -> None:
    """CreateNamespace makes it, `managedNamespaceMetadata` labels it, and a change of that follows."""
    policy = automated(selfHeal=True)
    policy["managedNamespaceMetadata"] = {"labels": {"team": "a"}, "annotations": {"note": "b"}}
    moored.git.repository().commit({"a.yaml": manifest(settings())})
    moored.add(application("app", moored.git.url_of(), syncPolicy=policy))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    meta = moored.home.get(NAMESPACE, "", "app")["metadata"]
    assert meta["labels"]["team"] == "a"
    assert meta["annotations"] == {"note": "b"}
    assert "argocd.argoproj.io/tracking-id" not in meta["annotations"]


def crd() -> Object:
    """Defines Widgets."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.org"},
        "spec": {
            "group": "example.org",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def test_a_definition_and_its_object_in_one_sync(moored: Moored) -> None:
    """A CustomResourceDefinition is applied, served, and then its object, in one operation."""
    widget = {
        "apiVersion": "example.org/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": {"size": 1},
    }
    moored.git.repository().commit({"a.yaml": manifest(widget, crd())})
    moored.add(application("app", moored.git.url_of()))
    app = moored.until_app("app", sync="Synced", health="Healthy", phase="Succeeded")
    assert moored.home.get(WIDGET, "app", "w")["spec"] == {"size": 1}
    assert app["status"]["operationState"].get("retryCount", 0) == 0
    moored.home.patch(WIDGET, "app", "w", {"spec": {"size": 2}})
    moored.until(lambda: moored.home.get(WIDGET, "app", "w")["spec"] == {"size": 1}, seconds=25)
