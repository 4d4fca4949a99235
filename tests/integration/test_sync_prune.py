"""What happens to objects that Git no longer has."""

from __future__ import annotations

import time

from common.core.errors import NotFound
from common.core.keys import Object
from tests.engine_fixtures import CONFIG_MAP, Moored, application
from tests.sync_builders import automated, manifest, manual, results, rows, settings, sync


def is_there(moored: Moored, namespace: str, name: str) -> bool:
    """Whether a ConfigMap exists."""
    try:
        moored.home.get(CONFIG_MAP, namespace, name)
    except NotFound:
        return False
    return True


def two_then_one(moored: Moored, policy: Object, **annotations: str) -> str:
    """Sync two ConfigMaps, then commit one of them away; the new revision."""
    repo = moored.git.repository()
    repo.commit({"all.yaml": manifest(settings("kept"), settings("gone", **annotations))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=policy))
    if "automated" not in policy:
        moored.until_app("app", sync="OutOfSync")
        moored.patch("app", sync())
    moored.until_app("app", sync="Synced", health="Healthy", phase="Succeeded")
    revision = repo.commit({"all.yaml": manifest(settings("kept"))})
    moored.webhook("app")
    return revision


def test_automated_prune_deletes(moored: Moored) -> None:
    """With `prune` an object that Git no longer has is deleted."""
    revision = two_then_one(moored, automated(prune=True))
    app = moored.until_app("app", sync="Synced", revision=revision, phase="Succeeded")
    assert results(app)["gone"]["status"] == "Pruned"
    assert not is_there(moored, "app", "gone")
    assert list(rows(app)) == ["kept"]


def test_only_to_be_pruned_starts_no_sync(moored: Moored) -> None:
    """Without `prune`, an object that is only to be pruned makes OutOfSync and starts nothing."""
    revision = two_then_one(moored, automated())
    app = moored.until_app("app", sync="OutOfSync", revision=revision)
    time.sleep(0.3)
    app = moored.app("app")
    assert rows(app)["gone"]["requiresPruning"] is True
    assert "requiresPruning" not in rows(app)["kept"]
    assert len(app["status"]["history"]) == 1
    assert app["status"]["operationState"]["syncResult"]["revision"] != revision


def test_a_sync_without_prune_says_what_it_left(moored: Moored) -> None:
    """An operation without `prune` keeps the object and says that it requires pruning."""
    revision = two_then_one(moored, manual())
    moored.until_app("app", sync="OutOfSync", revision=revision)
    moored.patch("app", sync())
    app = moored.until(
        lambda: (
            (found := moored.app("app"))
            and "operation" not in found
            and found["status"]["operationState"]["syncResult"]["revision"] == revision
            and found
        )
    )
    assert results(app)["gone"]["status"] == "PruneSkipped"
    assert results(app)["gone"]["message"] == "ignored (requires pruning)"
    assert is_there(moored, "app", "gone")
    assert app["status"]["sync"]["status"] == "OutOfSync"


def test_a_sync_with_prune_deletes(moored: Moored) -> None:
    """`operation.sync.prune` prunes."""
    revision = two_then_one(moored, manual())
    moored.until_app("app", sync="OutOfSync", revision=revision)
    moored.patch("app", sync(prune=True))
    app = moored.until_app("app", sync="Synced", phase="Succeeded", revision=revision)
    assert results(app)["gone"]["status"] == "Pruned"
    assert not is_there(moored, "app", "gone")


def test_an_object_may_refuse_to_be_pruned(moored: Moored) -> None:
    """`Prune=false` on the object keeps it."""
    revision = two_then_one(moored, automated(prune=True), sync_options="Prune=false")
    app = moored.until(
        lambda: (
            (found := moored.app("app"))["status"]["operationState"]["syncResult"]["revision"] == revision
            and found
        )
    )
    assert results(app)["gone"]["message"] == "ignored (no prune)"
    assert is_there(moored, "app", "gone")
    assert app["status"]["sync"]["status"] == "OutOfSync"


def test_pruning_waits_for_a_confirmation(moored: Moored) -> None:
    """`Prune=confirm` waits, Running, until somebody approves by annotation."""
    two_then_one(moored, automated(prune=True), sync_options="Prune=confirm")
    app = moored.until_app("app", phase="Running", sync="OutOfSync")
    assert "Waiting for pruning confirmation" in app["status"]["operationState"]["message"]
    assert rows(app)["gone"]["requiresDeletionConfirmation"] is True
    assert is_there(moored, "app", "gone")
    approved = moored.engine.ports.clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    moored.patch("app", {"metadata": {"annotations": {"argocd.argoproj.io/deletion-approved": approved}}})
    moored.until_app("app", sync="Synced", phase="Succeeded")
    assert not is_there(moored, "app", "gone")


def test_prune_last_prunes_after_all_waves(moored: Moored) -> None:
    """With `PruneLast=true` nothing is pruned while a wave of the sync fails to become healthy."""
    from tests.sync_builders import FAIL, deployment

    repo = moored.git.repository()
    repo.commit({"all.yaml": manifest(settings("kept"), settings("gone"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated("PruneLast=true", prune=True)))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    repo.commit({"all.yaml": manifest(settings("kept"), deployment("web", pod={FAIL: "ImagePullBackOff"}))})
    moored.webhook("app")
    moored.until_app("app", phase="Running")
    time.sleep(0.3)
    assert is_there(moored, "app", "gone")


def test_an_automated_sync_never_wipes_out_everything(moored: Moored) -> None:
    """Without `allowEmpty` a commit without objects prunes nothing and says why."""
    repo = moored.git.repository()
    repo.commit({"all.yaml": manifest(settings("kept"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(prune=True)))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    revision = repo.commit({"all.yaml": "# nothing\n"})
    moored.webhook("app")
    app = moored.until_app("app", sync="OutOfSync", revision=revision)
    assert is_there(moored, "app", "kept")
    assert [one["type"] for one in app["status"]["conditions"]] == ["SyncError"]
    assert "wipe out all resources" in app["status"]["conditions"][0]["message"]


def test_allow_empty_lets_it(moored: Moored) -> None:
    """With `allowEmpty` a commit without objects prunes all of them."""
    repo = moored.git.repository()
    repo.commit({"all.yaml": manifest(settings("kept"))})
    moored.add(application("app", moored.git.url_of(), syncPolicy=automated(prune=True, allowEmpty=True)))
    moored.until_app("app", sync="Synced", phase="Succeeded")
    revision = repo.commit({"all.yaml": "# nothing\n"})
    moored.webhook("app")
    app = moored.until_app("app", sync="Synced", revision=revision, phase="Succeeded")
    assert not is_there(moored, "app", "kept")
    assert app["status"].get("resources", []) == []
