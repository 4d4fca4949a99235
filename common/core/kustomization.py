"""What a kustomization refers to: the files and directories that `kustomize build` would read.

It is walked before anything runs, for two reasons: what it reads decides when it must be rendered again, and
what leaves the repository, or the machine, is refused by name.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import msgspec

from common.core.errors import RenderFailed

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""In the order in which kustomize recognises them; two of them in one directory are an error there."""

_DEPTH_LIMIT = 50
_COUNT_LIMIT = 2000

_ENTRIES = ("resources", "bases", "components", "generators", "transformers", "validators")
"""Lists of files, directories or inline YAML."""

_FILES = ("crds", "configurations", "patchesStrategicMerge")
_PATHS = ("patches", "patchesJson6902", "replacements")
_GENERATORS = ("configMapGenerator", "secretGenerator")
_PLUGINS = ("generators", "transformers", "validators")
_PLUGIN_KEYS = frozenset(
    {"path", "paths", "files", "env", "envs", "valuesFile", "chartHome", "additionalValuesFiles"}
)
_REMOTE = re.compile(
    r"^(?:[A-Za-z][A-Za-z0-9+.-]*::|[^/]*://|[^/@]+@[^/:]+:|(?:www\.)?(?:github|gitlab|bitbucket)\.)"
)


class Tree(Protocol):
    """The repository as the walk sees it. Paths are relative to its root, normalised, `""` for the root."""

    def is_directory(self, path: str) -> bool:
        """Whether the path is a directory."""
        ...

    def exists(self, path: str) -> bool:
        """Whether there is anything at the path."""
        ...

    def documents(self, path: str) -> list[Any]:
        """The YAML documents of a file. Raises InvalidManifest."""
        ...


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """What a build reads."""

    directories: tuple[str, ...]
    """The kustomizations, each with all that is below it; sorted."""
    files: tuple[str, ...]
    """Files elsewhere, and paths that do not exist; sorted."""


def walk(path: str, tree: Tree) -> Walk:
    """Follow a kustomization's references.

    Raises:
        RenderFailed: one leaves the repository or the machine, or there are too many of them.
        InvalidManifest: a kustomization is not valid YAML.
    """
    directories: set[str] = set()
    files: set[str] = set()
    waiting = [(path, 0)]
    while waiting:
        directory, depth = waiting.pop()
        if directory in directories:
            continue
        directories.add(directory)
        if depth > _DEPTH_LIMIT or len(directories) + len(files) > _COUNT_LIMIT:
            raise RenderFailed(
                f"kustomization {path or '.'}: it refers to too much (over {_COUNT_LIMIT} paths)"
            )
        for where in _local(directory, tree):
            if tree.is_directory(where):
                waiting.append((where, depth + 1))
            else:
                files.add(where)
    return Walk(
        directories=tuple(sorted(directories)),
        files=tuple(sorted(f for f in files if not any(_below(f, d) for d in directories))),
    )


def file_of(directory: str, tree: Tree) -> str | None:
    """The path of a directory's kustomization file."""
    for name in FILE_NAMES:
        if tree.exists(where := join(directory, name)):
            return where
    return None


def join(directory: str, reference: str) -> str:
    """A reference's path from the root, normalised; `leaves` tells one that is not below it."""
    joined = posixpath.normpath(posixpath.join(directory, reference))
    return "" if joined == "." else joined


def leaves(path: str) -> bool:
    """Whether a path made by `join` is outside of the tree."""
    return path == ".." or path.startswith(("/", "../"))


def is_remote(reference: str) -> bool:
    """Whether kustomize would take it for an address: a URL, or a Git repository in any of its forms."""
    return bool(_REMOTE.match(reference)) or "?ref=" in reference or "?version=" in reference


def references(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each (field, reference) of one kustomization; inline YAML is none."""
    for field in (*_ENTRIES, *_FILES):
        for entry in _list(document.get(field)):
            if isinstance(entry, str) and "\n" not in entry:
                yield field, entry
    for field in _PATHS:
        for entry in _list(document.get(field)):
            if isinstance(entry, Mapping) and isinstance(entry.get("path"), str):
                yield field, entry["path"]
    for field in _GENERATORS:
        for entry in _list(document.get(field)):
            if isinstance(entry, Mapping):
                yield from ((field, source) for source in _generator_sources(entry))
    yield from _single(document)


def plugin_references(document: Any) -> Iterator[str]:
    """What a generator's or transformer's own configuration refers to, wherever in it."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            if key in _PLUGIN_KEYS:
                yield from (_source(v) for v in _list(value) if isinstance(v, str))
            yield from plugin_references(value)
    elif isinstance(document, list):
        for item in document:
            yield from plugin_references(item)


def _local(directory: str, tree: Tree) -> Iterator[str]:
    """The normalised paths that the kustomization of a directory refers to."""
    name = file_of(directory, tree)
    if name is None:
        return
    for document in tree.documents(name):
        if not isinstance(document, Mapping):
            continue
        for field, reference in references(document):
            where = _checked(name, field, reference, directory, tree)
            yield where
            if field in _PLUGINS and tree.exists(where) and not tree.is_directory(where):
                for plugin in tree.documents(where):
                    for inner in plugin_references(plugin):
                        yield _checked(where, field, inner, directory, tree)
        for field in _PLUGINS:
            for entry in _list(document.get(field)):
                if isinstance(entry, str) and "\n" in entry:
                    _refuse_hidden_address(name, field, entry)


def _checked(name: str, field: str, reference: str, directory: str, tree: Tree) -> str:
    where = join(directory, reference)
    outside = leaves(where)
    if is_remote(reference) and (outside or not tree.exists(where)):
        raise RenderFailed(
            f"{name}: {field}: {reference} is remote; a build reads only its own repository: "
            "vendor it there, or make it a source of its own"
        )
    if outside:
        raise RenderFailed(f"{name}: {field}: {reference} is outside of the repository")
    return where


def _refuse_hidden_address(name: str, field: str, inline: str) -> None:
    if "://" in inline or re.search(r":\s*[\"']?(?:/|(?:\.\./)+)", inline):
        raise RenderFailed(f"{name}: {field}: an inline configuration names an address or a path outside")


def _generator_sources(entry: Mapping[str, Any]) -> Iterator[str]:
    for key in ("files", "envs"):
        yield from (_source(v) for v in _list(entry.get(key)) if isinstance(v, str))
    if isinstance(entry.get("env"), str):
        yield entry["env"]


def _source(text: str) -> str:
    """`key=path`, or just a path."""
    return text.partition("=")[2] if "=" in text else text


def _single(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    openapi = document.get("openapi")
    if isinstance(openapi, Mapping) and isinstance(openapi.get("path"), str):
        yield "openapi", openapi["path"]
    charts = _list(document.get("helmCharts")) + _list(document.get("helmChartInflationGenerator"))
    for chart in charts:
        if isinstance(chart, Mapping):
            names = [chart.get("valuesFile"), chart.get("values"), *_list(chart.get("additionalValuesFiles"))]
            yield from (("helmCharts", name) for name in names if isinstance(name, str) and name)
    home = (document.get("helmGlobals") or {}).get("chartHome") if charts else None
    if charts:
        yield "helmGlobals", home if isinstance(home, str) and home else "charts"


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _below(path: str, directory: str) -> bool:
    return directory == "" or path == directory or path.startswith(f"{directory}/")
