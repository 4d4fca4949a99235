"""One application's page: facts, operation, history, tree and differences."""

from __future__ import annotations

from datetime import UTC, datetime

from common.core.compare.structural import Drift
from common.core.health import Health
from common.core.keys import Object, ObjectKey
from common.core.model.application import Application, read_application
from common.core.resource_tree import build_tree
from common.core.statuses import HealthStatus, SyncStatus
from common.operations.inspect import ManagedObject
from common.operations.tree import Tree
from server.web.app_view import app_view, differences, tree_view

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SOURCE = {"repoURL": "https://h/r.git", "path": "p", "targetRevision": "main"}


def app(**status: object) -> Application:
    """A manual Application."""
    return read_application(
        {
            "metadata": {"namespace": "argocd", "name": "shop"},
            "spec": {"source": SOURCE, "destination": {"server": "https://c", "namespace": "shop"}},
            "status": status,
        }
    ).application


def test_a_new_application_has_a_page() -> None:
    """Before anything is known of it."""
    view = app_view(app(), clusters={"https://c": "one"}, now=NOW)
    assert (view.sync.text, view.health.text, view.operation, view.history) == (
        "Unknown",
        "Unknown",
        None,
        (),
    )
    facts = {fact.name: fact.value for fact in view.facts}
    assert facts["Destination"] == "one / shop"
    assert facts["Source"] == "h/r · p"


def test_the_history_is_newest_first() -> None:
    """The last one is current; by whom is said."""
    entries = [
        {"id": 3, "revision": "a" * 40, "deployedAt": "2026-01-01T10:00:00Z", "source": SOURCE},
        {
            "id": 4,
            "revision": "b" * 40,
            "deployedAt": "2026-01-01T11:59:00Z",
            "source": SOURCE,
            "initiatedBy": {"automated": True},
        },
    ]
    history = app_view(app(history=entries), clusters={}, now=NOW).history
    assert [(one.id, one.revision, one.age, one.by, one.current) for one in history] == [
        (4, "bbbbbbb", "1m ago", "automation", True),
        (3, "aaaaaaa", "2h ago", "", False),
    ]


def test_an_operation_shows_what_it_did() -> None:
    """Its phase, options and each object's result; hooks by their type."""
    state = {
        "phase": "Failed",
        "message": "one failed",
        "startedAt": "2026-01-01T11:59:00Z",
        "finishedAt": "2026-01-01T11:59:09Z",
        "operation": {"sync": {"prune": True}, "initiatedBy": {"username": "ada"}},
        "syncResult": {
            "revision": "c" * 40,
            "resources": [
                {
                    "group": "",
                    "version": "v1",
                    "kind": "Pod",
                    "namespace": "n",
                    "name": "p",
                    "status": "SyncFailed",
                    "syncPhase": "Sync",
                },
                {
                    "group": "batch",
                    "version": "v1",
                    "kind": "Job",
                    "namespace": "",
                    "name": "j",
                    "hookType": "PreSync",
                    "hookPhase": "Succeeded",
                },
            ],
        },
    }
    view = app_view(app(operationState=state), clusters={}, now=NOW).operation
    assert view is not None
    assert (view.phase.tone, view.took, view.by, view.options, view.running) == (
        "bad",
        "9s",
        "ada",
        "prune",
        False,
    )
    assert [(one.name, one.status.text, one.phase) for one in view.results] == [
        ("n/p", "Failed", "Sync"),
        ("j", "Succeeded", "PreSync hook"),
    ]


def live(kind: str, name: str, *owners: str, **more: object) -> Object:
    """An object of the namespace `shop`."""
    meta = {
        "namespace": "shop",
        "name": name,
        "uid": name,
        "ownerReferences": [{"uid": one} for one in owners],
    }
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, **more}


def test_the_tree_hangs_children_below_their_owners() -> None:
    """With the health that was found, and whether the status calls a root in sync."""
    key = ObjectKey("", "Thing", "shop", "root")
    nodes = build_tree({key: ("v1", live("Thing", "root"))}, [live("Pod", "child", "root")])
    health = {nodes[1].key: Health(HealthStatus.DEGRADED, "crash loop")}
    row = {"kind": "Thing", "version": "v1", "namespace": "shop", "name": "root", "status": "Synced"}
    (root,) = tree_view(Tree(nodes=nodes, health=health), app(resources=[row]), now=NOW).branches
    assert root.sync is not None
    assert (root.name, root.namespace, root.sync.tone, root.health) == ("root", "", "good", None)
    (child,) = root.children
    assert child.health is not None
    assert (child.name, child.health.tone, child.message, child.sync) == ("child", "bad", "crash loop", None)


def test_only_what_differs_is_shown() -> None:
    """From live to what it would become."""

    def one(status: SyncStatus, **sides: Object | None) -> ManagedObject:
        key = ObjectKey("", "ConfigMap", "shop", "c")
        given: dict[str, Object | None] = {"desired": None, "live": None, "predicted": None, **sides}
        return ManagedObject(key=key, status=status, drift=Drift(), reason="", **given)  # type: ignore[arg-type]

    before, after = live("ConfigMap", "c", data={"a": "1"}), live("ConfigMap", "c", data={"a": "2"})
    found = differences([one(SyncStatus.SYNCED), one(SyncStatus.OUT_OF_SYNC, live=before, desired=after)])
    assert [(item.name, item.added, item.removed) for item in found] == [("shop/c", 1, 1)]
    changed = [line.text for line in found[0].lines if line.tone in ("add", "remove")]
    assert changed == ["-  a: '1'", "+  a: '2'"]
