"""`moor app create|set`, `cluster`, `repo`, `version`, `completion`."""

from __future__ import annotations

from pathlib import Path

import httpx
import orjson
import pytest

from tests.unit.cli.server_double import Server, application

APPS = "/api/v1/applications"
KUBECONFIG = """\
current-context: east
contexts: [{name: east, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://east.test/", certificate-authority-data: Y2E=}}]
users: [{name: u, user: {token: hidden}}]
"""


def test_an_application_is_made_of_flags() -> None:
    """In a namespace that its name names."""
    server = Server({f"POST {APPS}": application("a")})
    where = ("--repo", "https://git.test/a", "--path", "x", "--dest-name", "east")
    ended = server.run("app", "create", "team/a", *where, "--set-finalizer", "--label", "k=v", "--upsert")
    assert ended.stdout == "application argocd/a is created\n"
    assert server.asked[0].url.params["upsert"] == "true"
    assert server.body() == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": "a",
            "namespace": "team",
            "labels": {"k": "v"},
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "source": {"repoURL": "https://git.test/a", "path": "x"},
            "destination": {"name": "east"},
            "project": "default",
        },
    }


def test_applications_of_a_file_are_changed_by_flags(tmp_path: Path) -> None:
    """All of them; other kinds are left out."""
    file = tmp_path / "apps.yaml"
    one = "kind: Application\napiVersion: argoproj.io/v1alpha1\nmetadata: {name: %s}\nspec: {project: p}\n"
    file.write_text(
        f"{one % 'a'}---\n{one % 'b'}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: ns}}\n"
    )
    server = Server({f"POST {APPS}": application()})
    assert server.run("app", "create", "-f", str(file), "--revision", "v1", "-o", "name").exit_code == 0
    assert [orjson.loads(asked.content)["metadata"]["name"] for asked in server.asked] == ["a", "b"]
    assert server.body()["spec"]["source"] == {"targetRevision": "v1"}
    assert server.run("app", "create", "c", "-f", str(file)).exit_code == 2
    assert server.run("app", "create").exit_code == 2
    file.write_text("a: [")
    assert server.run("app", "create", "-f", str(file)).exit_code == 1


def test_a_spec_is_written_when_it_changes() -> None:
    """Once, as a whole."""
    server = Server({f"GET {APPS}/shop": application(), f"PUT {APPS}/shop/spec": {}})
    assert server.run("app", "set", "shop").exit_code == 2
    assert "like that already" in server.run("app", "set", "shop", "--path", "shop").stdout
    assert server.run("app", "set", "shop", "--path", "other").exit_code == 0
    assert server.body()["source"]["path"] == "other"
    assert [asked.method for asked in server.asked].count("PUT") == 1


def test_a_cluster_is_declared_with_the_context_of_a_kubeconfig(tmp_path: Path) -> None:
    """Its credentials go to the server and nowhere else."""
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    answer = {
        "name": "e",
        "server": "https://east.test",
        "connectionState": {"status": "Failed", "message": "x"},
    }
    server = Server({"POST /api/v1/clusters": answer})
    ended = server.run("cluster", "add", "east", "--kubeconfig", str(file), "--name", "e", "--namespace", "n")
    assert ended.exit_code == 0
    assert "hidden" not in ended.output
    assert "warning: it does not answer: x" in ended.stderr
    assert server.body() == {
        "server": "https://east.test",
        "name": "e",
        "config": {"bearerToken": "hidden", "tlsClientConfig": {"caData": "Y2E="}},
        "namespaces": ["n"],
        "clusterResources": False,
        "project": "",
        "labels": {},
    }
    unnamed = server.run("cluster", "add", "--kubeconfig", str(file))
    assert (unnamed.exit_code, "the kubeconfig has: east" in unnamed.stderr) == (2, True)
    assert server.run("cluster", "add", "west", "--kubeconfig", str(file)).exit_code == 1


def test_a_repository_is_declared_with_what_was_given(tmp_path: Path) -> None:
    """Nothing else is sent."""
    key = tmp_path / "key"
    key.write_text("PRIVATE")
    server = Server({"POST /api/v1/repositories": {"repo": "git@a.test:b"}})
    ended = server.run("repo", "add", "git@a.test:b", "--ssh-private-key-path", str(key), "--enable-lfs")
    assert ended.stdout == "repository git@a.test:b is declared\n"
    assert server.body() == {
        "repo": "git@a.test:b",
        "type": "git",
        "sshPrivateKey": "PRIVATE",
        "enableLfs": True,
    }


def test_a_version_is_told_without_a_server() -> None:
    """One that does not answer is an error, after the command's own version; none at all is not."""
    server = Server({"GET /api/version": httpx.ConnectError("refused")})
    ended = server.run("version", "--short")
    assert (ended.exit_code, ended.stdout.startswith("client: v")) == (1, True)
    assert server.run("version", "--client", "-o", "json").exit_code == 0
    assert "server: none is known" in server.run("version", environ={"MOORINGS_SERVER": ""}).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_completes_in_each_shell(shell: str) -> None:
    """It asks the command itself."""
    ended = Server({}).run("completion", shell)
    assert ended.exit_code == 0
    assert "_MOOR_COMPLETE" in ended.stdout
