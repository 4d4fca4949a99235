"""`helm template` for charts in Git and charts of repositories, with Argo CD's options."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import orjson

from common.adapters.renderers import charts
from common.adapters.renderers.chart_repositories import ChartRepositories
from common.adapters.renderers.process import Run, read_limits, run
from common.adapters.renderers.trees import GitTree
from common.adapters.renderers.workspace import inside, refuse_escaping_links, scratch
from common.adapters.tools import Tools
from common.core.build_env import substitute
from common.core.errors import PathNotFound, RenderFailed
from common.core.helm_arguments import is_glob, scheme_of, split_ref, template_arguments
from common.core.keys import Object
from common.core.kustomization import join, leaves
from common.core.model.source import HelmOptions
from common.core.yaml_documents import read_objects
from common.ports import GitReader, RenderInput, RenderRequest


class _ValueFile(msgspec.Struct, frozen=True, kw_only=True):
    """A value file as the Application names it: an address, or a path in one of its repositories."""

    named: str
    address: str = ""
    ref: str = ""
    path: str = ""


class HelmRenderer:
    """Charts made into objects."""

    def __init__(self, git: GitReader, tools: Tools, repositories: ChartRepositories) -> None:
        self._git, self._tools, self._repositories = git, tools, repositories

    def identity(self) -> str:
        """The tool and its version."""
        return f"helm-{self._tools.find('helm').version}"

    def inputs(self, request: RenderRequest) -> tuple[RenderInput, ...]:
        """The chart, the value files, and the charts beside it that it depends on."""
        found = {RenderInput(ref=f.ref, path=_static(f.path)) for f in _files(request) if not f.address}
        if request.source.chart:
            found = {item for item in found if item.ref} | {RenderInput(path="")}
            return tuple(sorted(found))
        tree = GitTree(self._git, request.repo, request.revision)
        path = _clean(request.source.path)
        if not tree.is_directory(path):
            raise PathNotFound(f"{request.source.path or '.'}: no such directory at {request.revision[:10]}")
        found |= {RenderInput(path=p) for p in _chart_paths(tree, path)}
        return tuple(sorted(found))

    def render(self, request: RenderRequest) -> list[Object]:
        """The chart's objects, hooks and custom resource definitions among them."""
        helm = self._tools.find("helm")
        with scratch() as home, self._laid_out(request, home) as (root, chart, others):
            refuse_escaping_links(root, chart)
            complete = charts.with_dependencies(helm.path, root, chart, home, request)
            arguments = self._arguments(request, root, others, home)
            output = run(
                Run(
                    command=[str(helm.path), "template", *arguments, "--", _release(request), "."],
                    cwd=complete,
                    home=home,
                    limits=request.settings.limits,
                    network=any(f.address for f in _files(request)),
                    secrets=charts.secrets_of(request),
                    hide={str(home / "tree"): "", str(root): "", str(home): "<scratch>"},
                )
            )
        return read_objects(output, "helm template", read_limits(request))

    @contextlib.contextmanager
    def _laid_out(
        self, request: RenderRequest, home: Path
    ) -> Iterator[tuple[Path, Path, Mapping[str, Path]]]:
        """The root that paths are relative to, the chart in it, and the roots of the other sources."""
        inputs = self.inputs(request)
        with contextlib.ExitStack() as stack:
            others = {}
            for ref in sorted({i.ref for i in inputs} - {""}):
                other = request.refs[ref]
                paths = GitTree(self._git, other.repo, other.revision).existing(
                    i.path for i in inputs if i.ref == ref
                )
                others[ref] = (
                    stack.enter_context(self._git.export(other.repo, other.revision, paths))
                    if paths
                    else home
                )
            if request.source.chart:
                chart = self._repositories.chart(
                    request.repo, request.source.chart, request.revision, request
                )
                yield chart, chart, others
                return
            tree = GitTree(self._git, request.repo, request.revision)
            paths = tree.existing(i.path for i in inputs if not i.ref)
            root = stack.enter_context(self._git.export(request.repo, request.revision, paths))
            yield root, inside(root, _clean(request.source.path), what="source.path"), others

    def _arguments(
        self, request: RenderRequest, root: Path, others: Mapping[str, Path], home: Path
    ) -> list[str]:
        options = request.source.helm or HelmOptions()
        places = [p for f in _value_files(request) for p in _places(f, root, others, options, request)]
        if inline := _inline_values(options):
            place = home / "inline-values.yaml"
            place.write_bytes(inline)
            places.append(str(place))
        parameter_files = {}
        for parameter in options.file_parameters:
            named = _located(parameter.path, request)
            (found,) = _places(named, root, others, HelmOptions(), request)
            parameter_files[parameter.name] = found
        return template_arguments(
            options,
            namespace=request.namespace,
            kube_version=request.kube_version,
            api_versions=request.api_versions,
            environment=request.build_env,
            value_files=places,
            parameter_files=parameter_files,
        )


def _release(request: RenderRequest) -> str:
    return (request.source.helm.release_name if request.source.helm else "") or request.app_name


def _value_files(request: RenderRequest) -> list[_ValueFile]:
    options = request.source.helm or HelmOptions()
    return [_located(name, request) for name in options.value_files]


def _files(request: RenderRequest) -> list[_ValueFile]:
    """Every file that the options name."""
    options = request.source.helm or HelmOptions()
    return _value_files(request) + [_located(p.path, request) for p in options.file_parameters]


def _located(name: str, request: RenderRequest) -> _ValueFile:
    ref, path = split_ref(name)
    if ref and ref in request.refs:
        return _ValueFile(
            named=name,
            ref=ref,
            path=_checked(name, join("", substitute(path, request.build_env).lstrip("/"))),
        )
    text = substitute(name, request.build_env)
    if scheme := scheme_of(text):
        if scheme not in request.settings.helm_value_schemes:
            raise RenderFailed(f"helm.valueFiles: {name}: helm.valuesFileSchemes does not allow {scheme}")
        return _ValueFile(named=name, address=text)
    if ref and not text.strip("/"):
        raise RenderFailed(f"helm.valueFiles: {name}: no source has ref: {ref}")
    base = "" if request.source.chart or text.startswith("/") else _clean(request.source.path)
    return _ValueFile(named=name, path=_checked(name, join(base, text.lstrip("/"))))


def _checked(name: str, path: str) -> str:
    if leaves(path):
        raise RenderFailed(f"helm.valueFiles: {name} is outside of the repository")
    return path


def _places(
    file: _ValueFile, root: Path, others: Mapping[str, Path], options: HelmOptions, request: RenderRequest
) -> list[str]:
    """Where a value file is on disk: one place, several for a pattern, none for one that may be missing."""
    if file.address:
        return [file.address]
    base = others[file.ref] if file.ref else root
    place = inside(base, file.path, what="helm.valueFiles")
    if place.is_file():
        return [str(place)]
    matches = _matches(base, file.path) if is_glob(file.path) else []
    if matches:
        return [str(inside(base, match, what="helm.valueFiles")) for match in matches]
    if options.ignore_missing_value_files:
        return []
    where = request.refs[file.ref].revision if file.ref else request.revision
    raise RenderFailed(f"helm.valueFiles: {file.named}: no such file at {where[:10]}")


def _matches(base: Path, pattern: str) -> list[str]:
    """Paths that match, sorted; `**` crosses directories and `*` does not."""
    from wcmatch import glob  # noqa: PLC0415  # rarely needed

    found = glob.glob(pattern, root_dir=base, flags=glob.GLOBSTAR | glob.BRACE | glob.NODIR)
    return sorted(found)


def _static(pattern: str) -> str:
    """The directory above a pattern, which decides what it matches; a plain path itself."""
    while is_glob(pattern):
        pattern = posixpath.dirname(pattern)
    return pattern


def _inline_values(options: HelmOptions) -> bytes:
    if options.values_object is not None:
        return orjson.dumps(options.values_object)
    return options.values.encode() if options.values else b""


def _chart_paths(tree: GitTree, path: str) -> set[str]:
    """The chart's directory and those of charts that it takes from beside it; everything where links lead
    out of them.
    """
    found: set[str] = set()
    waiting = [path]
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found.add(here)
        if tree.has_links_out(here):
            return {""}
        for name in ("Chart.yaml", "requirements.yaml"):
            waiting += charts.sibling_charts(tree.documents(join(here, name)), here)
    return found


def _clean(path: str) -> str:
    clean = join("", path.strip("/"))
    if leaves(clean):
        raise RenderFailed(f"source.path: {path} is outside of the repository")
    return clean
