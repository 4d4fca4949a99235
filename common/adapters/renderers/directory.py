"""Plain manifests, read from Git's blobs in this process: no checkout and no tool."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from wcmatch import fnmatch

from common.core.errors import PathNotFound, RenderFailed, RenderLimitExceeded
from common.core.keys import Object
from common.core.kustomization import join, leaves
from common.core.model.source import DirectoryOptions
from common.core.yaml_documents import ReadLimits, read_objects
from common.ports import GitReader, RenderInput, RenderRequest, TreeFile

_EXTENSIONS = (".yaml", ".yml", ".json", ".jsonnet")
_SKIP_MARK = b"+argocd:skip-file-rendering"
_TREE_BYTES = 256 << 20
_GLOB_FLAGS = fnmatch.BRACE | fnmatch.DOTMATCH | fnmatch.CASE

IDENTITY = "directory-1"
"""Changes when the same files would give other objects."""


class DirectoryRenderer:
    """Directories of manifests made into objects."""

    def __init__(self, git: GitReader) -> None:
        self._git = git

    def identity(self) -> str:
        """Ours, as there is no tool."""
        return IDENTITY

    def inputs(self, request: RenderRequest) -> tuple[RenderInput, ...]:
        """The directory, and the files that its links lead to."""
        path = _clean(request)
        links = {
            _target(path, file)
            for file in self._files(request, path)
            if file.symlink and _wanted(file.path, _options(request))
        }
        elsewhere = {t for t in links if not (path == "" or t.startswith(f"{path}/"))}
        return tuple(RenderInput(path=p) for p in sorted({path, *elsewhere}))

    def render(self, request: RenderRequest) -> list[Object]:
        """The objects, file by file in the order of their paths."""
        path, options = _clean(request), _options(request)
        limit, total = request.settings.limits.input_bytes, 0
        limits = ReadLimits(max_bytes=limit)
        objects: list[Object] = []
        for file in self._files(request, path):
            if not _wanted(file.path, options):
                continue
            data = self._linked(request, path, file) if file.symlink else file.data
            total += len(data)
            if total > limit:
                raise RenderLimitExceeded(
                    f"{path or '.'}: its manifests are more than {limit >> 20} MiB together"
                )
            if _SKIP_MARK in data:
                continue
            if file.path.endswith(".jsonnet"):
                raise RenderFailed(f"{posixpath.join(path, file.path)}: jsonnet is not supported yet")
            # A directory may hold any YAML; but what ends with .json is there for us.
            unrelated = not file.path.endswith(".json")
            objects += read_objects(data, posixpath.join(path, file.path), limits, ignore_unrelated=unrelated)
        return objects

    def _files(self, request: RenderRequest, path: str) -> Iterator[TreeFile]:
        oid = self._git.tree_oids(request.repo, request.revision, [path])[path]
        if oid is None:
            raise PathNotFound(f"{path or '.'}: no such directory at {request.revision[:10]}")
        return self._git.read_tree(request.repo, oid, max_bytes=_TREE_BYTES)

    def _linked(self, request: RenderRequest, path: str, file: TreeFile) -> bytes:
        target = _target(path, file)
        try:
            return self._git.read_file(request.repo, request.revision, target)
        except PathNotFound as error:
            raise RenderFailed(
                f"{posixpath.join(path, file.path)}: a link to {target}, which is no file"
            ) from error


def matches(path: str, pattern: str) -> bool:
    """Whether a path matches an include or exclude pattern. As in Argo CD `*` matches `/` too, `{a,b}` is a
    choice, and the pattern is for the whole path below the source's directory.
    """
    return bool(fnmatch.fnmatch(path, pattern, flags=_GLOB_FLAGS))


def _wanted(path: str, options: DirectoryOptions) -> bool:
    if not options.recurse and "/" in path:
        return False
    if any(part.startswith(".") for part in path.split("/")[:-1]):
        return False
    if not options.disable_extension_filter and not path.endswith(_EXTENSIONS):
        return False
    if options.exclude and matches(path, options.exclude):
        return False
    return not options.include or matches(path, options.include)


def _target(path: str, file: TreeFile) -> str:
    here = posixpath.dirname(posixpath.join(path, file.path))
    target = join(here, file.data.decode("utf-8", "replace"))
    if leaves(target):
        raise RenderFailed(f"{posixpath.join(path, file.path)} is a link that leaves the repository")
    return target


def _options(request: RenderRequest) -> DirectoryOptions:
    return request.source.directory or DirectoryOptions()


def _clean(request: RenderRequest) -> str:
    path = join("", request.source.path.strip("/"))
    if leaves(path):
        raise RenderFailed(f"source.path: {request.source.path} is outside of the repository")
    return path
