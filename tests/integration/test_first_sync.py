"""From a commit to healthy objects, and back after a change by hand."""

from __future__ import annotations

from tests.engine_fixtures import CONFIG_MAP, Moored, application, config_map


def test_an_application_is_synced_and_says_so(moored: Moored) -> None:
    """A new automated Application is rendered, applied and reported, with its history."""
    repo = moored.git.repository()
    revision = repo.commit({"config.json": config_map("settings", colour="blue")})
    moored.add(application("guestbook", moored.git.url_of()))
    app = moored.until_app("guestbook", sync="Synced", health="Healthy", phase="Succeeded")
    live = moored.home.get(CONFIG_MAP, "guestbook", "settings")
    assert live["data"] == {"colour": "blue"}
    assert app["status"]["sync"]["revision"] == revision
    assert [one["revision"] for one in app["status"]["history"]] == [revision]


def test_a_change_by_hand_is_repaired(moored: Moored) -> None:
    """Self-heal needs no poll: the watch event is enough."""
    repo = moored.git.repository()
    repo.commit({"config.json": config_map("settings", colour="blue")})
    moored.add(application("guestbook", moored.git.url_of()))
    moored.until_app("guestbook", sync="Synced", health="Healthy")
    moored.home.patch(CONFIG_MAP, "guestbook", "settings", {"data": {"colour": "red"}})
    moored.until(lambda: moored.home.get(CONFIG_MAP, "guestbook", "settings")["data"] == {"colour": "blue"})
    assert len(moored.app("guestbook")["status"]["history"]) == 1


def test_a_commit_is_live_after_a_push(moored: Moored) -> None:
    """A webhook makes the ref asked for at once; the new revision is applied and remembered."""
    repo = moored.git.repository()
    repo.commit({"config.json": config_map("settings", colour="blue")})
    moored.add(application("guestbook", moored.git.url_of()))
    moored.until_app("guestbook", sync="Synced", health="Healthy")
    revision = repo.commit({"config.json": config_map("settings", colour="green")})
    moored.webhook("guestbook")
    app = moored.until_app("guestbook", sync="Synced", revision=revision, phase="Succeeded")
    assert moored.home.get(CONFIG_MAP, "guestbook", "settings")["data"] == {"colour": "green"}
    assert [one["id"] for one in app["status"]["history"]] == [0, 1]
