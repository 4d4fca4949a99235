"""Repositories served over real smart HTTP on loopback, for contract and integration tests."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import FileMode

from common.adapters.memory.git import EPOCH, Content, Link
from common.core.keys import Revision
from sandbox.githost import GitHost, HostOptions, listen, server


class HostedRepository:
    """A bare repository on disk, with the methods of `MemoryRepository` and a few that only Git has."""

    def __init__(self, path: Path, branch: str = "main") -> None:
        self.path = path
        self.branch = branch
        self.git = pygit2.init_repository(str(path), bare=True, initial_head=branch)

    def commit(
        self,
        files: Mapping[str, Content | None],
        *,
        branch: str = "",
        message: str = "change",
        author: str = "Ada <ada@example.org>",
        at: datetime = EPOCH,
        modes: Mapping[str, FileMode] | None = None,
    ) -> Revision:
        """Add files to what the branch has (None deletes) and move the branch there."""
        ref = f"refs/heads/{branch or self.branch}"
        parents = [self.git.references[ref].target] if ref in self.git.references else []
        index = pygit2.Index()
        if parents:
            index.read_tree(self.git[parents[0]].tree)
        for path, content in files.items():
            if content is None:
                index.remove(path)
                continue
            mode = FileMode.LINK if isinstance(content, Link) else (modes or {}).get(path, FileMode.BLOB)
            body = content if isinstance(content, bytes) else content.encode()
            index.add(pygit2.IndexEntry(path, self.git.create_blob(body), mode))
        return self.commit_tree(
            str(index.write_tree(self.git)), ref=ref, message=message, author=author, at=at
        )

    def commit_tree(
        self,
        tree: str,
        *,
        ref: str = "refs/heads/main",
        message: str = "change",
        author: str = "Ada <ada@example.org>",
        at: datetime = EPOCH,
    ) -> Revision:
        """A commit of a tree object, whatever is in it."""
        name, _, email = author.removesuffix(">").partition(" <")
        parents = [self.git.references[ref].target] if ref in self.git.references else []
        who = pygit2.Signature(name, email, int(at.timestamp()), 0)
        return Revision(str(self.git.create_commit(ref, who, who, message, pygit2.Oid(hex=tree), parents)))

    def raw_tree(self, entries: list[tuple[str, bytes, str]]) -> str:
        """A tree object with any (octal mode, name, OID), valid or not."""
        body = b"".join(b"%s %s\0%s" % (m.encode(), name, bytes.fromhex(oid)) for m, name, oid in entries)
        return str(self.git.odb.write(pygit2.enums.ObjectType.TREE, body))

    def blob(self, content: bytes) -> str:
        """A blob object."""
        return str(self.git.create_blob(content))

    def tag(self, name: str, revision: Revision, *, annotated: bool = False) -> None:
        """Point a tag at a commit."""
        if annotated:
            who = pygit2.Signature("Ada", "ada@example.org", int(EPOCH.timestamp()), 0)
            self.git.create_tag(
                name, pygit2.Oid(hex=revision), pygit2.enums.ObjectType.COMMIT, who, f"Release {name}"
            )
        else:
            self.git.references.create(f"refs/tags/{name}", pygit2.Oid(hex=revision), force=True)

    def run(self, *words: str) -> str:
        """A git command in the repository."""
        return subprocess.run(
            ["git", f"--git-dir={self.path}", *words], check=True, capture_output=True, text=True
        ).stdout.strip()


class HostedRepositories:
    """A directory of repositories and the address that they are served at."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self.url = url
        self._made: dict[str, HostedRepository] = {}

    def repository(self, name: str = "repo") -> HostedRepository:
        """The repository of a name, made when new."""
        if name not in self._made:
            self._made[name] = HostedRepository(self.root / f"{name}.git")
        return self._made[name]

    def url_of(self, name: str = "repo") -> str:
        """Its address."""
        return f"{self.url}/{name}.git"


@contextmanager
def serving(
    root: Path,
    options: HostOptions | None = None,
    *,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    client_ca: Path | None = None,
) -> Iterator[HostedRepositories]:
    """Serve a directory in a thread while the context is open."""
    names = [str(p) if p else None for p in (tls_cert, tls_key, client_ca)]
    running = server(GitHost(root, options), tls_cert=names[0], tls_key=names[1], client_ca=names[2])
    sock = listen(0)
    port = sock.getsockname()[1]
    thread = threading.Thread(target=running.run, kwargs={"sockets": [sock]}, name="githost")
    thread.start()
    try:
        while not running.started:
            assert thread.is_alive()
            time.sleep(0.005)
        yield HostedRepositories(root, f"{'https' if tls_cert else 'http'}://127.0.0.1:{port}")
    finally:
        running.should_exit = True
        thread.join(10)
        sock.close()


@pytest.fixture
def git_host(tmp_path: Path) -> Iterator[HostedRepositories]:
    """Repositories over HTTP without authentication, each commit served by its id."""
    root = tmp_path / "hosted"
    root.mkdir()
    with serving(root) as host:
        yield host


def utc(*numbers: int) -> datetime:
    """An aware datetime."""
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[misc,arg-type]
