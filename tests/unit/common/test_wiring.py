"""The parts of the composition root that need no process."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from common.adapters.memory.cluster import MemoryCluster
from common.core.errors import AlreadyExists, ClusterUnreachable, InvalidInput, VersionConflict
from common.core.keys import IN_CLUSTER, GroupVersionKind
from common.settings import HomeSettings, Settings
from common.wiring import derived, home_access, home_key

SECRET = GroupVersionKind("", "v1", "Secret")
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: one
contexts: [{name: one, context: {cluster: one, user: me}}]
clusters: [{name: one, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: me, user: {token: t}}]
"""


@pytest.fixture
def home() -> MemoryCluster:
    """With the home namespace."""
    return MemoryCluster(namespaces=("argocd",))


def kept(home: MemoryCluster) -> bytes:
    """The key in the Secret."""
    return base64.b64decode(home.get(SECRET, "argocd", "argocd-secret")["data"]["server.secretkey"])


def test_the_installations_key_is_made_once(home: MemoryCluster) -> None:
    """And found from then on."""
    first = home_key(home, "argocd")
    assert len(first) >= 32
    assert home_key(home, "argocd") == first == kept(home)


def test_an_existing_secret_keeps_what_it_has(home: MemoryCluster) -> None:
    """Whoever applied it, and whatever else is in it."""
    meta = {"name": "argocd-secret", "namespace": "argocd"}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"admin.password": "aGFzaA=="}}
    home.apply(body, field_manager="moorings-bootstrap")
    home_key(home, "argocd")
    assert home.get(SECRET, "argocd", "argocd-secret")["data"]["admin.password"] == "aGFzaA=="


@pytest.mark.parametrize("had", [True, False])
def test_of_two_that_make_the_key_one_wins(home: MemoryCluster, *, had: bool) -> None:
    """Both go on with the winner's: what one has encrypted the other reads."""
    meta = {"name": "argocd-secret", "namespace": "argocd"}
    theirs = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta,
        "data": {"server.secretkey": base64.b64encode(b"theirs").decode()},
    }
    if had:
        home.create({**theirs, "data": {}})
    verb, error = ("patch", VersionConflict("changed")) if had else ("create", AlreadyExists("made"))
    original = getattr(home, verb)

    def overtaken(*args: object, **more: object) -> object:
        setattr(home, verb, original)
        home.apply(theirs)
        raise error

    setattr(home, verb, overtaken)
    assert home_key(home, "argocd") == b"theirs" == kept(home)


def test_a_key_that_appears_between_two_looks_is_taken(home: MemoryCluster) -> None:
    """It is not written over."""
    meta = {"name": "argocd-secret", "namespace": "argocd"}
    home.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {}})
    original, looks = home.get, 0

    def get(*args: object) -> object:
        nonlocal looks
        looks += 1
        if looks == 2:
            home.patch(SECRET, "argocd", "argocd-secret", {"data": {"server.secretkey": "dGhlaXJz"}})
        return original(*args)  # type: ignore[arg-type]

    home.get = get  # type: ignore[method-assign,assignment]
    assert home_key(home, "argocd") == b"theirs"


def test_a_home_that_cannot_be_read_is_said(home: MemoryCluster) -> None:
    """No key is made up for it."""
    home.fail("get", ClusterUnreachable("gone"))
    with pytest.raises(ClusterUnreachable):
        home_key(home, "argocd")


def test_each_purpose_has_its_own_key() -> None:
    """The same for the same installation, and nothing that one tells helps with another."""
    assert derived(b"k", "digests") == derived(b"k", "digests")
    assert len({derived(b"k", "digests"), derived(b"k", "renders"), derived(b"j", "digests")}) == 3
    assert len(derived(b"k" * 100, "digests")) == 32


def test_the_home_cluster_is_named_as_applications_name_it(tmp_path: Path) -> None:
    """`https://kubernetes.default.svc`, whatever its address."""
    path = tmp_path / "kubeconfig"
    path.write_text(KUBECONFIG)
    access = home_access(Settings(home=HomeSettings(kubeconfig=path)))
    assert (access.id, access.server) == (IN_CLUSTER, "https://127.0.0.1:1")
    with pytest.raises(InvalidInput):
        home_access(Settings(home=HomeSettings(kubeconfig=path, context="other")))
