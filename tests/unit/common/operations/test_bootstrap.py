"""Making a cluster a home cluster."""

from __future__ import annotations

import base64

import bcrypt
import pytest

from common.adapters.memory.clock import SettableClock
from common.adapters.memory.cluster import MemoryCluster
from common.core.errors import AlreadyExists, ClusterUnreachable, KindNotServed
from common.core.keys import GroupVersionKind, Object
from common.operations.bootstrap import Bootstrapped, bootstrap
from tests.unit.common.operations.fakes import HOME, NAMESPACE, SECRET

PROJECT = GroupVersionKind("argoproj.io", "v1alpha1", "AppProject")


@pytest.fixture
def cluster() -> MemoryCluster:
    """With nothing on it."""
    return MemoryCluster(namespaces=())


def make(cluster: MemoryCluster) -> Bootstrapped:
    """As a start does; the clock goes on while it waits."""
    clock = SettableClock()
    return bootstrap(cluster, HOME, clock=clock, wait=lambda seconds: clock.advance(seconds))


def secret(cluster: MemoryCluster, name: str) -> dict[str, str]:
    """A Secret's values, decoded."""
    found = cluster.get(SECRET, HOME, name)
    return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}


def test_an_empty_cluster_gets_everything(cluster: MemoryCluster) -> None:
    """Namespace, definitions, the default project, and an admin whose password is shown and kept hashed."""
    made = make(cluster)
    assert set(made.created) == {
        "applications.argoproj.io",
        "applicationsets.argoproj.io",
        "appprojects.argoproj.io",
        "Namespace/argocd",
        "AppProject/default",
    }
    assert cluster.get(PROJECT, HOME, "default")["spec"]["sourceRepos"] == ["*"]
    settings = secret(cluster, "argocd-secret")
    assert bcrypt.checkpw(made.password.encode(), settings["admin.password"].encode())
    assert settings["admin.passwordMtime"] == "2026-01-01T00:00:00Z"
    assert len(settings["server.secretkey"]) >= 32


def test_a_second_start_changes_nothing(cluster: MemoryCluster) -> None:
    """What is there stays; the password is found again."""
    first = make(cluster)
    before = cluster.objects()
    second = make(cluster)
    assert (second.created, second.password) == ((), first.password)
    assert cluster.objects() == before


def test_an_existing_installation_is_left_alone(cluster: MemoryCluster) -> None:
    """Its project and its admin's password are its own; a password that nobody keeps is not known."""
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}})
    place = {"namespace": HOME}
    cluster.create(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "default", **place}}
    )
    own: Object = {"admin.password": "aGFzaA==", "server.secretkey": "a2V5"}
    cluster.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-secret", **place}, "data": own}
    )
    made = make(cluster)
    assert made.password == ""
    assert "AppProject/default" not in made.created
    assert cluster.get(SECRET, HOME, "argocd-secret")["data"] == own


def test_a_start_that_ends_between_the_two_secrets_is_made_good(cluster: MemoryCluster) -> None:
    """The password is written before its hash: the next start makes a pair that fits."""
    cluster.fail("apply", ClusterUnreachable("gone"), name="argocd-secret")
    with pytest.raises(ClusterUnreachable):
        make(cluster)
    made = make(cluster)
    assert secret(cluster, "argocd-initial-admin-secret")["password"] == made.password
    hashed = secret(cluster, "argocd-secret")["admin.password"]
    assert bcrypt.checkpw(made.password.encode(), hashed.encode())


def test_a_password_that_was_reset_leaves_the_key(cluster: MemoryCluster) -> None:
    """People reset the password by removing it: sessions and stored renders outlive that."""
    make(cluster)
    key = secret(cluster, "argocd-secret")["server.secretkey"]
    cluster.patch(SECRET, HOME, "argocd-secret", {"data": {"admin.password": None}})
    made = make(cluster)
    settings = secret(cluster, "argocd-secret")
    assert settings["server.secretkey"] == key
    assert bcrypt.checkpw(made.password.encode(), settings["admin.password"].encode())


def test_two_starts_at_once_are_one(cluster: MemoryCluster) -> None:
    """Somebody else may make an object between the look and the creation."""
    cluster.fail("create", AlreadyExists("made a moment ago"), name="default")
    assert "AppProject/default" not in make(cluster).created


def test_definitions_that_are_never_served_are_said(cluster: MemoryCluster) -> None:
    """It waits a while for the API server, and then says what is missing."""
    cluster._rows = [row for row in cluster._rows if row.gvk.kind != "Application"]
    with pytest.raises(KindNotServed, match=r"does not serve argoproj\.io/v1alpha1 Application 15 s"):
        make(cluster)
    assert not [obj for obj in cluster.objects() if obj["kind"] == "Secret"]


def test_a_namespace_that_is_there_stays_as_it_is(cluster: MemoryCluster) -> None:
    """Its labels are somebody's."""
    meta = {"name": HOME, "labels": {"team": "platform"}}
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    make(cluster)
    assert cluster.get(NAMESPACE, "", HOME)["metadata"]["labels"] == {"team": "platform"}
