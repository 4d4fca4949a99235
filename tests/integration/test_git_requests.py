"""Requests over the network: authentication, what each refusal is called, time limits, certificates."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.adapters.git import GitLimits, GitMirrors
from common.core.access import RepositoryAccess, Secret
from common.core.errors import (
    GitError,
    RefNotFound,
    RepositoryAuthFailed,
    RepositoryNotFound,
    RepositoryTooLarge,
    RepositoryUnreachable,
    RepositoryUntrusted,
    UnsupportedRepository,
)
from common.core.keys import Revision
from sandbox.githost import HostOptions
from tests.certificates import Authority
from tests.git_fixtures import HostedRepositories, serving

pytestmark = pytest.mark.requires("git")

QUICK = GitLimits(
    connect_timeout_seconds=1.0,
    silence_timeout_seconds=1.0,
    ls_remote_timeout_seconds=3.0,
    fetch_timeout_seconds=5.0,
)
PASSWORD = "s3cret-w0rd"


@pytest.fixture
def reader(tmp_path: Path) -> GitMirrors:
    """A reader with short limits."""
    return GitMirrors(tmp_path / "cache", QUICK)


@pytest.fixture
def private(tmp_path: Path) -> Iterator[HostedRepositories]:
    """A host that wants a user and a password, or a token."""
    root = tmp_path / "private"
    root.mkdir()
    with serving(root, HostOptions(username="ada", password=PASSWORD, bearer_token="tok-123")) as host:
        yield host


@contextmanager
def tcp_server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does something else than HTTP with each connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def one(connection: socket.socket) -> None:
        with connection:
            try:
                answer(connection)
            except OSError:
                return

    def loop() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            threads.append(threading.Thread(target=one, args=(connection,)))
            threads[-1].start()

    main = threading.Thread(target=loop)
    main.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/repo.git"
    finally:
        stop.set()
        main.join()
        for thread in threads:
            thread.join(10)
        listener.close()


def http_answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    """An HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + body


# Credentials


@pytest.mark.parametrize("forced", [False, True])
def test_user_and_password(reader: GitMirrors, private: HostedRepositories, forced: bool) -> None:
    """Given when asked, or at once where the Secret says so; ls-remote and fetch."""
    revision = private.repository().commit({"a": "1"})
    access = RepositoryAccess(
        url=private.url_of(), username="ada", password=Secret(PASSWORD), force_basic_auth=forced
    )
    assert reader.ls_remote(access).head_revision == revision
    reader.fetch(access, revision)
    assert reader.read_file(access, revision, "a") == b"1"


def test_a_bearer_token(reader: GitMirrors, private: HostedRepositories) -> None:
    """Sent as a header with every request."""
    revision = private.repository().commit({"a": "1"})
    access = RepositoryAccess(url=private.url_of(), bearer_token=Secret("tok-123"))
    assert reader.ls_remote(access).head_revision == revision
    reader.fetch(access, revision, ref="refs/heads/main")


def test_credentials_in_the_address(reader: GitMirrors, private: HostedRepositories) -> None:
    """They work, and are shown nowhere."""
    revision = private.repository().commit({"a": "1"})
    good = private.url_of().replace("http://", f"http://ada:{PASSWORD}@")
    assert reader.ls_remote(RepositoryAccess(url=good)).head_revision == revision
    bad = private.url_of("nope").replace("http://", f"http://ada:{PASSWORD}@")
    with pytest.raises(RepositoryNotFound) as caught:
        reader.ls_remote(RepositoryAccess(url=bad))
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "credentials",
    [{}, {"username": "ada", "password": Secret("wr0ng-s3cret")}, {"bearer_token": Secret("wr0ng-s3cret")}],
    ids=["none", "password", "token"],
)
@pytest.mark.parametrize("command", [False, True], ids=["libgit2", "command"])
def test_refused_credentials(
    reader: GitMirrors, private: HostedRepositories, credentials: dict[str, object], command: bool
) -> None:
    """RepositoryAuthFailed by either transport, without the secret in the message."""
    private.repository().commit({"a": "1"})
    access = RepositoryAccess(url=private.url_of(), **credentials)  # type: ignore[arg-type]
    if command:
        reader._dripping.add(_mirror_of(reader, access))
    for request in (
        lambda: reader.ls_remote(access),
        lambda: reader.fetch(access, Revision("1" * 40), ref="refs/heads/main"),
    ):
        with pytest.raises(RepositoryAuthFailed) as caught:
            request()
        assert "wr0ng" not in str(caught.value)


def _mirror_of(reader: GitMirrors, access: RepositoryAccess) -> str:
    return reader._mirror(access).name


def test_the_command_does_what_libgit2_does(reader: GitMirrors, private: HostedRepositories) -> None:
    """The same refs, the same commits, the same errors."""
    first = private.repository().commit({"a": "1"})
    private.repository().tag("v1", first, annotated=True)
    second = private.repository().commit({"a": "2"})
    access = RepositoryAccess(url=private.url_of(), username="ada", password=Secret(PASSWORD))
    by_library = reader.ls_remote(access)
    reader._dripping |= {_mirror_of(reader, access)}
    assert reader.ls_remote(access) == by_library
    assert by_library.refs == {"refs/heads/main": second, "refs/tags/v1": first}
    reader.fetch(access, second, ref="refs/heads/main")
    reader.fetch(access, first)
    assert reader.read_file(access, first, "a") == b"1"
    assert reader.commit(access, first).tags == ("v1",)
    with pytest.raises(RefNotFound):
        reader.fetch(access, Revision("1" * 40))
    missing = RepositoryAccess(url=private.url_of("no"), username="ada", password=Secret(PASSWORD))
    reader._dripping.add(_mirror_of(reader, missing))
    with pytest.raises(RepositoryNotFound):
        reader.ls_remote(missing)


@pytest.mark.parametrize("command", [False, True], ids=["libgit2", "command"])
@pytest.mark.parametrize("token", [False, True], ids=["password", "token"])
@pytest.mark.parametrize("challenge", [False, True], ids=["at-once", "after-challenge"])
def test_a_redirect_does_not_carry_credentials_to_another_host(
    reader: GitMirrors, command: bool, token: bool, challenge: bool
) -> None:
    """A repository that points elsewhere gets no secret sent there."""
    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        connection.settimeout(1)
        heard.append(connection.recv(65536))
        connection.sendall(http_answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'))

    with tcp_server(listen) as other:

        def redirect(connection: socket.socket) -> None:
            connection.settimeout(1)
            asked = connection.recv(65536)
            if b"uthorization" not in asked and challenge:
                connection.sendall(http_answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'))
            else:
                there = other.replace("127.0.0.1", "localhost")
                connection.sendall(
                    http_answer("302 Found", f"Location: {there}/info/refs?service=git-upload-pack")
                )

        with tcp_server(redirect) as url:
            secret = (
                {"bearer_token": Secret("tok-9")} if token else {"username": "u", "password": Secret("pw-9")}
            )
            access = RepositoryAccess(url=url, **secret)  # type: ignore[arg-type]
            if command:
                reader._dripping.add(_mirror_of(reader, access))
            for request in (
                lambda: reader.ls_remote(access),
                lambda: reader.fetch(access, Revision("1" * 40)),
            ):
                with pytest.raises(GitError):
                    request()
    assert b"uthorization" not in b"".join(heard)


# What is not there, and who does not answer


def test_nobody_listens(reader: GitMirrors) -> None:
    """Connection refused, and a name that does not resolve, may be tried again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/r.git", "http://no-such-host.invalid/r.git"):
        with pytest.raises(RepositoryUnreachable):
            reader.ls_remote(RepositoryAccess(url=url))


@pytest.mark.parametrize("command", [False, True], ids=["libgit2", "command"])
def test_a_server_that_never_answers(reader: GitMirrors, command: bool) -> None:
    """Given up after the time of silence, by ls-remote and by fetch."""
    release = threading.Event()
    with tcp_server(lambda _connection: release.wait(20) and None) as url:
        access = RepositoryAccess(url=url)
        if command:
            reader._dripping.add(_mirror_of(reader, access))
        start = time.monotonic()
        with pytest.raises(RepositoryUnreachable):
            reader.ls_remote(access)
        assert time.monotonic() - start < 4
        release.set()


def test_a_server_that_drips(reader: GitMirrors) -> None:
    """A byte now and then is no silence: the whole request has its limit, and then a process asks instead."""
    release = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n"
        connection.sendall(
            f"{head}Content-Length: 100000\r\n\r\n001e# service=git-upload-pack\n00000fff".encode()
        )
        while not release.wait(0.3):
            connection.sendall(b"a")

    with tcp_server(drip) as url:
        access = RepositoryAccess(url=url)
        for _ in range(2):
            start = time.monotonic()
            with pytest.raises(RepositoryUnreachable):
                reader.ls_remote(access)
            assert time.monotonic() - start < 4
        release.set()
        time.sleep(0.5)  # the call that was left to itself ends with its connection
    assert _mirror_of(reader, access) in reader._dripping


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\x01garbage",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n001e# serv",
        http_answer("503 Busy"),
    ],
    ids=["closed", "garbage", "half", "503"],
)
def test_a_broken_answer_is_unreachable(reader: GitMirrors, answer: bytes) -> None:
    """Whatever a broken server says, the request may be tried again, and nothing is believed."""

    def reply(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    with tcp_server(reply) as url, pytest.raises(RepositoryUnreachable):
        reader.ls_remote(RepositoryAccess(url=url))


def test_a_branch_that_is_gone(reader: GitMirrors, git_host: HostedRepositories) -> None:
    """A stale ref name does not matter where the commit is found otherwise."""
    repository = git_host.repository()
    revision = repository.commit({"a": "1"})
    access = RepositoryAccess(url=git_host.url_of())
    reader.fetch(access, revision, ref="refs/heads/gone")
    assert reader.read_file(access, revision, "a") == b"1"


def test_an_empty_repository_has_no_refs(reader: GitMirrors, git_host: HostedRepositories) -> None:
    """It is no error: the first commit may come any moment."""
    git_host.repository()
    found = reader.ls_remote(RepositoryAccess(url=git_host.url_of()))
    assert (dict(found.refs), found.head_revision) == ({}, None)


@pytest.mark.parametrize("command", [False, True], ids=["libgit2", "command"])
def test_a_fetch_is_bounded(tmp_path: Path, git_host: HostedRepositories, command: bool) -> None:
    """More bytes than allowed end it, and nothing of them stays."""
    import random

    revision = git_host.repository().commit({"big": random.Random(1).randbytes(3_000_000)})
    reader = GitMirrors(tmp_path / "small", GitLimits(max_fetch_bytes=1_000_000))
    access = RepositoryAccess(url=git_host.url_of())
    if command:
        reader._dripping.add(_mirror_of(reader, access))
    with pytest.raises(RepositoryTooLarge):
        reader.fetch(access, revision, ref="refs/heads/main")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc",
        "/etc",
        "ext::sh -c id",
        "git://host/r",
        "--upload-pack=id",
        "https://",
        "ssh://-oProxyCommand=x/r",
    ],
)
def test_other_addresses_are_refused(reader: GitMirrors, url: str) -> None:
    """Only https, http and ssh: an Application cannot read the worker's disk or run commands."""
    with pytest.raises(UnsupportedRepository):
        reader.ls_remote(RepositoryAccess(url=url))


def test_local_repositories_by_permission(tmp_path: Path, git_host: HostedRepositories) -> None:
    """`moor render` reads working copies where it allows itself to."""
    revision = git_host.repository().commit({"a": "1"})
    path = str(git_host.repository().path)
    reader = GitMirrors(tmp_path / "local", GitLimits(allow_local=True))
    for url in (path, f"file://{path}"):
        access = RepositoryAccess(url=url)
        assert reader.ls_remote(access).head_revision == revision
        reader.fetch(access, revision, ref="refs/heads/main")
        assert reader.read_file(access, revision, "a") == b"1"


# TLS


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority of the test's own."""
    return Authority(tmp_path / "pki")


def test_a_certificate_of_an_unknown_authority(
    tmp_path: Path, reader: GitMirrors, authority: Authority
) -> None:
    """Untrusted; trusted with its authority, or when told to trust anybody."""
    root = tmp_path / "tls"
    root.mkdir()
    cert, key = authority.issue("server")
    with serving(root, tls_cert=cert, tls_key=key) as host:
        revision = host.repository().commit({"a": "1"})
        url = host.url_of()
        with pytest.raises(RepositoryUntrusted):
            reader.ls_remote(RepositoryAccess(url=url))
        with pytest.raises(RepositoryUntrusted):
            reader.ls_remote(RepositoryAccess(url=url, ca_data=Authority(tmp_path / "other").pem))
        insecure = RepositoryAccess(url=url, insecure=True)
        trusting = RepositoryAccess(url=url, ca_data=authority.pem)
        for access in (insecure, trusting):
            assert reader.ls_remote(access).head_revision == revision
            reader.fetch(access, revision, ref="refs/heads/main")


def test_a_client_certificate(tmp_path: Path, reader: GitMirrors, authority: Authority) -> None:
    """Shown from memory; without it the server hangs up."""
    root = tmp_path / "mtls"
    root.mkdir()
    cert, key = authority.issue("server")
    client_cert, client_key = authority.issue("client")
    with serving(root, tls_cert=cert, tls_key=key, client_ca=authority.path) as host:
        revision = host.repository().commit({"a": "1"})
        access = RepositoryAccess(
            url=host.url_of(),
            ca_data=authority.pem,
            tls_client_cert=client_cert.read_text(),
            tls_client_key=Secret(client_key.read_text()),
        )
        assert reader.ls_remote(access).head_revision == revision
        with pytest.raises(GitError):
            reader.ls_remote(RepositoryAccess(url=host.url_of(), ca_data=authority.pem))


def test_a_proxy_is_asked(reader: GitMirrors, git_host: HostedRepositories) -> None:
    """The repository's proxy gets the request, unless its host is among those that need none."""
    revision = git_host.repository().commit({"a": "1"})
    asked: list[bytes] = []

    def proxy(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(http_answer("502 Bad Gateway"))

    with tcp_server(proxy) as url:
        address = url.removesuffix("/repo.git")
        with pytest.raises(RepositoryUnreachable):
            reader.ls_remote(RepositoryAccess(url=git_host.url_of(), proxy=address))
        direct = RepositoryAccess(url=git_host.url_of(), proxy=address, no_proxy="127.0.0.1")
        assert reader.ls_remote(direct).head_revision == revision
    assert asked[0].startswith(b"GET " + git_host.url.encode())
    assert len(asked) == 1
