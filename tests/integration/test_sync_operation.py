"""Operations that people ask for, with nothing but kubectl's patches."""

from __future__ import annotations

import time

from common.core.errors import NotFound
from common.core.keys import Object
from tests.engine_fixtures import CONFIG_MAP, Moored, application
from tests.sync_builders import READY_AFTER, automated, job, manifest, manual, results, settings, sync

REFRESH = "argocd.argoproj.io/refresh"


def names(moored: Moored) -> list[str]:
    """The ConfigMaps that are there."""
    return sorted(one["metadata"]["name"] for one in moored.home.list(CONFIG_MAP, "app").items)


def out_of_sync(moored: Moored, *objects: Object) -> Object:
    """A new application that nobody has synced."""
    moored.git.repository().commit({"a.yaml": manifest(*objects)})
    moored.add(application("app", moored.git.url_of(), syncPolicy=manual()))
    return moored.until_app("app", sync="OutOfSync")


def ended(moored: Moored) -> Object:
    """The Application after its operation."""
    app: Object = moored.until(
        lambda: (
            "operation" not in (found := moored.app("app"))
            and found["status"].get("operationState")
            and found
        )
    )
    return app


def test_without_a_policy_nothing_is_applied(moored: Moored) -> None:
    """A new application without automation is OutOfSync and Missing."""
    app = out_of_sync(moored, settings())
    assert app["status"]["health"]["status"] == "Missing"
    assert "operationState" not in app["status"]


def test_the_operation_stays_until_its_end(moored: Moored) -> None:
    """`operation` is on the object while it runs and goes in the patch that records the end."""
    out_of_sync(moored, settings(), job("it", hook="PreSync", pod={READY_AFTER: "700ms"}))
    moored.patch("app", sync())
    seen: list[tuple[bool, str]] = []

    def over() -> bool:
        app = moored.app("app")
        phase = app["status"].get("operationState", {}).get("phase", "")
        seen.append(("operation" in app, phase))
        return phase == "Succeeded"

    moored.until(over)
    assert (True, "Running") in seen
    assert (False, "Running") not in seen
    assert (True, "Succeeded") not in seen
    app = ended(moored)
    state = app["status"]["operationState"]
    assert state["operation"]["initiatedBy"] == {"username": "ada"}
    assert app["status"]["history"][0]["initiatedBy"] == {"username": "ada"}
    assert state["finishedAt"] >= state["startedAt"]


def test_a_dry_run_changes_nothing(moored: Moored) -> None:
    """`dryRun` asks the server for every object and leaves none."""
    out_of_sync(moored, settings())
    moored.home.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "app"}})
    moored.patch("app", sync(dryRun=True))
    app = ended(moored)
    assert app["status"]["operationState"]["phase"] == "Succeeded"
    assert results(app)["settings"]["status"] == "Synced"
    assert names(moored) == []
    assert app["status"]["sync"]["status"] == "OutOfSync"
    assert "history" not in app["status"]


def test_a_partial_sync_applies_what_it_names(moored: Moored) -> None:
    """`resources` limits the operation; hooks do not run, and history gets no entry."""
    out_of_sync(moored, settings("one"), settings("two"), job("it", hook="PreSync"))
    moored.patch("app", sync(resources=[{"kind": "ConfigMap", "name": "one"}]))
    app = ended(moored)
    assert names(moored) == ["one"]
    assert [name for name in results(app) if name != "app"] == ["one"]
    assert app["status"]["sync"]["status"] == "OutOfSync"
    assert "history" not in app["status"]


def test_an_operation_may_name_its_revision(moored: Moored) -> None:
    """`revision` syncs to a commit that the branch has left."""
    repo = moored.git.repository()
    first = repo.commit({"a.yaml": manifest(settings(colour="blue"))})
    second = repo.commit({"a.yaml": manifest(settings(colour="red"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=manual()))
    moored.until_app("app", sync="OutOfSync", revision=second)
    moored.patch("app", sync(revision=first))
    app = ended(moored)
    assert moored.home.get(CONFIG_MAP, "app", "settings")["data"] == {"colour": "blue"}
    assert app["status"]["operationState"]["syncResult"]["revision"] == first
    assert app["status"]["sync"]["revision"] == second
    assert app["status"]["sync"]["status"] == "OutOfSync"


def test_an_operation_has_options_of_its_own(moored: Moored) -> None:
    """`syncOptions` of the operation count beside the policy's."""
    moored.git.repository().commit({"a.yaml": manifest(settings())})
    moored.add(application("app", moored.git.url_of(), syncPolicy={}))
    moored.until_app("app", sync="OutOfSync")
    moored.patch("app", sync())
    app = ended(moored)
    assert app["status"]["operationState"]["phase"] == "Failed"
    assert "not found" in app["status"]["operationState"]["message"]
    moored.patch("app", sync(syncOptions=["CreateNamespace=true"]))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    assert names(moored) == ["settings"]


def test_a_rollback_goes_to_a_history_entry(moored: Moored) -> None:
    """With auto-sync off, an operation with an entry's revision and source goes back, and is remembered."""
    repo = moored.git.repository()
    first = repo.commit({"a.yaml": manifest(settings(colour="blue"), settings("old"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(prune=True)))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    second = repo.commit({"a.yaml": manifest(settings(colour="red"))})
    moored.webhook("app")
    app = moored.until_app("app", sync="Synced", revision=second, phase="Succeeded")
    moored.patch("app", {"spec": {"syncPolicy": {"automated": None}}})
    entry = app["status"]["history"][0]
    assert entry["revision"] == first
    moored.patch("app", sync(revision=entry["revision"], source=entry["source"], prune=True))
    app = ended(moored)
    assert moored.home.get(CONFIG_MAP, "app", "settings")["data"] == {"colour": "blue"}
    assert names(moored) == ["old", "settings"]
    app = moored.until_app("app", sync="OutOfSync", revision=second)
    assert [one["revision"] for one in app["status"]["history"]] == [first, second, first]


def test_a_terminated_operation_ends(moored: Moored) -> None:
    """Phase Terminating, written by anybody, survives our writes: hooks go, the operation is Failed."""
    out_of_sync(moored, settings(), job("it", hook="PreSync", pod={READY_AFTER: "30s"}))
    moored.patch("app", sync())
    moored.until_app("app", phase="Running")
    moored.until(lambda: "it" in str(moored.app("app")["status"]["operationState"].get("message")))
    moored.patch("app", {"status": {"operationState": {"phase": "Terminating"}}})
    app = ended(moored)
    state = app["status"]["operationState"]
    assert (state["phase"], state["message"]) == ("Failed", "Operation terminated")
    assert names(moored) == []

    def hook_is_gone() -> bool:
        from tests.sync_builders import JOB

        try:
            moored.home.get(JOB, "app", "it")
        except NotFound:
            return True
        return False

    moored.until(hook_is_gone)


def test_a_waiting_retry_can_be_terminated(moored: Moored) -> None:
    """Terminating ends the tries to come."""
    bad = settings("bad")
    bad["data"] = {"not a key!": "x"}
    out_of_sync(moored, bad)
    asked = sync()
    asked["operation"]["retry"] = {"limit": 5, "backoff": {"duration": "1h"}}
    moored.patch("app", asked)
    app = moored.until_app("app", phase="Running")
    assert "operation" in app
    moored.patch("app", {"status": {"operationState": {"phase": "Terminating"}}})
    app = ended(moored)
    assert app["status"]["operationState"]["phase"] == "Failed"


def test_refreshes_are_taken_off(moored: Moored) -> None:
    """A normal refresh asks for the ref; its annotation goes afterwards."""
    repo = moored.git.repository()
    out_of_sync(moored, settings())
    revision = repo.commit({"a.yaml": manifest(settings(colour="red"))})
    moored.refresh("app")
    app = moored.until_app("app", revision=revision)
    assert REFRESH not in (app["metadata"].get("annotations") or {})


def test_a_hard_refresh_renders_again(moored: Moored) -> None:
    """Whatever is kept, a hard refresh asks the renderer."""
    out_of_sync(moored, settings())
    rendered = spy(moored)
    moored.refresh("app")
    moored.until(lambda: REFRESH not in (moored.app("app")["metadata"].get("annotations") or {}))
    assert rendered == []
    moored.refresh("app", "hard")
    moored.until(lambda: REFRESH not in (moored.app("app")["metadata"].get("annotations") or {}))
    assert rendered == ["app"]


def spy(moored: Moored) -> list[str]:
    """The names of applications that are rendered from now on."""
    seen: list[str] = []
    renderer = moored.engine.ports.renderer
    before = renderer.render

    def render(request: object) -> list[Object]:
        seen.append(request.app_name)  # type: ignore[attr-defined]
        return before(request)  # type: ignore[arg-type]

    renderer.render = render  # type: ignore[method-assign]
    return seen


def test_two_syncs_after_one_another(moored: Moored) -> None:
    """An operation that is asked for again runs again, and history grows."""
    out_of_sync(moored, settings())
    for count in (1, 2):
        moored.patch("app", sync())
        moored.until(
            lambda count=count: (
                "operation" not in (app := moored.app("app"))
                and len(app["status"].get("history", ())) == count
            )
        )
    time.sleep(0.1)
    assert len(moored.app("app")["status"]["history"]) == 2


def test_many_refreshes_leave_the_status(moored: Moored) -> None:
    """Refreshes within one second differ in nothing, and take nothing away."""
    app = out_of_sync(moored, settings())
    for _ in range(8):
        moored.refresh("app")
        moored.until(lambda: REFRESH not in (moored.app("app")["metadata"].get("annotations") or {}))
        assert moored.app("app")["status"]["resources"] == app["status"]["resources"]
