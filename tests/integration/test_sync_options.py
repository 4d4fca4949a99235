"""Sync options: how one object is written."""

from __future__ import annotations

from tests.engine_fixtures import CONFIG_MAP, Moored, application
from tests.sync_builders import (
    DEPLOYMENT,
    JOB,
    automated,
    deployment,
    job,
    manifest,
    manual,
    results,
    settings,
    sync,
)


def test_a_job_with_force_and_replace_runs_at_every_sync(moored: Moored) -> None:
    """`Force=true,Replace=true` replaces a Job at every sync, although it is unchanged."""
    once = job("run", sync_options="Force=true,Replace=true")
    moored.git.repository().commit({"a.yaml": manifest(once, job("other"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")
    first = {one["metadata"]["name"]: one["metadata"]["uid"] for one in moored.home.list(JOB, "app").items}
    moored.patch("app", sync())
    moored.until(lambda: len(moored.app("app")["status"]["history"]) == 2)
    moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")
    second = {one["metadata"]["name"]: one["metadata"]["uid"] for one in moored.home.list(JOB, "app").items}
    assert second["run"] != first["run"]
    assert second["other"] == first["other"]


def test_replace_puts(moored: Moored) -> None:
    """`Replace=true` leaves nothing of what others have put into the object."""
    repo = moored.git.repository()
    repo.commit({"a.yaml": manifest(settings(sync_options="Replace=true"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    moored.home.patch(CONFIG_MAP, "app", "settings", {"data": {"extra": "x"}})
    revision = repo.commit({"a.yaml": manifest(settings(colour="red", sync_options="Replace=true"))})
    moored.webhook("app")
    app = moored.until_app("app", sync="Synced", phase="Succeeded", revision=revision)
    assert moored.home.get(CONFIG_MAP, "app", "settings")["data"] == {"colour": "red"}
    assert results(app)["settings"]["message"] == "configmap/settings replaced"


def test_an_immutable_change_needs_force(moored: Moored) -> None:
    """A change of an immutable field fails; with `force` the object is deleted and made again."""
    repo = moored.git.repository()
    repo.commit({"a.yaml": manifest(deployment())})
    moored.add(application("app", moored.git.url_of(), syncPolicy=manual()))
    moored.until_app("app", sync="OutOfSync")
    moored.patch("app", sync())
    moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")
    old = moored.home.get(DEPLOYMENT, "app", "web")["metadata"]["uid"]
    changed = deployment()
    changed["spec"]["selector"]["matchLabels"] = {"app": "other"}
    changed["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    revision = repo.commit({"a.yaml": manifest(changed)})
    moored.webhook("app")
    moored.until_app("app", sync="OutOfSync", revision=revision)
    moored.patch("app", sync())
    app = moored.until_app("app", phase="Failed")
    assert "immutable" in app["status"]["operationState"]["message"]
    moored.patch("app", sync(syncStrategy={"hook": {"force": True}}))
    moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")
    assert moored.home.get(DEPLOYMENT, "app", "web")["metadata"]["uid"] != old


def test_only_what_is_out_of_sync_is_named(moored: Moored) -> None:
    """With `ApplyOutOfSyncOnly=true` the results have no rows of unchanged objects."""
    repo = moored.git.repository()
    repo.commit({"a.yaml": manifest(settings("one"), settings("two"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated("ApplyOutOfSyncOnly=true")))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    revision = repo.commit({"a.yaml": manifest(settings("one"), settings("two", colour="red"))})
    moored.webhook("app")
    app = moored.until_app("app", sync="Synced", phase="Succeeded", revision=revision)
    assert list(results(app)) == ["two"]


def test_a_second_application_is_warned_of(moored: Moored) -> None:
    """An object that another application tracks is told as a SharedResourceWarning."""
    repo = moored.git.repository()
    repo.commit({"one/a.yaml": manifest(settings()), "two/a.yaml": manifest(settings())})
    where = {"server": "https://kubernetes.default.svc", "namespace": "app"}
    moored.add(application("one", moored.git.url_of(), path="one", destination=where))
    moored.until_app("one", sync="Synced", phase="Succeeded")
    moored.add(application("two", moored.git.url_of(), path="two", destination=where, syncPolicy=manual()))
    app = moored.until_app("two", sync="OutOfSync")
    (condition,) = app["status"]["conditions"]
    assert condition["type"] == "SharedResourceWarning"
    assert "settings" in condition["message"]
    assert "one" in condition["message"]


def test_a_shared_object_can_fail_the_sync(moored: Moored) -> None:
    """With `FailOnSharedResource=true` another application's object is left alone, and the sync fails."""
    repo = moored.git.repository()
    repo.commit({"one/a.yaml": manifest(settings()), "two/a.yaml": manifest(settings(colour="red"))})
    where = {"server": "https://kubernetes.default.svc", "namespace": "app"}
    moored.add(application("one", moored.git.url_of(), path="one", destination=where))
    moored.until_app("one", sync="Synced", phase="Succeeded")
    policy = automated("FailOnSharedResource=true", retry={"limit": 0})
    moored.add(application("two", moored.git.url_of(), path="two", destination=where, syncPolicy=policy))
    app = moored.until_app("two", phase="Failed")
    assert "Shared resource found" in results(app)["settings"]["message"]
    assert moored.home.get(CONFIG_MAP, "app", "settings")["data"] == {"colour": "blue"}
