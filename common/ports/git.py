"""Git."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from common.core.access import RepositoryAccess
from common.core.keys import (
    Revision,
)


class RemoteRefs(msgspec.Struct, frozen=True):
    """What ls-remote said: full ref names to commits (annotated tags peeled), and where HEAD points."""

    refs: Mapping[str, Revision]
    head: str
    """The full name of the branch that HEAD points to; empty when the server does not say."""
    head_revision: Revision | None


class TreeFile(msgspec.Struct, frozen=True):
    """One file of a tree. `path` is relative to the tree, with `/`."""

    path: str
    data: bytes
    symlink: bool = False
    """`data` is then the link's target."""


class CommitMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What a commit says of itself."""

    revision: Revision
    author: str
    committed_at: datetime
    message: str
    tags: tuple[str, ...] = ()


class GitReader(Protocol):
    """Reads repositories. A mirror on disk is shared by the processes of one machine."""

    def ls_remote(self, repo: RepositoryAccess) -> RemoteRefs:
        """Ask the server for its refs; never answered from the mirror."""
        ...

    def fetch(self, repo: RepositoryAccess, revision: Revision, *, ref: str | None = None) -> None:
        """Have the commit in the mirror; no request when it is there. `ref` is where it was found."""
        ...

    def tree_oids(
        self, repo: RepositoryAccess, revision: Revision, paths: Sequence[str]
    ) -> dict[str, str | None]:
        """The OID of each path (tree or blob; `""` is the root) in a commit of the mirror; None where it
        has none. One walk, whatever the number of paths.

        Raises CommitMissing.
        """
        ...

    def read_tree(self, repo: RepositoryAccess, oid: str, *, max_bytes: int) -> Iterator[TreeFile]:
        """Every file below a tree, sorted by path, without a checkout. Raises CommitMissing,
        RenderLimitExceeded.
        """
        ...

    def read_file(self, repo: RepositoryAccess, revision: Revision, path: str) -> bytes:
        """One file of a commit. Raises PathNotFound, CommitMissing."""
        ...

    def export(
        self, repo: RepositoryAccess, revision: Revision, paths: Collection[str]
    ) -> AbstractContextManager[Path]:
        """The given paths (`""` for all) laid out under one read-only directory as in the commit. It is
        named by their OIDs and shared; it stays while the context is open. Links that leave it are not made.
        """
        ...

    def commit(self, repo: RepositoryAccess, revision: Revision) -> CommitMetadata:
        """Author, date and message. Raises CommitMissing."""
        ...
