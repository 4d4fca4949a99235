"""What the home cluster says besides Applications."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.desired import Scope
from common.core.errors import ClusterUnreachable, InvalidInput
from common.core.keys import AppKey, GroupKind, GroupVersionKind, Object
from common.core.model.application import read_application
from common.operations.fleet import FleetReader
from common.operations.place import Place
from tests.unit.common.operations.fakes import (
    HOME,
    KEY,
    REMOTE,
    REPO,
    SECRET,
    World,
    application,
    cluster_secret,
    labelled_secret,
)

PROJECT = GroupVersionKind("argoproj.io", "v1alpha1", "AppProject")


@pytest.fixture
def world() -> World:
    """The default project and one remote cluster."""
    return World()


def place(world: World, app: Object) -> Place:
    """Where it goes."""
    return world.fleet.current().place(read_application(app).application)


def project(name: str, **spec: Any) -> Object:
    """A project that permits everything that `spec` does not say otherwise."""
    every = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]}
    meta = {"name": name, "namespace": HOME}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": meta,
        "spec": every | spec,
    }


def refused(world: World, app: Object) -> str:
    """Why it has no place."""
    with pytest.raises(InvalidInput) as caught:
        place(world, app)
    return str(caught.value)


def test_a_destination_is_found_by_address_and_by_name(world: World) -> None:
    """Both lead to the cluster's Secret; the home cluster needs none."""
    assert place(world, application()).access.id == REMOTE
    by_name = application(destination={"name": "remote", "namespace": "shop"})
    assert place(world, by_name).access.id == REMOTE
    home = application(destination={"server": "https://kubernetes.default.svc", "namespace": "shop"})
    assert place(world, home).access == world.home.access


def test_what_is_wrong_with_a_place_is_named(world: World) -> None:
    """No such project, no such cluster, not permitted: field, found, expected."""
    assert "spec.project: found 'nobody', expected the name of an AppProject" in refused(
        world, application(project="nobody")
    )
    assert "https://unknown" in refused(
        world, application(destination={"server": "https://unknown", "namespace": "x"})
    )
    world.home.create(project("narrow", sourceRepos=["https://other.example.org/*"], destinations=[]))
    world.change_home()
    words = refused(world, application(project="narrow"))
    assert "spec.source.repoURL" in words
    assert "spec.destination" in words


def test_a_project_that_cannot_be_read_permits_nothing(world: World) -> None:
    """Its own errors are said."""
    world.home.create(project("broken", destinations="everywhere"))
    world.change_home()
    assert "spec.destinations" in refused(world, application(project="broken"))


def test_the_home_cluster_may_be_closed(world: World) -> None:
    """`cluster.inClusterEnabled: "false"`."""
    meta = {"name": "argocd-cm", "namespace": HOME}
    settings = {"cluster.inClusterEnabled": "false"}
    world.home.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": settings})
    world.change_home()
    home = application(destination={"server": "https://kubernetes.default.svc", "namespace": "shop"})
    assert "kubernetes.default.svc" in refused(world, home)


def test_objects_are_refused_by_project_and_cluster(world: World) -> None:
    """A project's lists of kinds, a cluster's namespaces, and whether it manages cluster-scoped objects."""
    world.home.create(project("narrow", namespaceResourceBlacklist=[{"group": "", "kind": "Secret"}]))
    narrow = cluster_secret("narrow", "https://narrow", namespaces="shop", clusterResources="false")
    world.home.create(narrow)
    world.home.create(cluster_secret("wide", "https://wide", namespaces="shop", clusterResources="true"))
    world.change_home()
    fleet = world.fleet.current()
    config, secret, role = GroupKind("", "ConfigMap"), GroupKind("", "Secret"), GroupKind("", "Namespace")

    def word(at: Place, kind: GroupKind, namespace: str = "shop", scope: Scope = Scope.NAMESPACED) -> str:
        return fleet.refusal(at, kind, namespace, "x", scope)

    by_project = place(world, application(project="narrow"))
    assert "Secret" in word(by_project, secret)
    assert word(by_project, config) == ""
    limited = place(world, application(destination={"name": "narrow", "namespace": "shop"}))
    assert word(limited, config) == ""
    assert word(limited, config, "other").endswith("namespace other is not managed on cluster narrow")
    assert "not managed on cluster narrow" in word(limited, role, "", Scope.CLUSTER)
    wide = place(world, application(destination={"name": "wide", "namespace": "shop"}))
    assert word(wide, role, "", Scope.CLUSTER) == ""


def test_a_reading_is_kept_until_its_version_is_bumped(world: World) -> None:
    """Credentials stay in memory: nothing is asked for while nothing changes."""
    first = world.fleet.current()
    world.home.requests.clear()
    assert world.fleet.current() is first
    assert world.home.requests == []
    world.home.create(cluster_secret("second", "https://second"))
    assert len(world.fleet.current().clusters) == 1
    world.change_home()
    assert len(world.fleet.current().clusters) == 2


def test_an_old_reading_decides_nothing(world: World) -> None:
    """When it has changed and cannot be read, that is an error; the next attempt reads."""
    world.fleet.current()
    world.change_home()
    world.home.fail("list", ClusterUnreachable("gone"))
    with pytest.raises(ClusterUnreachable):
        world.fleet.current()
    assert world.fleet.current().clusters


def test_broken_secrets_and_settings_are_named(world: World) -> None:
    """Each with its errors and without its values; the others count."""
    world.home.create(labelled_secret("cluster-broken", "cluster", name="b", server="https://b", config="{"))
    world.home.create(labelled_secret("repo-broken", "repository", password="hunter2"))
    world.home.create(labelled_secret("repo-good", "repository", url=REPO, username="u", password="hunter2"))
    meta = {"name": "argocd-cm", "namespace": HOME}
    settings = {"timeout.reconciliation": "soon"}
    world.home.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": settings})
    world.change_home()
    fleet = world.fleet.current()
    assert [one.id for one in fleet.clusters] == [REMOTE]
    assert fleet.repository(REPO, "default").username == "u"
    assert len(fleet.problems) == 3
    assert "hunter2" not in str(fleet.problems)


def test_credentials_come_from_templates_too(world: World) -> None:
    """`repo-creds` by the longest prefix; chart repositories are handed to renders."""
    world.home.create(labelled_secret("creds", "repo-creds", url="https://git.example.org", username="t"))
    world.home.create(labelled_secret("charts", "repository", url="https://charts", type="helm", name="c"))
    world.change_home()
    fleet = world.fleet.current()
    assert fleet.repository(REPO, "default").username == "t"
    assert [one.url for one in fleet.helm_repositories] == ["https://charts"]
    assert fleet.render_settings.helm_value_schemes == fleet.settings.helm_values_file_schemes
    assert not fleet.excluded(GroupKind("", "ConfigMap"), REMOTE)
    assert fleet.ignore_rules(()) == fleet.settings.ignore_differences


def test_where_an_application_goes_is_told_for_its_doorbell(world: World) -> None:
    """None where it cannot be told: the shared queue serves."""
    world.add(application())
    world.add(application("lost", project="nobody"))
    assert world.fleet.cluster_of(KEY) == REMOTE
    assert world.fleet.cluster_of(AppKey(HOME, "lost")) is None
    assert world.fleet.cluster_of(AppKey(HOME, "unknown")) is None


def test_a_second_reader_reads_for_itself(world: World) -> None:
    """Each process has its own."""
    world.home.delete(SECRET, HOME, "cluster-remote")
    assert len(FleetReader(world.ports).current().clusters) == 0
