"""What a sync costs: requests, renders and status writes."""

from __future__ import annotations

import time

from tests.engine_fixtures import Moored, application
from tests.integration.test_sync_operation import spy
from tests.sync_builders import DEPLOYMENT, automated, deployment, manifest, manual, recorded, settings, sync

APP = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/app"
QUIET_SECONDS = 0.6


def writes(seen: list[str]) -> list[str]:
    """Requests that write."""
    return [one for one in seen if not one.startswith("GET")]


def settled(moored: Moored, seen: list[str]) -> None:
    """Wait until nothing is asked any more."""
    count = -1
    while count != len(seen):
        count = len(seen)
        time.sleep(QUIET_SECONDS)


def test_a_sync_of_one_step_writes_the_status_once(moored: Moored) -> None:
    """A new application that ends within its first step: one request an object, one status write."""
    moored.git.repository().commit({"a.yaml": manifest(settings("one"), settings("two"))})
    with recorded(moored.sandboxes[0]) as seen:
        moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
        moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")
        settled(moored, seen)
    assert sorted(writes(seen)) == sorted(
        [
            "POST /apis/argoproj.io/v1alpha1/namespaces/argocd/applications",
            "PATCH /api/v1/namespaces/app",
            "PATCH /api/v1/namespaces/app/configmaps/one",
            "PATCH /api/v1/namespaces/app/configmaps/two",
            f"PATCH {APP}",
        ]
    )


def test_unchanged_objects_cost_no_request(moored: Moored) -> None:
    """Of a commit that changes one of three objects, only that one is asked for."""
    repo = moored.git.repository()
    repo.commit({f"{name}.yaml": manifest(settings(name)) for name in ("a", "b", "c")})
    with recorded(moored.sandboxes[0]) as seen:
        moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
        moored.until_app("app", sync="Synced", phase="Succeeded")
        settled(moored, seen)
        seen.clear()
        revision = repo.commit({"b.yaml": manifest(settings("b", colour="red"))})
        moored.webhook("app")
        moored.until_app("app", sync="Synced", phase="Succeeded", revision=revision)
        settled(moored, seen)
    assert [one for one in seen if "configmaps" in one] == ["PATCH /api/v1/namespaces/app/configmaps/b"]
    assert writes(seen).count(f"PATCH {APP}") == 1


def test_a_sync_of_what_is_in_sync_asks_nothing(moored: Moored) -> None:
    """A sync that somebody asks for again writes the Application, and no object."""
    moored.git.repository().commit({"a.yaml": manifest(settings("a"), settings("b"))})
    with recorded(moored.sandboxes[0]) as seen:
        moored.add(application("app", moored.git.url_of(), syncPolicy=manual()))
        moored.until_app("app", sync="OutOfSync")
        moored.patch("app", sync())
        moored.until_app("app", sync="Synced", phase="Succeeded")
        settled(moored, seen)
        seen.clear()
        moored.patch("app", sync())
        moored.until(lambda: len(moored.app("app")["status"]["history"]) == 2)
        settled(moored, seen)
    assert writes(seen) == [f"PATCH {APP}", f"PATCH {APP}"]
    assert [one for one in seen if "configmaps" in one] == []


def test_a_look_that_finds_nothing_writes_nothing(moored: Moored) -> None:
    """Polls and made-up requests for a look leave the Application as it is."""
    moored.git.repository().commit({"a.yaml": manifest(deployment())})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated()))
    moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")
    with recorded(moored.sandboxes[0]) as seen:
        settled(moored, seen)
        seen.clear()
        version = moored.app("app")["metadata"]["resourceVersion"]
        seen.clear()
        for _ in range(3):
            moored.webhook("app")
            time.sleep(0.2)
        settled(moored, seen)
        # `webhook` itself reads the Application, to learn its refs.
        assert [one for one in seen if one != f"GET {APP}"] == []
    assert moored.app("app")["metadata"]["resourceVersion"] == version
    assert moored.home.get(DEPLOYMENT, "app", "web")["metadata"]["generation"] == 1


def test_a_commit_elsewhere_renders_nothing(moored: Moored) -> None:
    """In a monorepo only what a commit touches is rendered; the others follow with their revision."""
    repo = moored.git.repository()
    names = [f"app-{number}" for number in range(4)]
    repo.commit({f"{name}/a.yaml": manifest(settings(name)) for name in names})
    for name in names:
        moored.add(application(name, moored.git.url_of(), path=name, syncPolicy=automated()))
    for name in names:
        moored.until_app(name, sync="Synced", phase="Succeeded", health="Healthy")
    rendered = spy(moored)
    revision = repo.commit({"app-1/a.yaml": manifest(settings("app-1", colour="red"))})
    moored.webhook("app-0")
    moored.until_app("app-1", sync="Synced", phase="Succeeded", revision=revision)
    for name in names:
        app = moored.until_app(name, sync="Synced", revision=revision)
        assert len(app["status"]["history"]) == (2 if name == "app-1" else 1)
    assert rendered == ["app-1"]
