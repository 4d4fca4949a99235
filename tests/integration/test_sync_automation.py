"""Automated syncs: one attempt for a revision, repairs, and tries after a failure."""

from __future__ import annotations

import time
from datetime import datetime

from common.core.keys import Object
from tests.engine_fixtures import CONFIG_MAP, Moored, application
from tests.sync_builders import FAIL, automated, deployment, job, manifest, results, settings


def colour(moored: Moored) -> str:
    """What the ConfigMap says."""
    found: str = moored.home.get(CONFIG_MAP, "app", "settings")["data"]["colour"]
    return found


def synced(moored: Moored, policy: Object, *objects: Object) -> Object:
    """An application that has been synced."""
    moored.git.repository().commit({"a.yaml": manifest(*(objects or (settings(),)))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=policy))
    return moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")


def test_a_self_heal_is_a_partial_sync(moored: Moored) -> None:
    """Only what has drifted takes part, and there is no new history entry."""
    synced(moored, automated(selfHeal=True), settings(), settings("other"))
    moored.home.patch(CONFIG_MAP, "app", "settings", {"data": {"colour": "red"}})
    moored.until(lambda: colour(moored) == "blue")
    app = moored.until(
        lambda: (
            (found := moored.app("app"))["status"]["operationState"]["operation"]["sync"].get("resources")
            and found
        )
    )
    operation = app["status"]["operationState"]["operation"]
    assert operation["sync"]["resources"] == [
        {"kind": "ConfigMap", "name": "settings", "namespace": "app"}
    ] or operation["sync"]["resources"] == [
        {"group": "", "kind": "ConfigMap", "name": "settings", "namespace": "app"}
    ]
    assert operation["initiatedBy"] == {"automated": True}
    assert operation["sync"]["autoHealAttemptsCount"] == 1
    assert list(results(app)) == ["settings"]
    assert len(app["status"]["history"]) == 1


def test_repairs_that_follow_one_another_wait(moored: Moored) -> None:
    """The first repair waits for nothing, the second one for the backoff of 2 s."""
    synced(moored, automated(selfHeal=True))
    moored.home.patch(CONFIG_MAP, "app", "settings", {"data": {"colour": "red"}})
    moored.until(lambda: colour(moored) == "blue", seconds=1)
    moored.until(lambda: moored.app("app")["status"]["sync"]["status"] == "Synced")
    began = time.monotonic()
    moored.home.patch(CONFIG_MAP, "app", "settings", {"data": {"colour": "red"}})
    moored.until(lambda: colour(moored) == "blue", seconds=6)
    assert time.monotonic() - began > 0.8
    app = moored.until_app("app", sync="Synced", phase="Succeeded")
    assert app["status"]["operationState"]["operation"]["sync"]["autoHealAttemptsCount"] == 2


def test_a_deletion_by_hand_is_healed_within_a_second(moored: Moored) -> None:
    """What somebody deletes is made again without waiting for any poll."""
    synced(moored, automated(selfHeal=True), deployment("web"))
    from tests.sync_builders import DEPLOYMENT

    old = moored.home.get(DEPLOYMENT, "app", "web")["metadata"]["uid"]
    began = time.monotonic()
    moored.home.delete(DEPLOYMENT, "app", "web")
    moored.until(lambda: moored.home.get(DEPLOYMENT, "app", "web")["metadata"]["uid"] != old)
    assert time.monotonic() - began < 1


def test_without_self_heal_a_drift_is_only_told(moored: Moored) -> None:
    """Automated without selfHeal: at most one attempt for a revision."""
    app = synced(moored, automated())
    moored.home.patch(CONFIG_MAP, "app", "settings", {"data": {"colour": "red"}})
    after = moored.until_app("app", sync="OutOfSync")
    time.sleep(0.3)
    assert colour(moored) == "red"
    assert after["status"]["operationState"] == app["status"]["operationState"]


def test_a_revision_that_failed_is_not_tried_again(moored: Moored) -> None:
    """Automated, without retries: one attempt, then a condition; the next revision is tried."""
    bad = settings("bad")
    bad["data"] = {"not a key!": "x"}
    repo = moored.git.repository()
    repo.commit({"a.yaml": manifest(bad)})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(retry={"limit": 0})))
    app = moored.until_app("app", phase="Failed")
    started = app["status"]["operationState"]["startedAt"]
    moored.refresh("app")
    moored.until(
        lambda: "argocd.argoproj.io/refresh" not in (moored.app("app")["metadata"].get("annotations") or {})
    )
    app = moored.until(
        lambda: (found := moored.app("app"))["status"].get("conditions") and found, what="a condition"
    )
    assert app["status"]["operationState"]["startedAt"] == started
    assert app["status"]["operationState"].get("retryCount", 0) == 0
    (condition,) = app["status"]["conditions"]
    assert condition["type"] == "SyncError"
    assert condition["message"].startswith("Failed last sync attempt to ")
    revision = repo.commit({"a.yaml": manifest(settings("bad"))})
    moored.webhook("app")
    moored.until_app("app", sync="Synced", phase="Succeeded", revision=revision)


def test_a_failed_sync_is_tried_again_with_backoff(moored: Moored) -> None:
    """`retry` counts, waits duration * factor ** n, and ends as Failed at its limit."""
    retry = {"limit": 2, "backoff": {"duration": "1", "factor": 1, "maxDuration": "1m"}}
    bad = settings("bad")
    bad["data"] = {"not a key!": "x"}
    moored.git.repository().commit({"a.yaml": manifest(bad)})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(retry=retry)))
    app = moored.until_app("app", phase="Running")
    state = app["status"]["operationState"]
    assert "Retrying attempt #1 at " in state["message"]
    assert state["retryCount"] == 1
    app = moored.until_app("app", phase="Failed")
    state = app["status"]["operationState"]
    assert state["retryCount"] == 2
    assert "Retrying" not in state["message"]
    assert _time(state["finishedAt"]) >= _time(state["startedAt"])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_unlimited_retry_ends_when_it_can(moored: Moored) -> None:
    """`limit: -1` goes on; once the server accepts, the operation succeeds."""
    retry = {"limit": -1, "backoff": {"duration": "200ms", "factor": 1}}
    moored.git.repository().commit(
        {"a.yaml": manifest(settings(), job("it", hook="PreSync", pod={FAIL: "true"}))}
    )
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(retry=retry)))
    app = moored.until(
        lambda: (
            (found := moored.app("app")).get("status", {}).get("operationState", {}).get("retryCount", 0) >= 2
            and found
        )
    )
    assert app["status"]["operationState"]["phase"] == "Running"


def test_a_retry_does_not_start_before_its_time(moored: Moored) -> None:
    """While it waits, events and refreshes change nothing."""
    retry = {"limit": 3, "backoff": {"duration": "1h"}}
    bad = settings("bad")
    bad["data"] = {"not a key!": "x"}
    moored.git.repository().commit({"a.yaml": manifest(bad)})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(retry=retry)))
    app = moored.until_app("app", phase="Running")
    moored.refresh("app")
    moored.until(
        lambda: "argocd.argoproj.io/refresh" not in (moored.app("app")["metadata"].get("annotations") or {})
    )
    assert moored.app("app")["status"]["operationState"] == app["status"]["operationState"]


def test_an_application_that_is_to_be_left_alone_is(moored: Moored) -> None:
    """`skip-reconcile: "true"`: nothing at all until it is taken off."""
    moored.git.repository().commit({"a.yaml": manifest(settings())})
    app = application("app", moored.git.url_of())
    app["metadata"]["annotations"] = {"argocd.argoproj.io/skip-reconcile": "true"}
    moored.add(app)
    time.sleep(0.5)
    assert "status" not in moored.app("app")
    moored.patch("app", {"metadata": {"annotations": {"argocd.argoproj.io/skip-reconcile": None}}})
    moored.until_app("app", sync="Synced", phase="Succeeded")


def test_a_retry_may_take_the_newest_revision(moored: Moored) -> None:
    """With `retry.refresh` the next try is of the commit that mends it, within the same operation."""
    retry = {"limit": -1, "refresh": True, "backoff": {"duration": "1s", "factor": 1}}
    bad = settings("it")
    bad["data"] = {"not a key!": "x"}
    repo = moored.git.repository()
    repo.commit({"a.yaml": manifest(bad)})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(retry=retry)))
    moored.until_app("app", phase="Running")
    revision = repo.commit({"a.yaml": manifest(settings("it"))})
    moored.webhook("app")
    app = moored.until_app("app", sync="Synced", phase="Succeeded", revision=revision)
    assert app["status"]["operationState"]["retryCount"] >= 1
    assert [one["revision"] for one in app["status"]["history"]] == [revision]
