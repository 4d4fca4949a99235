"""The command over a real server: a login, and an application's life from its creation to its deletion."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.e2e.test_moor_up import Up

pytestmark = [pytest.mark.timeout(180), pytest.mark.requires("git")]


class Moor:
    """The command, with its own home directory and a saved login."""

    def __init__(self, up: Up, home: Path) -> None:
        self.up = up
        self.config = home / "moorings" / "config.yaml"
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("MOORINGS_")}
        self.environ |= {"XDG_CONFIG_HOME": str(home)}

    def run(self, *arguments: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run it, to whatever end."""
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
            stdin=subprocess.DEVNULL,
            env=environ or self.environ,
        )

    def out(self, *arguments: str) -> str:
        """What it prints when it succeeds."""
        ended = self.run(*arguments)
        assert ended.returncode == 0, f"{arguments}: {ended.stdout}{ended.stderr}"
        return ended.stdout

    def json(self, *arguments: str) -> Any:
        """The same, as a value."""
        return orjson.loads(self.out(*arguments, "-o", "json"))

    def refused(self, *arguments: str) -> str:
        """The one line that it says when it fails."""
        ended = self.run(*arguments)
        assert ended.returncode == 1, f"{arguments}: {ended.stdout}{ended.stderr}"
        assert len(ended.stderr.splitlines()) == 1
        return ended.stderr

    def commit(self, replicas: int) -> None:
        """Another number of replicas for the guestbook."""
        repository = Path(self.up.ready["repository_path"])
        manifest = next(
            path
            for path in sorted((repository / "apps/guestbook").iterdir())
            if "replicas:" in path.read_text()
        )
        lines = manifest.read_text().splitlines()
        manifest.write_text(
            "\n".join(
                f"  replicas: {replicas}" if line.strip().startswith("replicas:") else line for line in lines
            )
            + "\n"
        )
        who = ("-c", "user.name=A", "-c", "user.email=a@b")
        message = f"{replicas} replicas"
        subprocess.run(["git", "-C", str(repository), *who, "commit", "-qam", message], check=True)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One for the module."""
    running = Up(tmp_path_factory.mktemp("up"))
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def moor(up: Up, tmp_path_factory: pytest.TempPathFactory) -> Moor:
    """Logged in."""
    made = Moor(up, tmp_path_factory.mktemp("home"))
    made.out("login", up.ready["url"], "--password", up.ready["password"])
    made.out("app", "wait", "guestbook", "web", "--timeout", "60", "-o", "none")
    return made


def test_a_login_is_kept_for_its_owner_only(moor: Moor) -> None:
    """The file holds a token."""
    assert stat.S_IMODE(moor.config.stat().st_mode) == 0o600
    assert moor.json("version")["server"]["Product"] == "Moorings"


def test_a_wrong_password_is_one_line(moor: Moor) -> None:
    """And the login that was kept stays."""
    before = moor.config.read_bytes()
    said = moor.refused("login", moor.up.ready["url"], "--password", "wrong")
    assert "refuses the login of admin" in said
    assert moor.config.read_bytes() == before


def test_a_running_up_is_found_without_a_login(moor: Moor, tmp_path: Path) -> None:
    """Through the file that it keeps in its data directory; the environment names another server."""
    elsewhere = moor.environ | {"XDG_CONFIG_HOME": str(tmp_path)}
    here = elsewhere | {"MOORINGS_DATA_DIR": moor.up.ready["data_dir"]}
    assert "argocd/web" in moor.run("app", "list", "-o", "name", environ=here).stdout
    refused = moor.run("app", "list", environ=here | {"MOORINGS_SERVER": "http://127.0.0.1:1"})
    assert refused.returncode == 1
    assert "cannot reach http://127.0.0.1:1" in refused.stderr
    named = elsewhere | {
        "MOORINGS_SERVER": moor.up.ready["url"],
        "MOORINGS_TOKEN": moor.up.ready["token"],
        "MOORINGS_DATA_DIR": str(tmp_path),
    }
    assert moor.run("app", "get", "web", environ=named).returncode == 0
    bad = moor.run("app", "get", "web", environ=named | {"MOORINGS_TOKEN": "none"})
    assert bad.returncode == 1
    assert "log in with `moor login`" in bad.stderr


def test_lists_show_what_there_is(moor: Moor) -> None:
    """Applications by filters, clusters, repositories, projects."""
    names = ["argocd/guestbook", "argocd/podinfo-production", "argocd/podinfo-staging", "argocd/web"]
    assert moor.out("app", "list", "-o", "name").split() == names
    on_second = moor.out("app", "list", "-o", "name", "--cluster", "sandbox-2").split()
    assert on_second == ["argocd/podinfo-production", "argocd/web"]
    title, *rows = moor.out("app", "list").splitlines()
    assert title.split()[:3] == ["NAME", "CLUSTER", "NAMESPACE"]
    assert len(rows) == 4
    assert "sandbox-2" in moor.out("cluster", "list", "-o", "name").split()
    assert moor.json("repo", "list") == []
    assert moor.out("proj", "list", "-o", "name").split() == ["default"]
    assert "Repositories:       *" in moor.out("proj", "get", "default")


def test_a_repository_is_declared_and_forgotten(moor: Moor) -> None:
    """One that does not answer is refused."""
    url = moor.up.ready["repository_url"]
    moor.out("repo", "add", url, "--username", "someone", "--password", "hidden")
    assert moor.json("repo", "list")[0]["username"] == "someone"
    assert "hidden" not in moor.out("repo", "list", "-o", "yaml")
    moor.out("repo", "rm", url)
    assert moor.json("repo", "list") == []
    assert moor.refused("repo", "add", "http://127.0.0.1:1/nothing")


def test_a_cluster_is_declared_from_a_kubeconfig(moor: Moor) -> None:
    """Under another address, so that it is another cluster."""
    kubeconfig = Path(moor.up.ready["kubeconfig"])
    config = kubeconfig.parent.parent / "alias.yaml"
    config.write_text(kubeconfig.read_text().replace("https://127.0.0.1:", "https://localhost:"))
    arguments = ("--kubeconfig", str(config), "--name", "alias", "--label", "tier=test")
    moor.out("cluster", "add", "sandbox-2", *arguments)
    found = {one["name"]: one for one in moor.json("cluster", "list")}
    assert found["alias"]["labels"]["tier"] == "test"
    moor.out("cluster", "rm", "alias", "--yes")
    assert "alias" not in moor.out("cluster", "list", "-o", "name").split()


def test_manifests_and_resources(moor: Moor) -> None:
    """What the repository says, what is live, and what that owns."""
    wanted = ["configmap/web-page", "service/web", "deployment.apps/web"]
    assert moor.out("app", "manifests", "web", "-o", "name").split() == wanted
    assert moor.out("app", "manifests", "web", "--source", "live", "-o", "name").split() == wanted
    kinds = {node["kind"] for node in moor.json("app", "resources", "web")}
    assert kinds >= {"ConfigMap", "Service", "Deployment", "ReplicaSet", "Pod"}
    tree = moor.out("app", "resources", "web", "-o", "tree").splitlines()
    assert any(line.startswith("└─ReplicaSet/web-") for line in tree)
    assert any(line.startswith("  └─Pod/web-") for line in tree)


def test_logs_are_refused_with_the_reason(moor: Moor) -> None:
    """Sandboxes run no containers."""
    assert "pods of sandbox clusters run no containers" in moor.refused("app", "logs", "web")


def test_a_change_is_compared_synced_and_rolled_back(moor: Moor) -> None:
    """`diff` exits with 0, 1 and 2; the history has what was deployed; rolling back goes there."""
    moor.out("app", "set", "guestbook", "--sync-policy", "none")
    assert moor.run("app", "diff", "guestbook").returncode == 0
    first = moor.json("app", "history", "guestbook")[-1]["id"]
    moor.commit(4)
    assert "OutOfSync" in moor.out("app", "refresh", "guestbook")
    compared = moor.run("app", "diff", "guestbook")
    assert compared.returncode == 1
    assert "+  replicas: 4" in compared.stdout
    assert "\x1b" not in compared.stdout
    assert moor.out("app", "diff", "guestbook", "--exit-code=false", "-o", "name").split() == [
        *("apps/Deployment", "guestbook/guestbook"),
    ]
    assert moor.run("app", "diff", "nothing").returncode == 2

    moor.out("app", "sync", "guestbook", "--dry-run", "--timeout", "60")
    assert moor.run("app", "diff", "guestbook").returncode == 1
    moor.out("app", "sync", "guestbook", "--resource", "apps:Deployment:guestbook", "--timeout", "60")
    assert moor.run("app", "diff", "guestbook", "--refresh").returncode == 0
    moor.out("app", "sync", "guestbook", "--prune=true", "--apply-out-of-sync-only", "--timeout", "60")
    moor.out("app", "wait", "guestbook", "--timeout", "60")
    history = moor.json("app", "history", "guestbook")
    assert history[-1]["revision"] != history[0]["revision"]

    moor.out("app", "rollback", "guestbook", str(first), "--timeout", "60")
    assert moor.json("app", "get", "guestbook", "--refresh")["status"]["sync"]["status"] == "OutOfSync"
    assert "does not have deployment with id 999" in moor.refused("app", "rollback", "guestbook", "999")


def test_an_application_is_created_changed_and_deleted(moor: Moor) -> None:
    """From flags; deletion takes its objects with it."""
    moor.out(
        *("app", "create", "mine", "--repo", moor.up.ready["repository_url"], "--path", "apps/web-helm"),
        *("--revision", "main", "--dest-name", "sandbox-2", "--dest-namespace", "mine"),
        *("-p", "replicas=1", "--sync-option", "CreateNamespace=true", "--label", "team=me"),
    )
    assert moor.out("app", "list", "-l", "team=me", "-o", "name").split() == ["argocd/mine"]
    timed_out = moor.refused("app", "wait", "mine", "--sync", "--timeout", "0.3")
    assert "argocd" not in timed_out
    assert "mine: not within 0.3 s" in timed_out
    moor.out("app", "sync", "-l", "team=me", "--timeout", "60")
    moor.out("app", "wait", "-l", "team=me", "--health", "--sync", "--timeout", "60")
    moor.out("app", "set", "mine", "-p", "replicas=2")
    parameters = moor.json("app", "get", "mine")["spec"]["source"]["helm"]["parameters"]
    assert parameters == [{"name": "replicas", "value": "2"}]
    assert "No operation is in progress" in moor.refused("app", "terminate-op", "mine")
    unasked = moor.run("app", "delete", "mine")
    assert unasked.returncode == 2
    assert "--yes" in unasked.stderr
    moor.out("app", "delete", "mine", "--yes", "--wait", "--timeout", "60")
    assert "not found" in moor.refused("app", "get", "mine")
    moor.out("app", "wait", "mine", "--delete", "--timeout", "5")
