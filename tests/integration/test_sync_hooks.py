"""Hooks: when they run, what becomes of their objects, and when they do not run."""

from __future__ import annotations

import pytest

from common.core.keys import Object
from tests.engine_fixtures import CONFIG_MAP, Moored, application
from tests.sync_builders import (
    FAIL,
    JOB,
    READY_AFTER,
    automated,
    job,
    manifest,
    manual,
    results,
    settings,
    sync,
)

FINALIZER = "argocd.argoproj.io/hook-finalizer"
NO_RETRY = {"limit": 0}


def jobs(moored: Moored, namespace: str = "app") -> dict[str, Object]:
    """The Jobs that are there, by name."""
    return {one["metadata"]["name"]: one for one in moored.home.list(JOB, namespace).items}


def test_hooks_run_around_the_sync(moored: Moored) -> None:
    """PreSync ends before anything is applied; PostSync begins when all is healthy."""
    moored.git.repository().commit(
        {
            "a.yaml": manifest(
                settings(),
                job("before", hook="PreSync", pod={READY_AFTER: "600ms"}),
                job("after", hook="PostSync"),
            )
        }
    )
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    moored.until_app("app", phase="Running")
    waiting = "waiting for completion of hook batch/Job/before"
    moored.until(lambda: moored.app("app")["status"]["operationState"].get("message") == waiting)
    assert FINALIZER in jobs(moored)["before"]["metadata"]["finalizers"]
    assert moored.home.list(CONFIG_MAP, "app").items == ()
    app = moored.until_app("app", sync="Synced", health="Healthy", phase="Succeeded")
    found = results(app)
    assert (found["before"]["hookPhase"], found["before"]["hookType"]) == ("Succeeded", "PreSync")
    assert (found["after"]["hookPhase"], found["after"]["syncPhase"]) == ("Succeeded", "PostSync")
    assert len(app["status"]["history"]) == 1
    # Without a delete policy they stay until the next run, released.
    assert set(jobs(moored)) == {"before", "after"}
    assert all("finalizers" not in one["metadata"] for one in jobs(moored).values())


def test_a_hook_that_fails_ends_the_sync(moored: Moored) -> None:
    """After a failed PreSync nothing is applied, and the SyncFail hooks run."""
    moored.git.repository().commit(
        {
            "a.yaml": manifest(
                settings(),
                job("before", hook="PreSync", pod={FAIL: "true"}),
                job("sorry", hook="SyncFail"),
            )
        }
    )
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(retry=NO_RETRY)))
    app = moored.until_app("app", phase="Failed", sync="OutOfSync")
    found = results(app)
    assert found["before"]["hookPhase"] == "Failed"
    assert found["sorry"]["hookPhase"] == "Succeeded"
    assert "settings" not in found
    assert moored.home.list(CONFIG_MAP, "app").items == ()


@pytest.mark.parametrize(
    ("policy", "fails", "stays"),
    [
        ("HookSucceeded", False, False),
        ("HookFailed", False, True),
        ("HookSucceeded", True, True),
        ("HookFailed", True, False),
        ("BeforeHookCreation", False, True),
    ],
)
def test_a_delete_policy_decides_what_stays(moored: Moored, policy: str, fails: bool, stays: bool) -> None:
    """Each delete policy deletes the hook at its time only."""
    hook = job("it", hook="PreSync", hook_delete_policy=policy, pod={FAIL: "true"} if fails else {})
    moored.git.repository().commit({"a.yaml": manifest(settings(), hook)})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(retry=NO_RETRY)))
    app = moored.until_app("app", phase="Failed" if fails else "Succeeded")
    assert results(app)["it"]["hookPhase"] == ("Failed" if fails else "Succeeded")
    moored.until(lambda: ("it" in jobs(moored)) is stays)


def test_a_hook_is_made_anew_at_the_next_sync(moored: Moored) -> None:
    """BeforeHookCreation, the default: the old object goes and another one runs."""
    repo = moored.git.repository()
    repo.commit({"a.yaml": manifest(settings(), job("it", hook="PreSync"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    first = jobs(moored)["it"]["metadata"]["uid"]
    revision = repo.commit({"a.yaml": manifest(settings(colour="red"), job("it", hook="PreSync"))})
    moored.webhook("app")
    moored.until_app("app", sync="Synced", revision=revision, phase="Succeeded")
    assert jobs(moored)["it"]["metadata"]["uid"] != first


def test_a_generated_name_is_the_same_in_every_step(moored: Moored) -> None:
    """A hook with generateName is one object, named from revision, phase and start."""
    hook = job("it-", generate=True, hook="PreSync", pod={READY_AFTER: "500ms"})
    revision = moored.git.repository().commit({"a.yaml": manifest(settings(), hook)})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    app = moored.until_app("app", sync="Synced", phase="Succeeded")
    (name,) = jobs(moored)
    assert name.startswith(f"it-{revision[:7]}-presync-")
    assert results(app)[name]["hookPhase"] == "Succeeded"


def test_hooks_do_not_run_in_a_self_heal(moored: Moored) -> None:
    """A migration must not run at every drift: a self-heal is a partial sync."""
    moored.git.repository().commit({"a.yaml": manifest(settings(), job("it", hook="PreSync"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(selfHeal=True)))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    first = jobs(moored)["it"]["metadata"]["uid"]
    moored.home.delete(CONFIG_MAP, "app", "settings")
    moored.until(lambda: moored.home.get(CONFIG_MAP, "app", "settings"))
    app = moored.until(
        lambda: (
            (found := moored.app("app"))["status"]["operationState"]["operation"]["sync"].get("resources")
            and found["status"]["sync"]["status"] == "Synced"
            and found
        )
    )
    assert list(results(app)) == ["settings"]
    assert jobs(moored)["it"]["metadata"]["uid"] == first


def test_apply_strategy_skips_hooks(moored: Moored) -> None:
    """`syncStrategy.apply` applies and runs no hook."""
    moored.git.repository().commit({"a.yaml": manifest(settings(), job("it", hook="PreSync"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=manual()))
    moored.until_app("app", sync="OutOfSync")
    moored.patch("app", sync(syncStrategy={"apply": {}}))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    assert jobs(moored) == {}


def test_a_hook_that_somebody_deletes_counts(moored: Moored) -> None:
    """Our finalizer holds a hook that is deleted while it runs: the operation learns of it and fails."""
    hook = job("it", hook="PreSync", pod={READY_AFTER: "30s"})
    moored.git.repository().commit({"a.yaml": manifest(settings(), hook)})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(retry=NO_RETRY)))
    moored.until_app("app", phase="Running")
    moored.until(lambda: jobs(moored).get("it"))
    moored.home.delete(JOB, "app", "it")
    app = moored.until_app("app", phase="Failed")
    assert results(app)["it"]["message"] == "was deleted while it ran"
    moored.until(lambda: jobs(moored) == {})
