"""GitReader in memory, with Git's own object ids: for tests that need a repository and no Git."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from common.core.access import RepositoryAccess
from common.core.errors import (
    CommitMissing,
    GitError,
    PathNotFound,
    RefNotFound,
    RenderLimitExceeded,
    RepositoryNotFound,
)
from common.core.keys import Revision
from common.ports import CommitMetadata, RemoteRefs, TreeFile

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


class Link(str):
    """A symbolic link's target, in place of a file's bytes."""

    __slots__ = ()


Content = bytes | str | Link
Node = dict[str, "Node | Content"]


class _Commit(msgspec.Struct, frozen=True, kw_only=True):
    root: Node
    metadata: CommitMetadata


class MemoryRepository:
    """What a server has."""

    def __init__(self, branch: str = "main") -> None:
        """Empty, with HEAD at a branch that is not there yet."""
        self.branch = branch
        self.refs: dict[str, Revision] = {}
        self.commits: dict[str, _Commit] = {}

    def commit(
        self,
        files: Mapping[str, Content | None],
        *,
        branch: str = "",
        message: str = "change",
        author: str = "Ada <ada@example.org>",
        at: datetime = EPOCH,
    ) -> Revision:
        """Add files to what the branch has (None deletes) and move the branch there."""
        ref = f"refs/heads/{branch or self.branch}"
        before = self.refs.get(ref, "")
        flat = _flatten(self.commits[before].root) if before else {}
        flat |= {path: content for path, content in files.items() if content is not None}
        for path in [p for p, content in files.items() if content is None]:
            flat.pop(path, None)
        root = _nest(flat)
        text = f"tree {_oid(root)}\nparent {before}\n{author} {at.isoformat()}\n\n{message}"
        revision = Revision(_hash("commit", text.encode()))
        metadata = CommitMetadata(revision=revision, author=author, committed_at=at, message=message)
        self.commits[revision] = _Commit(root=root, metadata=metadata)
        self.refs[ref] = revision
        return revision

    def tag(self, name: str, revision: Revision) -> None:
        """Point a tag at a commit."""
        self.refs[f"refs/tags/{name}"] = revision


class MemoryGit:
    """`common.ports.GitReader` on repositories that a test makes."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` is where trees are exported to; a temporary directory unless given."""
        self._folder = folder
        self.repositories: dict[str, MemoryRepository] = {}
        self.failures: dict[str, GitError] = {}
        """By URL: raised in place of every request over the network."""
        self.requests: list[tuple[str, str]] = []
        """Operation and URL of every request over the network, in order."""
        self._fetched: dict[str, dict[str, _Commit]] = {}

    def repository(self, url: str) -> MemoryRepository:
        """The repository at an address, made when new."""
        return self.repositories.setdefault(url, MemoryRepository())

    def ls_remote(self, repo: RepositoryAccess) -> RemoteRefs:
        """The refs as they are now."""
        served = self._ask("ls_remote", repo)
        head = f"refs/heads/{served.branch}"
        return RemoteRefs(
            refs=dict(sorted(served.refs.items())), head=head, head_revision=served.refs.get(head)
        )

    def fetch(self, repo: RepositoryAccess, revision: Revision, *, ref: str | None = None) -> None:  # noqa: ARG002
        """Copy a commit to where the reading methods look."""
        known = self._fetched.setdefault(repo.url, {})
        if revision in known:
            return
        if len(revision) != 40:
            raise CommitMissing(f"{repo.url}: {revision!r} is no full commit id")
        served = self._ask("fetch", repo)
        if revision not in served.commits:
            raise RefNotFound(f"{repo.url}: no commit {revision}")
        known[revision] = served.commits[revision]

    def forget(self, url: str) -> None:
        """Lose what was fetched, as a collected mirror does."""
        self._fetched.pop(url, None)

    def tree_oids(
        self, repo: RepositoryAccess, revision: Revision, paths: Sequence[str]
    ) -> dict[str, str | None]:
        """OIDs by path."""
        root = self._commit(repo, revision).root
        found = {}
        for path in paths:
            with contextlib.suppress(PathNotFound):
                found[path] = _oid(_at(root, path))
        return {path: found.get(path) for path in paths}

    def read_tree(self, repo: RepositoryAccess, oid: str, *, max_bytes: int) -> Iterator[TreeFile]:
        """Every file below a tree, sorted by path."""
        for commit in self._fetched.get(repo.url, {}).values():
            tree = _find(commit.root, oid)
            if tree is not None:
                return iter(_files(tree, max_bytes))
        raise CommitMissing(f"tree {oid} is not in the mirror")

    def read_file(self, repo: RepositoryAccess, revision: Revision, path: str) -> bytes:
        """One file of a commit."""
        found = _at(self._commit(repo, revision).root, path)
        if isinstance(found, dict):
            raise PathNotFound(f"{path} is no file")
        return _bytes(found)

    @contextlib.contextmanager
    def export(self, repo: RepositoryAccess, revision: Revision, paths: Collection[str]) -> Iterator[Path]:
        """A directory with the paths; read-only while the context is open, and gone afterwards."""
        root = self._commit(repo, revision).root
        flat: dict[str, Content] = {}
        for path in paths:
            here, base = _at(root, path), "/".join(_parts(path))
            flat |= _flatten(here, f"{base}/" if base else "") if isinstance(here, dict) else {base: here}
        target = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            for path, content in sorted(flat.items()):
                _lay(target, path, content)
            _set_modes(target, 0o555)
            yield target
        finally:
            _set_modes(target, 0o755)
            shutil.rmtree(target)

    def commit(self, repo: RepositoryAccess, revision: Revision) -> CommitMetadata:
        """Author, date and message."""
        found = self._commit(repo, revision).metadata
        refs = self.repositories[repo.url].refs
        tags = sorted(
            n.removeprefix("refs/tags/") for n, r in refs.items() if r == revision and "/tags/" in n
        )
        return msgspec.structs.replace(found, tags=tuple(tags))

    def _ask(self, operation: str, repo: RepositoryAccess) -> MemoryRepository:
        self.requests.append((operation, repo.url))
        if repo.url in self.failures:
            raise self.failures[repo.url]
        if repo.url not in self.repositories:
            raise RepositoryNotFound(f"{repo.url}: no such repository")
        return self.repositories[repo.url]

    def _commit(self, repo: RepositoryAccess, revision: str) -> _Commit:
        try:
            return self._fetched[repo.url][revision]
        except KeyError:
            raise CommitMissing(f"commit {revision} is not in the mirror") from None


def _hash(kind: str, body: bytes) -> str:
    return hashlib.sha1(b"%s %d\0%s" % (kind.encode(), len(body), body), usedforsecurity=False).hexdigest()


def _bytes(content: Content) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def _oid(node: Node | Content) -> str:
    if not isinstance(node, dict):
        return _hash("blob", _bytes(node))
    rows = []
    for name, below in node.items():
        mode = b"40000" if isinstance(below, dict) else b"120000" if isinstance(below, Link) else b"100644"
        order = name.encode() + (b"/" if isinstance(below, dict) else b"")
        rows.append((order, b"%s %s\0%s" % (mode, name.encode(), bytes.fromhex(_oid(below)))))
    return _hash("tree", b"".join(row for _, row in sorted(rows)))


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


def _at(root: Node, path: str) -> Node | Content:
    here: Node | Content = root
    for part in _parts(path):
        if not isinstance(here, dict) or part not in here:
            raise PathNotFound(f"no such path: {path}")
        here = here[part]
    return here


def _nest(flat: Mapping[str, Content]) -> Node:
    root: Node = {}
    for path, content in flat.items():
        *folders, name = path.split("/")
        here = root
        for folder in folders:
            below = here.setdefault(folder, {})
            assert isinstance(below, dict)  # noqa: S101 - a test made a file and a directory of one name
            here = below
        here[name] = content
    return root


def _flatten(node: Node, prefix: str = "") -> dict[str, Content]:
    flat: dict[str, Content] = {}
    for name, below in node.items():
        if isinstance(below, dict):
            flat |= _flatten(below, f"{prefix}{name}/")
        else:
            flat[prefix + name] = below
    return flat


def _find(node: Node, oid: str) -> Node | None:
    if _oid(node) == oid:
        return node
    below = (_find(child, oid) for child in node.values() if isinstance(child, dict))
    return next((found for found in below if found is not None), None)


def _files(tree: Node, max_bytes: int) -> list[TreeFile]:
    made, left = [], max_bytes
    for path, content in sorted(_flatten(tree).items()):
        left -= len(_bytes(content))
        if left < 0:
            raise RenderLimitExceeded(f"{path}: more than {max_bytes} bytes")
        made.append(TreeFile(path, _bytes(content), symlink=isinstance(content, Link)))
    return made


def _lay(target: Path, path: str, content: Content) -> None:
    place = target / path
    place.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, Link):
        place.write_bytes(_bytes(content))
        place.chmod(0o444)
    elif (place.parent / content).resolve().is_relative_to(target.resolve()):
        place.symlink_to(content)


def _set_modes(target: Path, mode: int) -> None:
    for folder in sorted(
        (p for p in [target, *target.rglob("*")] if p.is_dir() and not p.is_symlink()), reverse=True
    ):
        folder.chmod(mode)
