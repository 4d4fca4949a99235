"""Which cluster a destination means."""

from __future__ import annotations

import pytest

from common.core.access import ClusterAccess, Secret
from common.core.errors import InvalidInput
from common.core.keys import IN_CLUSTER, ClusterId
from common.core.model.destination import Destination
from common.core.model.destinations import resolve_destination


def cluster(server: str, name: str = "", **more: object) -> ClusterAccess:
    """A cluster with a Secret."""
    return ClusterAccess(id=ClusterId(server), server=server, name=name or server, **more)  # type: ignore[arg-type]


HOME = ClusterAccess(id=IN_CLUSTER, server="https://127.0.0.1:6443", bearer_token=Secret("t"))
PROD = cluster("https://prod", "prod")
CLUSTERS = (PROD, cluster("https://b", "twin"), cluster("https://a", "twin"), cluster("https://nameless"))


@pytest.mark.parametrize(
    ("destination", "server"),
    [
        (Destination(server="https://prod/"), "https://prod"),
        (Destination(name="prod"), "https://prod"),
        (Destination(name="https://nameless"), "https://nameless"),
        (Destination(server=IN_CLUSTER), "https://127.0.0.1:6443"),
        (Destination(name="in-cluster"), "https://127.0.0.1:6443"),
    ],
)
def test_by_address_or_name(destination: Destination, server: str) -> None:
    """The home cluster needs no Secret; a cluster without a name is called by its address."""
    assert resolve_destination(destination, CLUSTERS, in_cluster=HOME).server == server


def test_a_secret_names_the_home_cluster() -> None:
    """It is still reached as the home cluster is, unless the Secret has credentials."""
    named = cluster(IN_CLUSTER, "harbour", project="fleet")
    found = resolve_destination(Destination(name="harbour"), (named,), in_cluster=HOME)
    assert (found.server, found.name, found.project) == ("https://127.0.0.1:6443", "harbour", "fleet")
    own = cluster(IN_CLUSTER, "harbour", bearer_token=Secret("mine"))
    assert resolve_destination(Destination(name="harbour"), (own,), in_cluster=HOME) == own


def test_the_same_address_twice() -> None:
    """The one of no project first, then by name: always the same."""
    twice = (cluster("https://x", "a", project="p"), cluster("https://x", "c"), cluster("https://x", "b"))
    assert resolve_destination(Destination(server="https://x"), twice, in_cluster=None).name == "b"


@pytest.mark.parametrize(
    ("destination", "field", "expected"),
    [
        (Destination(), "spec.destination", "server or name of a cluster"),
        (Destination(server="a", name="b"), "spec.destination", "server or name of a cluster"),
        (
            Destination(name="twin"),
            "spec.destination.name",
            "a name that one cluster has, not https://a, https://b",
        ),
        (Destination(name="none"), "spec.destination.name", "the name of a cluster that has a Secret"),
        (
            Destination(server="https://none"),
            "spec.destination.server",
            "the address of a cluster that has a Secret",
        ),
        (
            Destination(server=IN_CLUSTER),
            "spec.destination.server",
            "the address of a cluster that has a Secret",
        ),
    ],
)
def test_refused(destination: Destination, field: str, expected: str) -> None:
    """Both, neither, nobody, several; and the home cluster where it is switched off."""
    with pytest.raises(InvalidInput) as caught:
        resolve_destination(destination, CLUSTERS, in_cluster=None, name="Application a/b")
    (error,) = caught.value.errors
    assert (error.object, error.field, error.expected) == ("Application a/b", field, expected)
