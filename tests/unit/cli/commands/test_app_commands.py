"""`moor app …`: requests that commands make, what they print, and their exit codes."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.unit.cli.server_double import Server, application, refusal

APPS = "/api/v1/applications"
SHOP = f"{APPS}/shop"


def test_a_list_asks_with_its_filters() -> None:
    """Projects may repeat; the cluster is looked at here."""
    west = application("west")
    west["spec"]["destination"] = {"server": "https://west.test"}
    server = Server({f"GET {APPS}": {"items": [application(), west]}})
    flags = ("-l", "a=b", "-p", "x", "-p", "y", "-r", "https://git.test/a")
    ended = server.run("app", "list", *flags, "-c", "east", "-o", "name")
    assert ended.stdout == "argocd/shop\n"
    query = server.asked[0].url.params
    assert query.get_list("projects") == ["x", "y"]
    assert (query["selector"], query["repo"]) == ("a=b", "https://git.test/a")


def test_a_table_has_aligned_columns_and_no_colours() -> None:
    """Where the output is no terminal."""
    ended = Server({f"GET {APPS}": {"items": [application()]}}).run("app", "list")
    title, row = ended.stdout.splitlines()
    assert "\x1b" not in ended.stdout
    assert row.index("Synced") == title.index("STATUS")
    assert row.split()[:4] == ["argocd/shop", "east", "shop", "default"]


def test_get_shows_conditions_and_objects() -> None:
    """With a refresh when it is asked for."""
    app = application(
        conditions=[{"type": "ComparisonError", "message": "no\nsuch path"}],
        resources=[{"kind": "Service", "name": "a", "status": "OutOfSync"}],
    )
    server = Server({f"GET {SHOP}": app})
    ended = server.run("app", "get", "other/shop", "--hard-refresh", "--show-operation")
    assert server.asked[0].url.params["refresh"] == "hard"
    assert server.asked[0].url.params["appNamespace"] == "other"
    assert "no such path" in ended.stdout
    assert "Phase:              Succeeded" in ended.stdout
    assert "Sync Status:        Synced to main (aaaaaaa)" in ended.stdout


@pytest.mark.parametrize("name", ["a/b/c", "/a", "a/"])
def test_a_name_that_is_none_is_wrong_usage(name: str) -> None:
    """Exit code 2, without a request."""
    server = Server({})
    assert server.run("app", "get", name).exit_code == 2
    assert server.asked == []


def test_a_sync_says_what_its_flags_say() -> None:
    """Options of the policy stay beside those of flags."""
    app = application()
    app["spec"]["syncPolicy"] = {"syncOptions": ["CreateNamespace=true", "Replace=false"]}
    server = Server({f"GET {SHOP}": app, f"POST {SHOP}/sync": app})
    flags = ("--revision", "v1", "--prune=true", "--dry-run=false", "--force", "--strategy", "apply")
    more = ("--replace", "--apply-out-of-sync-only", "--retry-limit", "3", "--info", "why=because")
    only = ("--resource", "apps:Deployment:shop/web", "--resource", ":Service:web")
    ended = server.run("app", "sync", "shop", *flags, *more, *only, "--async")
    assert ended.exit_code == 0, ended.output
    assert server.body() == {
        "revision": "v1",
        "prune": True,
        "dryRun": False,
        "strategy": {"apply": {"force": True}},
        "resources": [
            {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web"},
            {"kind": "Service", "name": "web"},
        ],
        "syncOptions": {"items": ["CreateNamespace=true", "ApplyOutOfSyncOnly=true", "Replace=true"]},
        "retryStrategy": {"limit": 3},
        "infos": [{"name": "why", "value": "because"}],
    }


def test_a_sync_waits_and_fails_with_its_operation() -> None:
    """The operation's message is the error; what is asked for has not ended while it is there."""
    asked = {**application(), "operation": {"sync": {}}}
    failed = application(operationState={"phase": "Failed", "message": "one object\nrejected"})
    server = Server({f"GET {SHOP}": [application(), asked, failed], f"POST {SHOP}/sync": asked})
    ended = server.run("app", "sync", "shop")
    assert ended.exit_code == 1
    assert "Error: shop: the operation ended as Failed: one object rejected" in ended.stderr


def test_a_sync_that_leaves_orphans_fails() -> None:
    """But not with --prune, nor for a part of the objects."""
    app = application(resources=[{"kind": "Service", "name": "a", "requiresPruning": True}])
    answers = {f"GET {SHOP}": app, f"POST {SHOP}/sync": app}
    assert "1 objects are no longer desired" in Server(answers).run("app", "sync", "shop").stderr
    assert Server(answers).run("app", "sync", "shop", "--prune").exit_code == 0
    assert Server(answers).run("app", "sync", "shop", "--resource", ":Service:a").exit_code == 0


def test_a_label_chooses_objects() -> None:
    """By what is desired; no object is an error, not a whole sync."""
    labelled = {"metadata": {"labels": {"tier": "web"}}}
    items = [
        {
            "group": "apps",
            "kind": "Deployment",
            "namespace": "s",
            "name": "a",
            "targetState": _text(labelled),
        },
        {"group": "", "kind": "Service", "namespace": "s", "name": "b", "targetState": _text({})},
    ]
    server = Server(
        {
            f"GET {SHOP}": application(),
            f"GET {SHOP}/managed-resources": {"items": items},
            f"POST {SHOP}/sync": application(),
        }
    )
    assert server.run("app", "sync", "shop", "--label", "tier=web", "--async").exit_code == 0
    assert [one["name"] for one in server.body()["resources"]] == ["a"]
    assert server.run("app", "sync", "shop", "--label", "tier=db", "--async").exit_code == 1
    assert server.asked[-1].method == "GET"


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _difference(**fields: Any) -> dict[str, Any]:
    live, desired = ({"kind": "ConfigMap", "data": {"a": value}} for value in ("1", "2"))
    return {
        "group": "",
        "kind": "ConfigMap",
        "namespace": "s",
        "name": "c",
        "modified": True,
        "liveState": _text(live),
        "targetState": _text(desired),
        "predictedLiveState": _text(desired),
        **fields,
    }


def test_a_difference_is_exit_code_1() -> None:
    """0 without one, or when it is switched off; hooks are none; an error is 2, wrong usage too."""
    path = f"GET {SHOP}/managed-resources"
    different = Server({path: {"items": [_difference()]}})
    ended = different.run("app", "diff", "shop", "--revision", "v2")
    assert ended.exit_code == 1
    assert "-  a: '1'\n+  a: '2'" in ended.stdout
    assert different.asked[0].url.params["revision"] == "v2"
    assert different.run("app", "diff", "shop", "--exit-code=false").exit_code == 0
    same = Server({path: {"items": [_difference(modified=False), _difference(hook=True)]}})
    assert same.run("app", "diff", "shop").exit_code == 0
    away = Server({path: refusal(503, "away")}).run("app", "diff", "shop")
    assert (away.exit_code, away.stdout) == (2, "")
    assert Server({}).run("app", "diff", "a/b/c").exit_code == 2


def test_an_orphan_is_shown_as_going() -> None:
    """It is not desired: every line goes."""
    item = _difference(targetState="null", predictedLiveState="null")
    ended = Server({f"GET {SHOP}/managed-resources": {"items": [item]}}).run("app", "diff", "shop")
    assert "-kind: ConfigMap" in ended.stdout
    assert "\n+k" not in ended.stdout


def test_waiting_ends_when_the_condition_holds() -> None:
    """By default: synced, healthy and idle."""
    progressing = application(health={"status": "Progressing"})
    idle = {**application(), "operation": {}}
    server = Server({f"GET {SHOP}": [progressing, idle, application()]})
    assert server.run("app", "wait", "shop", "-o", "name").stdout == "argocd/shop\n"
    assert len(server.asked) == 3


def test_waiting_ends_with_its_timeout() -> None:
    """Says how it is, exit code 1."""
    server = Server({f"GET {SHOP}": application(health={"status": "Degraded"})})
    ended = server.run("app", "wait", "shop", "--health", "--timeout", "0.01")
    assert ended.exit_code == 1
    assert ended.stderr == "Error: shop: not within 0.01 s; it is Synced, Degraded\n"
    assert server.run("app", "wait", "shop", "--health", "--degraded").exit_code == 0


def test_waiting_for_the_end_of_an_application() -> None:
    """Other errors than its absence are errors."""
    assert (
        Server({f"GET {SHOP}": [application(), refusal(404, "gone")]})
        .run("app", "wait", "shop", "--delete")
        .exit_code
        == 0
    )
    assert Server({f"GET {SHOP}": refusal(403, "no")}).run("app", "wait", "shop", "--delete").exit_code == 1


def test_rolling_back_without_an_id_takes_the_one_before_the_last() -> None:
    """And says so when there is none."""
    app = application(history=[{"id": 3}, {"id": 7}, {"id": 8}])
    server = Server({f"GET {SHOP}": app, f"POST {SHOP}/rollback": app})
    assert server.run("app", "rollback", "shop", "--prune").exit_code == 0
    asked = next(place for place, one in enumerate(server.asked) if one.method == "POST")
    assert server.body(asked) == {"id": 7, "prune": True, "dryRun": False}
    assert server.run("app", "history", "shop", "-o", "id").stdout.split() == ["3", "7", "8"]
    assert Server({f"GET {SHOP}": application()}).run("app", "rollback", "shop").exit_code == 1


def test_a_deletion_says_how() -> None:
    """Nobody is deleted unasked."""
    server = Server({f"DELETE {SHOP}": {}})
    assert server.run("app", "delete", "shop").exit_code == 2
    assert server.asked == []
    assert server.run("app", "delete", "shop", "-y").exit_code == 0
    assert dict(server.asked[-1].url.params) == {"cascade": "true", "propagationPolicy": "foreground"}
    assert server.run("app", "delete", "shop", "-y", "--cascade=false").exit_code == 0
    assert dict(server.asked[-1].url.params) == {"cascade": "false"}


def test_a_selector_and_names_exclude_each_other() -> None:
    """One of them is needed."""
    assert Server({}).run("app", "sync").exit_code == 2
    assert Server({}).run("app", "sync", "shop", "-l", "a=b").exit_code == 2
    nothing = Server({f"GET {APPS}": {"items": []}}).run("app", "sync", "-l", "a=b")
    assert "no application matches the selector 'a=b'" in nothing.stderr


def test_logs_say_why_there_are_none() -> None:
    """In one line."""
    ended = Server({f"GET {SHOP}/logs": refusal(501, "logs are not served")}).run("app", "logs", "shop")
    assert ended.exit_code == 1
    assert ended.stderr.startswith("Error: logs are not served (pods of sandbox clusters run no containers")


def test_manifests_are_documents() -> None:
    """Of the repository, or of the cluster."""
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    server = Server(
        {
            f"GET {SHOP}/manifests": {"manifests": [_text(manifest)]},
            f"GET {SHOP}/managed-resources": {"items": [_difference(), _difference(liveState="null")]},
        }
    )
    assert server.run("app", "manifests", "shop").stdout.startswith("---\napiVersion: v1\n")
    live = server.run("app", "manifests", "shop", "--source", "live", "-o", "json")
    assert [one["data"] for one in orjson.loads(live.stdout)] == [{"a": "1"}]
