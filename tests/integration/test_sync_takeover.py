"""Objects that others applied before Moorings came."""

from __future__ import annotations

import pytest

from common.core.keys import Object
from common.ports import PatchType
from tests.engine_fixtures import CONFIG_MAP, Moored, application
from tests.sync_builders import automated, manifest, manual, recorded, settings, sync, with_annotations


def applied_before(moored: Moored, *, manager: str = "", **data: str) -> None:
    """A namespace and a ConfigMap in it, made by an applier of that name."""
    moored.home.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "app"}})
    obj = {**settings(), "data": data}
    obj["metadata"] = {"name": "settings", "namespace": "app"}
    moored.home.apply(obj, field_manager=manager)


def managers(obj: Object) -> list[tuple[str, str]]:
    """Who owns fields of an object."""
    return [(one["manager"], one["operation"]) for one in obj["metadata"]["managedFields"]]


def live(moored: Moored) -> Object:
    """The ConfigMap."""
    return moored.home.get(CONFIG_MAP, "app", "settings")


def as_update(moored: Moored, manager: str) -> None:
    """Turn the applier's entry into an Update, as client-side apply leaves it."""
    found = live(moored)
    entries = [{**one, "operation": "Update"} for one in found["metadata"]["managedFields"]]
    version = found["metadata"]["resourceVersion"]
    moored.home.patch(
        CONFIG_MAP,
        "app",
        "settings",
        {"metadata": {"managedFields": entries, "resourceVersion": version}},
        patch_type=PatchType.MERGE,
    )
    assert managers(live(moored)) == [(manager, "Update")]


@pytest.mark.parametrize(
    ("manager", "how"),
    [
        ("kubectl-client-side-apply", "Update"),
        ("kubectl-last-applied", "Apply"),
        ("argocd-controller", "Update"),
        ("argocd-controller", "Apply"),
    ],
)
def test_what_git_no_longer_has_goes(moored: Moored, manager: str, how: str) -> None:
    """At the first contact the fields of earlier appliers are ours; what Git does not have is taken away."""
    applied_before(moored, manager=manager, colour="red", leftover="x")
    if how == "Update":
        as_update(moored, manager)
    moored.git.repository().commit({"a.yaml": manifest(settings())})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    assert live(moored)["data"] == {"colour": "blue"}
    assert managers(live(moored)) == [("moorings", "Apply")]


def test_a_named_manager_is_taken_over_too(moored: Moored) -> None:
    """`client-side-apply-migration-manager` names another applier."""
    applied_before(moored, manager="our-script", leftover="x")
    obj = with_annotations(settings(), {"client-side-apply-migration-manager": "our-script"})
    moored.git.repository().commit({"a.yaml": manifest(obj)})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    assert live(moored)["data"] == {"colour": "blue"}


def test_other_managers_keep_their_fields(moored: Moored) -> None:
    """What somebody else applied beside Git stays."""
    applied_before(moored, manager="some-operator", extra="x")
    moored.git.repository().commit({"a.yaml": manifest(settings())})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    assert live(moored)["data"] == {"colour": "blue", "extra": "x"}


def test_the_migration_can_be_switched_off(moored: Moored) -> None:
    """`ClientSideApplyMigration=false` leaves the others' fields to them."""
    applied_before(moored, manager="kubectl-client-side-apply", leftover="x")
    moored.git.repository().commit({"a.yaml": manifest(settings())})
    policy = manual("ClientSideApplyMigration=false")
    moored.add(application("app", moored.git.url_of(), syncPolicy=policy))
    moored.until_app("app", sync="OutOfSync")
    moored.patch("app", sync())
    moored.until_app("app", phase="Succeeded")
    assert live(moored)["data"] == {"colour": "blue", "leftover": "x"}


def test_the_second_sync_takes_nothing_over(moored: Moored) -> None:
    """The takeover is paid for once."""
    applied_before(moored, manager="kubectl-client-side-apply", leftover="x")
    repo = moored.git.repository()
    repo.commit({"a.yaml": manifest(settings())})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    revision = repo.commit({"a.yaml": manifest(settings(colour="green"))})
    with recorded(moored.sandboxes[0]) as seen:
        moored.webhook("app")
        moored.until_app("app", sync="Synced", phase="Succeeded", revision=revision)
    writes = [one for one in seen if one.startswith("PATCH") and "configmaps" in one]
    assert writes == ["PATCH /api/v1/namespaces/app/configmaps/settings"]
