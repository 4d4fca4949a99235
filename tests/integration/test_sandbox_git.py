"""The Git host of the quick start, its example repository, and the webhook that a commit calls."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from common.adapters.git import GitMirrors
from common.core.access import RepositoryAccess
from common.core.errors import RepositoryNotFound
from sandbox.example import ExampleError, create_example, example_applications
from sandbox.githost import GitHost, GitHostError, HostOptions
from sandbox.notify import install_webhook_hook, payload
from tests.git_fixtures import HostedRepositories, serving

pytestmark = pytest.mark.requires("git")

IDENTITY = ["-c", "user.name=Bo", "-c", "user.email=bo@example.org"]


def git(folder: Path, *words: str) -> str:
    """A git command as a user types it."""
    done = subprocess.run(["git", *IDENTITY, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Receiver(HTTPServer):
    """Notes what is posted to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posts: list[tuple[dict[str, str], bytes]] = []

    def wait_for(self, count: int) -> None:
        """Until so many posts have come."""
        end = time.monotonic() + 5
        while len(self.posts) < count and time.monotonic() < end:
            time.sleep(0.01)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook's other side."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_example_is_made_once(tmp_path: Path) -> None:
    """A second start leaves the user's edits alone; something else in its place is an error."""
    place = tmp_path / "deep" / "example"
    assert create_example(place) is True
    (place / "apps/guestbook/config.yaml").write_text("mine")
    assert create_example(place) is False
    assert (place / "apps/guestbook/config.yaml").read_text() == "mine"
    assert git(place, "log", "--format=%an %s") == "Moorings Add the example applications"
    assert [p.name for p in place.parent.iterdir()] == ["example"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_text("x")
    with pytest.raises(ExampleError):
        create_example(other)


def test_the_examples_applications() -> None:
    """Over both clusters, automated with prune and self-heal, and each path is in the repository."""
    apps = example_applications("http://127.0.0.1:1/example", namespace="argocd")
    assert [a["metadata"]["name"] for a in apps] == [
        "guestbook",
        "podinfo-staging",
        "podinfo-production",
        "web",
    ]
    assert {a["spec"]["destination"]["name"] for a in apps} == {"cluster-1", "cluster-2"}
    content = Path(sys.modules["sandbox.example"].__file__ or "").parent / "example_repository"
    for app in apps:
        assert (content / app["spec"]["source"]["path"]).is_dir()
        assert app["spec"]["syncPolicy"] == {
            "automated": {"prune": True, "selfHeal": True},
            "syncOptions": ["CreateNamespace=true"],
        }
    one = example_applications("u", namespace="n", clusters=["only"])
    assert {a["spec"]["destination"]["name"] for a in one} == {"only"}


@pytest.mark.requires("kubectl")
@pytest.mark.parametrize(("overlay", "replicas"), [("staging", "replicas: 1"), ("production", "replicas: 3")])
def test_the_examples_overlays_build(tmp_path: Path, overlay: str, replicas: str) -> None:
    """With the real kustomize."""
    create_example(tmp_path / "e")
    folder = tmp_path / "e/apps/podinfo-kustomize/overlays" / overlay
    built = subprocess.run(
        ["kubectl", "kustomize", str(folder)], check=True, capture_output=True, text=True
    ).stdout
    assert replicas in built
    assert f"value: {overlay}" in built


def test_a_commit_in_the_working_copy_is_served_at_once(tmp_path: Path) -> None:
    """Edit, commit, fetch: with or without .git in the address."""
    create_example(tmp_path / "root/example")
    with serving(tmp_path / "root") as host:
        reader = GitMirrors(tmp_path / "c")
        for url in (f"{host.url}/example", f"{host.url}/example.git"):
            (tmp_path / "root/example/apps/guestbook/config.yaml").write_text(url)
            git(tmp_path / "root/example", "commit", "-qam", "edit")
            head = git(tmp_path / "root/example", "rev-parse", "HEAD")
            access = RepositoryAccess(url=url)
            found = reader.ls_remote(access)
            assert (found.head_revision, found.head) == (head, "refs/heads/main")
            assert found.head_revision is not None
            reader.fetch(access, found.head_revision, ref=found.head)
            assert reader.read_file(access, found.head_revision, "apps/guestbook/config.yaml") == url.encode()


def test_a_push_updates_the_working_copy(tmp_path: Path) -> None:
    """Cloned elsewhere, changed and pushed: the files are there."""
    create_example(tmp_path / "root/example")
    with serving(tmp_path / "root") as host:
        git(tmp_path, "clone", "-q", f"{host.url}/example.git", "clone")
        (tmp_path / "clone/new.yaml").write_text("x: 1\n" * 200_000)
        git(tmp_path / "clone", "add", "-A")
        git(tmp_path / "clone", "commit", "-qm", "new")
        git(tmp_path / "clone", "push", "-q", "origin", "main")
    assert (tmp_path / "root/example/new.yaml").stat().st_size == 1_000_000


def test_pushing_can_be_forbidden(tmp_path: Path) -> None:
    """Reading still works."""
    create_example(tmp_path / "root/example")
    with serving(tmp_path / "root", HostOptions(allow_push=False)) as host:
        git(tmp_path, "clone", "-q", f"{host.url}/example", "clone")
        git(tmp_path / "clone", "commit", "-q", "--allow-empty", "-m", "x")
        with pytest.raises(subprocess.CalledProcessError):
            git(tmp_path / "clone", "push", "-q", "origin", "main")


@pytest.mark.parametrize(
    "path",
    [
        "/../outside/info/refs",
        "/%2e%2e/outside/info/refs",
        "/info/refs",
        "/repo.git/config",
        "/repo.git/objects/x",
        "/",
    ],
)
def test_nothing_outside_the_root_is_served(tmp_path: Path, git_host: HostedRepositories, path: str) -> None:
    """Only repositories below the root, and only the smart protocol."""
    git_host.repository("repo").commit({"a": "1"})
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "outside")], check=True)
    port = int(git_host.url.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", f"{path}?service=git-upload-pack")
    assert connection.getresponse().status == 404
    connection.close()


def test_only_the_named_repositories(tmp_path: Path) -> None:
    """Mirrors and others that share the directory are not served."""
    for name in ("example", "secret"):
        create_example(tmp_path / "root" / name)
    with serving(tmp_path / "root", HostOptions(only=("example",))) as host:
        reader = GitMirrors(tmp_path / "c")
        assert reader.ls_remote(RepositoryAccess(url=f"{host.url}/example.git")).refs
        with pytest.raises(RepositoryNotFound):
            reader.ls_remote(RepositoryAccess(url=f"{host.url}/secret.git"))


def test_a_git_without_http_backend_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some distributions package it apart; others have no git at all."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitHostError, match="git is not installed"):
        GitHost(tmp_path)
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\necho /nowhere\n")
    fake.chmod(0o755)
    with pytest.raises(GitHostError, match="no http-backend"):
        GitHost(tmp_path)


def test_the_command_says_where_it_listens(tmp_path: Path) -> None:
    """One line of JSON; a port in use is one sentence and exit code 1; SIGTERM ends it."""
    create_example(tmp_path / "example")
    words = [sys.executable, "-m", "sandbox.githost", "--root", str(tmp_path), "-o", "json"]
    process = subprocess.Popen([*words, "--only", "example"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        reader = GitMirrors(tmp_path / "c")
        assert reader.ls_remote(RepositoryAccess(url=f"{said['url']}/example.git")).head == "refs/heads/main"
        second = subprocess.run([*words, "--port", str(said["port"])], capture_output=True, text=True)
        assert (second.returncode, second.stderr) == (
            1,
            f"error: port {said['port']} on 127.0.0.1 is in use\n",
        )
    finally:
        process.terminate()
        process.communicate(timeout=10)
    assert process.returncode in {0, -15}


def test_a_commit_calls_the_webhook(tmp_path: Path, receiver: Receiver) -> None:
    """A GitHub push, signed; for a commit in the working copy and for a push to it."""
    place = tmp_path / "it's here" / "example"
    create_example(place)
    secret = tmp_path / "secret"
    secret.write_text("shared\n")
    url = f"http://127.0.0.1:{receiver.server_port}/api/webhook"
    for _ in range(2):  # again at every start
        install_webhook_hook(place, url, secret, repository_url="http://127.0.0.1:1/example.git")
    before = git(place, "rev-parse", "HEAD")
    (place / "README.md").write_text("edited")
    start = time.monotonic()
    git(place, "commit", "-qam", "edit")
    assert time.monotonic() - start < 1
    receiver.wait_for(1)
    headers, body = receiver.posts[0]
    expected = "sha256=" + hmac.new(b"shared", body, hashlib.sha256).hexdigest()
    assert (headers["x-hub-signature-256"], headers["x-github-event"]) == (expected, "push")
    sent = json.loads(body)
    after = git(place, "rev-parse", "HEAD")
    assert (sent["ref"], sent["before"], sent["after"]) == ("refs/heads/main", before, after)
    assert sent["repository"]["clone_url"] == "http://127.0.0.1:1/example.git"
    with serving(place.parent) as host:
        git(tmp_path, "clone", "-q", f"{host.url}/example", "clone")
        git(tmp_path / "clone", "commit", "-q", "--allow-empty", "-m", "x")
        git(tmp_path / "clone", "push", "-q", "origin", "main")
        receiver.wait_for(2)
    assert json.loads(receiver.posts[1][1])["before"] == after


def test_a_webhook_that_is_away_does_not_fail_the_commit(tmp_path: Path) -> None:
    """Nobody listens, the secret is gone: the commit is made, silently and at once."""
    create_example(tmp_path / "e")
    install_webhook_hook(
        tmp_path / "e", "http://127.0.0.1:9/x", tmp_path / "none", repository_url="http://h/e.git"
    )
    start = time.monotonic()
    done = subprocess.run(
        ["git", *IDENTITY, "commit", "-q", "--allow-empty", "-m", "x"],
        cwd=tmp_path / "e",
        capture_output=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert time.monotonic() - start < 1


def test_hooks_of_others_stay(tmp_path: Path) -> None:
    """What somebody wrote is not replaced."""
    create_example(tmp_path / "e")
    hook = tmp_path / "e/.git/hooks/post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntrue\n")
    install_webhook_hook(
        tmp_path / "e", "http://127.0.0.1:9/x", tmp_path / "s", repository_url="http://h/e.git"
    )
    assert hook.read_text() == "#!/bin/sh\ntrue\n"
    assert os.access(tmp_path / "e/.git/hooks/post-receive", os.X_OK)


def test_a_payload_names_the_repository() -> None:
    """As GitHub's push events do."""
    sent = payload(f"{'0' * 40} {'1' * 40} refs/heads/main", "https://host/org/app.git")
    assert (sent["repository"]["name"], sent["repository"]["html_url"]) == ("app", "https://host/org/app")
    assert sent["head_commit"] == {"id": "1" * 40}
