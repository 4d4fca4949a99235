"""Waves: order, waiting for health, and what a failure stops."""

from __future__ import annotations

import time

from common.core.errors import NotFound
from tests.engine_fixtures import CONFIG_MAP, Moored, application
from tests.sync_builders import (
    DEPLOYMENT,
    FAIL,
    READY_AFTER,
    automated,
    deployment,
    manifest,
    results,
    settings,
)

NO_RETRY = {"limit": 0}


def absent(moored: Moored, name: str) -> bool:
    """Whether a ConfigMap of the application is not there."""
    try:
        moored.home.get(CONFIG_MAP, "app", name)
    except NotFound:
        return True
    return False


def test_a_wave_waits_for_the_health_of_the_one_before(moored: Moored) -> None:
    """What is in wave 1 is applied when the Deployment of wave 0 is ready, not before."""
    first = deployment("first", pod={READY_AFTER: "1s"}, sync_wave="0")
    moored.git.repository().commit({"a.yaml": manifest(first, settings("second", sync_wave="1"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    moored.until_app("app", phase="Running")
    waiting = "waiting for healthy state of apps/Deployment/first"
    moored.until(lambda: moored.app("app")["status"]["operationState"].get("message") == waiting)
    assert absent(moored, "second")
    app = moored.until_app("app", sync="Synced", health="Healthy", phase="Succeeded")
    live = moored.home.get(DEPLOYMENT, "app", "first")
    assert live["status"]["readyReplicas"] == 1
    assert results(app)["second"]["status"] == "Synced"
    assert len(app["status"]["history"]) == 1


def test_a_wave_that_fails_stops_the_sync(moored: Moored) -> None:
    """An object that the server refuses ends the operation; later waves are not applied."""
    bad = settings("bad", sync_wave="0")
    bad["data"] = {"not a key!": "x"}
    moored.git.repository().commit({"a.yaml": manifest(bad, settings("second", sync_wave="1"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(retry=NO_RETRY)))
    app = moored.until_app("app", phase="Failed")
    state = app["status"]["operationState"]
    assert state["message"].startswith("one or more objects failed to apply, reason: ")
    assert results(app)["bad"]["status"] == "SyncFailed"
    assert "second" not in results(app)
    assert absent(moored, "second")
    assert "history" not in app["status"]


def test_a_degraded_wave_stops_the_sync(moored: Moored) -> None:
    """A Deployment that passes its progress deadline in a wave fails the operation."""
    first = deployment("first", pod={FAIL: "ImagePullBackOff"}, sync_wave="0")
    first["spec"]["progressDeadlineSeconds"] = 1
    moored.git.repository().commit({"a.yaml": manifest(first, settings("second", sync_wave="1"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(retry=NO_RETRY)))
    app = moored.until_app("app", phase="Failed", health="Degraded")
    assert results(app)["first"]["hookPhase"] == "Failed"
    assert absent(moored, "second")


def test_the_last_wave_is_not_waited_for(moored: Moored) -> None:
    """An operation whose last wave has no hook succeeds at once; health follows in its own time."""
    slow = deployment("slow", pod={READY_AFTER: "1s"}, sync_wave="5")
    moored.git.repository().commit({"a.yaml": manifest(settings("first"), slow)})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    app = moored.until_app("app", sync="Synced", phase="Succeeded", health="Progressing")
    assert app["status"]["operationState"]["message"].startswith("successfully synced")
    moored.until_app("app", sync="Synced", health="Healthy")


def test_a_deployment_that_fails_degrades_its_application(moored: Moored) -> None:
    """A rollout that passes its deadline is Degraded although the sync has succeeded."""
    bad = deployment("bad", pod={FAIL: "CrashLoopBackOff"})
    bad["spec"]["progressDeadlineSeconds"] = 1
    moored.git.repository().commit({"a.yaml": manifest(bad)})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    app = moored.until_app("app", sync="Synced", phase="Succeeded", health="Degraded")
    assert "exceeded its progress deadline" in app["status"]["resources"][0]["health"]["message"]


def test_a_malformed_wave_counts_as_0_and_is_said(moored: Moored) -> None:
    """A wave that is no number is 0, with a warning that names the object."""
    moored.git.repository().commit({"a.yaml": manifest(settings("odd", sync_wave="soon"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    app = moored.until_app("app", sync="Synced", phase="Succeeded")
    (condition,) = app["status"]["conditions"]
    assert condition["type"] == "InvalidWaveWarning"
    assert "odd" in condition["message"]
    assert "soon" in condition["message"]


def test_a_quiet_application_waits_for_nothing(moored: Moored) -> None:
    """Waiting keeps no worker: while one application waits, another one is synced."""
    slow = deployment("slow", pod={READY_AFTER: "3s"}, sync_wave="0")
    repo = moored.git.repository()
    repo.commit(
        {"slow/a.yaml": manifest(slow, settings("z", sync_wave="1")), "quick/a.yaml": manifest(settings())}
    )
    for number in range(5):  # more than the pump has threads
        moored.add(application(f"slow-{number}", moored.git.url_of(), path="slow", syncPolicy=automated()))
    moored.until_app("slow-4", phase="Running")
    began = time.monotonic()
    moored.add(application("quick", moored.git.url_of(), path="quick", syncPolicy=automated()))
    moored.until_app("quick", sync="Synced", phase="Succeeded")
    assert time.monotonic() - began < 2
