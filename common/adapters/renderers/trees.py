"""A repository as `common.core.kustomization` walks it: from Git's blobs, or from an exported directory."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from common.adapters.renderers.workspace import inside
from common.core.access import RepositoryAccess
from common.core.errors import PathNotFound
from common.core.keys import Revision
from common.core.kustomization import join
from common.core.yaml_documents import read_documents
from common.ports import GitReader, TreeFile

_TREE_BYTES = 256 << 20


def _leads_out(path: str, file: TreeFile) -> bool:
    here = posixpath.dirname(posixpath.join(path, file.path))
    target = join(here, file.data.decode("utf-8", "replace"))
    return target != path and not target.startswith(f"{path}/")


class GitTree:
    """A commit, read blob by blob. Each path is looked up once."""

    def __init__(self, git: GitReader, repo: RepositoryAccess, revision: Revision) -> None:
        self._git, self._repo, self._revision = git, repo, revision
        self._oids: dict[str, str | None] = {}
        self._files: dict[str, bytes | None] = {}

    def exists(self, path: str) -> bool:
        """Whether the commit has the path."""
        return self._oid(path) is not None

    def is_directory(self, path: str) -> bool:
        """Whether the path is a tree of the commit."""
        return self.exists(path) and self.read(path) is None

    def read(self, path: str) -> bytes | None:
        """A file's bytes; None when there is no such file."""
        if path not in self._files:
            try:
                self._files[path] = self._git.read_file(self._repo, self._revision, path) if path else None
            except PathNotFound:
                self._files[path] = None
        return self._files[path]

    def documents(self, path: str) -> list[Any]:
        """The YAML documents of a file; none when there is no such file."""
        data = self.read(path)
        return [] if data is None else read_documents(data, path)

    def existing(self, paths: Iterable[str]) -> list[str]:
        """Those of the paths that the commit has."""
        wanted = list(paths)
        found = self._git.tree_oids(self._repo, self._revision, wanted)
        return [path for path in wanted if found.get(path) is not None]

    def has_links_out(self, path: str) -> bool:
        """Whether a link below a directory leads elsewhere in the commit. Then the directory alone says too
        little: what the link leads to may hold links again.
        """
        oid = self._oid(path)
        if path == "" or oid is None or not self.is_directory(path):
            return False
        return any(
            _leads_out(path, file)
            for file in self._git.read_tree(self._repo, oid, max_bytes=_TREE_BYTES)
            if file.symlink
        )

    def _oid(self, path: str) -> str | None:
        if path not in self._oids:
            self._oids.update(self._git.tree_oids(self._repo, self._revision, [path]))
        return self._oids.get(path)


class DiskTree:
    """An exported directory. A path whose links leave it is refused, not followed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def exists(self, path: str) -> bool:
        """Whether there is such a path."""
        return self._place(path).exists()

    def is_directory(self, path: str) -> bool:
        """Whether there is such a directory."""
        return self._place(path).is_dir()

    def documents(self, path: str) -> list[Any]:
        """The YAML documents of a file; none when there is no such file."""
        place = self._place(path)
        return read_documents(place.read_bytes(), path) if place.is_file() else []

    def _place(self, path: str) -> Path:
        return inside(self._root, path, what="kustomization")
