"""`kustomize build` (or the one inside kubectl), with an Application's options in the kustomization."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from common.adapters.renderers.process import Run, read_limits, run
from common.adapters.renderers.trees import DiskTree, GitTree
from common.adapters.renderers.workspace import inside, mirror, refuse_escaping_links, scratch
from common.adapters.tools import Tool, Tools
from common.core.errors import PathNotFound, RenderFailed, ToolMissing
from common.core.keys import Object
from common.core.kustomization import file_of, is_remote, join, leaves, walk
from common.core.kustomize_edit import changes_anything, edited
from common.core.model.source import KustomizeOptions
from common.core.yaml_documents import read_objects
from common.ports import GitReader, RenderInput, RenderRequest

_PLAIN_OPTIONS = frozenset({"--enable-helm", "--load-restrictor", "--reorder", "--helm-debug"})
"""kustomize.buildOptions that neither run programs of the repository nor write anywhere."""


class KustomizeRenderer:
    """Kustomizations made into objects."""

    def __init__(self, git: GitReader, tools: Tools) -> None:
        self._git, self._tools = git, tools

    def identity(self) -> str:
        """The tool and its version."""
        tool = self._tools.find_kustomize()
        return f"{tool.name}-kustomize-{tool.version}"

    def inputs(self, request: RenderRequest) -> tuple[RenderInput, ...]:
        """The kustomization, its bases and components, and files elsewhere; everything where links lead out
        of them.
        """
        tree = GitTree(self._git, request.repo, request.revision)
        path = _clean(request)
        if not tree.is_directory(path):
            raise PathNotFound(f"{request.source.path or '.'}: no such directory at {request.revision[:10]}")
        found: set[str] = set()
        for start in (path, *self._added(request, path)):
            walked = walk(start, tree) if tree.is_directory(start) else None
            found |= {*walked.directories, *walked.files} if walked else {start}
        if any(tree.has_links_out(directory) for directory in sorted(found)):
            found = {""}
        return tuple(sorted(RenderInput(path=where) for where in found))

    def render(self, request: RenderRequest) -> list[Object]:
        """The objects in kustomize's order."""
        tool = self._tools.find_kustomize()
        options = _build_options(request.settings.kustomize_options)
        if request.source.kustomize and request.source.kustomize.version:
            wanted = request.source.kustomize.version
            raise RenderFailed(f"kustomize.version: no kustomize {wanted} is configured")
        tree = GitTree(self._git, request.repo, request.revision)
        paths = tree.existing(item.path for item in self.inputs(request))
        with (
            scratch() as home,
            self._git.export(request.repo, request.revision, paths) as exported,
            _prepared(request, exported, home, helm="--enable-helm" in options) as root,
        ):
            directory = inside(root, _clean(request), what="source.path")
            refuse_escaping_links(root, directory)
            walk(_clean(request), DiskTree(root))
            output = run(
                Run(
                    command=[*_command(tool), ".", *options, *self._helm_flags(request, options)],
                    cwd=directory,
                    home=home,
                    limits=request.settings.limits,
                    network="--enable-helm" in options,
                    hide={str(root): "", str(exported): "", str(home): "<scratch>"},
                )
            )
        return read_objects(output, "kustomize build", read_limits(request))

    def _helm_flags(self, request: RenderRequest, options: list[str]) -> list[str]:
        if "--enable-helm" not in options:
            return []
        own = request.source.kustomize or KustomizeOptions()
        try:
            helm = self._tools.find("helm")
        except ToolMissing as error:
            raise ToolMissing(f"kustomize.buildOptions has --enable-helm: {error}") from error
        flags = [f"--helm-command={helm.path}"]
        if version := own.kube_version or request.kube_version:
            flags.append(f"--helm-kube-version={version.removeprefix('v')}")
        return flags + [f"--helm-api-versions={v}" for v in own.api_versions or request.api_versions]

    def _added(self, request: RenderRequest, path: str) -> list[str]:
        """Paths that the Application's own options add to the kustomization."""
        options = request.source.kustomize or KustomizeOptions()
        added = [*options.components, *(str(p["path"]) for p in options.patches if p.get("path"))]
        for reference in added:
            where = join(path, reference)
            if is_remote(reference) or leaves(where):
                raise RenderFailed(f"source.kustomize: {reference} is outside of the repository")
        return [join(path, reference) for reference in added]


@contextmanager
def _prepared(request: RenderRequest, exported: Path, home: Path, *, helm: bool) -> Iterator[Path]:
    """The tree to build in: the exported one itself, or a mirror of it with another kustomization. Charts
    are pulled into the tree, so that a mirror for them must be a copy.
    """
    options = request.source.kustomize
    edits = options is not None and changes_anything(options)
    if not edits and not helm:
        yield exported
        return
    path = _clean(request)
    name = file_of(path, DiskTree(exported))
    root = home / "tree"
    mirror(exported, root, without=[exported / name] if name and edits else [], copy=helm)
    if edits and options is not None:
        name = name or join(path, "kustomization.yaml")
        documents = DiskTree(exported).documents(name)
        document = documents[0] if documents else {}
        if not isinstance(document, dict):
            raise RenderFailed(f"{name}: found {type(document).__name__}, expected a kustomization")
        made = edited(
            document,
            options,
            environment=request.build_env,
            exists=lambda component: (exported / path / component).exists(),
        )
        (root / name).write_bytes(orjson.dumps(made))
    yield root


def _command(tool: Tool) -> list[str]:
    return [str(tool.path), "build" if tool.name == "kustomize" else "kustomize"]


def _build_options(options: tuple[str, ...]) -> list[str]:
    """kustomize.buildOptions, a flag and its value joined by `=`.

    Raises:
        RenderFailed: one of them would run programs of the repository, or is none that we know.
    """
    made: list[str] = []
    for option in options:
        if made and not option.startswith("-") and "=" not in made[-1]:
            made[-1] = f"{made[-1]}={option}"
            continue
        name = option.partition("=")[0].replace("_", "-")
        if name not in _PLAIN_OPTIONS:
            raise RenderFailed(
                f"kustomize.buildOptions: {option} is not supported; "
                f"supported are {', '.join(sorted(_PLAIN_OPTIONS))}"
            )
        made.append(name + option.removeprefix(option.partition("=")[0]))
    return [option for option in made if not option.startswith("--reorder")]


def _clean(request: RenderRequest) -> str:
    path = join("", request.source.path.strip("/"))
    if leaves(path):
        raise RenderFailed(f"source.path: {request.source.path} is outside of the repository")
    return path
