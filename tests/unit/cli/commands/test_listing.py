"""`cluster list|rm`, `repo list|rm`, `proj list|get`, `app refresh`, `app resources`: formats."""

from __future__ import annotations

import orjson

from tests.unit.cli.server_double import Server, application

CLUSTER = {
    "server": "https://east.test",
    "name": "east",
    "serverVersion": "1.36.0",
    "connectionState": {"status": "Successful"},
    "info": {"applicationsCount": 3},
}
PROJECT = {
    "metadata": {"name": "shop"},
    "spec": {
        "sourceRepos": ["https://git.test/a", "https://git.test/b"],
        "destinations": [{"server": "https://east.test", "namespace": "shop"}],
        "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
    },
}


def test_clusters_are_listed_in_each_format() -> None:
    """A row, an address, or the value as it came."""
    server = Server({"GET /api/v1/clusters": {"items": [CLUSTER]}})
    row = server.run("cluster", "list").stdout.splitlines()[1]
    assert row.split() == ["https://east.test", "east", "1.36.0", "3", "Successful"]
    assert server.run("cluster", "list", "-o", "server").stdout == "https://east.test\n"
    assert orjson.loads(server.run("cluster", "list", "-o", "json").stdout) == [CLUSTER]
    assert server.run("cluster", "list", "-o", "tree").exit_code == 2


def test_a_cluster_is_forgotten_after_a_question() -> None:
    """By its name or its address."""
    server = Server({"DELETE /api/v1/clusters/east": {}})
    assert server.run("cluster", "rm", "east", given="n\n").exit_code == 1
    assert server.asked == []
    assert server.run("cluster", "rm", "east", given="y\n").exit_code == 0
    assert dict(server.asked[0].url.params) == {"id.type": "name"}
    assert "west: " in server.run("cluster", "rm", "west", "-y").stderr


def test_repositories_are_listed_and_forgotten() -> None:
    """A name where there is one, else the address."""
    found = [{"repo": "https://git.test/a", "type": "git", "insecure": True}]
    path = "/api/v1/repositories/https%3A%2F%2Fgit.test%2Fa"
    server = Server({"GET /api/v1/repositories": {"items": found}, f"DELETE {path}": {}})
    row = server.run("repo", "list").stdout.splitlines()[1]
    assert row.split() == ["git", "https://git.test/a", "true", "false", "false"]
    assert server.run("repo", "list", "-o", "name").stdout == "https://git.test/a\n"
    assert server.run("repo", "rm", "https://git.test/a", "--project", "p").exit_code == 0
    assert server.asked[-1].url.params["appProject"] == "p"


def test_a_project_is_a_row_or_a_page() -> None:
    """Several entries are counted in the row, and listed on the page."""
    server = Server({"GET /api/v1/projects": {"items": [PROJECT]}, "GET /api/v1/projects/shop": PROJECT})
    row = server.run("proj", "list").stdout.splitlines()[1]
    assert row.split()[-1] == "<all>"
    assert "https://east.test,shop" in row
    assert "2 entries" in row
    page = server.run("proj", "get", "shop").stdout
    assert f"Repositories:       https://git.test/a\n{'':<20}https://git.test/b\n" in page
    assert "Cluster kinds:      /Namespace\n" in page
    assert server.run("proj", "get", "shop", "-o", "name").stdout == "shop\n"
    assert server.run("proj", "list", "-o", "yaml").stdout.startswith("- metadata:\n    name: shop\n")


def test_a_refresh_shows_how_applications_are_then() -> None:
    """Normal, or hard."""
    server = Server({"GET /api/v1/applications/shop": application()})
    row = server.run("app", "refresh", "shop").stdout.splitlines()[1]
    assert row.split() == ["argocd/shop", "Synced", "Healthy", "a" * 40]
    assert server.run("app", "refresh", "shop", "--hard", "-o", "name").stdout == "argocd/shop\n"
    assert [asked.url.params["refresh"] for asked in server.asked] == ["normal", "hard"]


def test_an_operation_is_ended() -> None:
    """Of the application that is named."""
    server = Server({"DELETE /api/v1/applications/shop/operation": {}})
    ended = server.run("app", "terminate-op", "team/shop")
    assert ended.stdout == "the operation of team/shop is ending\n"
    assert server.asked[0].url.params["appNamespace"] == "team"


def test_objects_are_listed_with_what_they_own() -> None:
    """As a table, as a tree with the status of what is managed, or by name."""
    owner = {"group": "apps", "kind": "Deployment", "namespace": "s", "name": "a"}
    pod = {
        "kind": "Pod",
        "namespace": "s",
        "name": "a-1",
        "parentRefs": [owner],
        "health": {"status": "Healthy"},
    }
    path = "/api/v1/applications/shop"
    app = application(resources=[{**owner, "version": "v1", "status": "OutOfSync"}])
    server = Server({f"GET {path}": app, f"GET {path}/resource-tree": {"nodes": [owner, pod]}})
    lines = server.run("app", "resources", "shop", "-o", "tree").stdout.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["Deployment/a", "s", "OutOfSync"],
        ["└─Pod/a-1", "s", "Healthy"],
    ]
    assert server.run("app", "resources", "shop", "-o", "name").stdout.split() == [
        "s/deployment.apps/a",
        "s/pod/a-1",
    ]
    assert server.run("app", "resources", "shop", "--orphaned").stdout.split()[-1] == "ORPHANED"
    assert "└─Pod/a-1" in server.run("app", "get", "shop", "-o", "tree").stdout


def test_help_names_every_command() -> None:
    """And each of them can be imported."""
    from cli.commands.app import app
    from cli.main import cli

    for group in (cli, app):
        context = group.make_context("moor", [], resilient_parsing=True)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None
            assert found.get_help(found.make_context(name, [], resilient_parsing=True))
    assert Server({}).run("app", "nothing").exit_code == 2
