"""Render an application's sources: content-addressed, so each input is rendered once for all workers.

The key is a digest of everything that goes in: the OIDs of the paths that the renderer reads, the source's
parameters, the renderer and its version, what Helm sees of the cluster, and the build-environment
variables that the source mentions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import orjson

from common import metrics
from common.core.access import RepositoryAccess
from common.core.build_env import build_environment, mentioned
from common.core.errors import CacheMiss, CommitMissing, PathNotFound
from common.core.keys import AppKey, Object, Revision
from common.core.model.record import to_json
from common.core.model.source import ApplicationSource, SourceType
from common.core.source_type import MARKERS, detect
from common.operations.bundle import Ports
from common.ports import ApiCatalog, RenderRef, RenderRequest, RenderSettings

INPUTS = "inputs"
"""Facts by application: what its last render read, and under which key it is kept."""
RENDERS = "render"
"""Blobs: the objects of one application as a JSON list."""


class SourceAt(msgspec.Struct, frozen=True, kw_only=True):
    """One source with the revision that its ref resolved to."""

    source: ApplicationSource
    repo: RepositoryAccess
    revision: Revision
    digest: str
    """Of its repository and ref (`common.core.refs.ref_digest`)."""
    ref_name: str = ""
    """The full name of the ref, where one led to the revision."""


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a render is for."""

    app: AppKey
    namespace: str
    """`spec.destination.namespace`."""
    project: str
    catalog: ApiCatalog
    settings: RenderSettings
    helm_repositories: tuple[RepositoryAccess, ...]


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What the sources make."""

    key: str
    objects: list[Object]
    types: tuple[SourceType, ...]


class _SourceInputs(msgspec.Struct, kw_only=True):
    ref: str
    """The ref's digest."""
    type: str
    oids: dict[str, str | None]
    """By `ref-name/path`; the name is empty for the source's own."""


class Inputs(msgspec.Struct, kw_only=True):
    """The fact kept for an application."""

    parameters: str
    revisions: tuple[str, ...]
    sources: tuple[_SourceInputs, ...]
    key: str


def render(
    ports: Ports, purpose: Purpose, sources: Sequence[SourceAt], *, known: Inputs | None, hard: bool
) -> tuple[Rendered, Inputs]:
    """The objects of all sources, from the cache where their inputs are known.

    Args:
        ports: where to read.
        purpose: whom it is for.
        sources: all of `spec.sources`, `ref`-only ones too.
        known: what was kept of the last render.
        hard: render again, whatever is kept.

    Raises:
        RenderError, GitError, PathNotFound: the source cannot be rendered.
    """
    try:
        return _render(ports, purpose, sources, known=known, hard=hard)
    except CommitMissing:
        # Another machine's worker resolved the ref, or the mirror was damaged and made anew.
        for at in sources:
            if not at.source.chart:
                ports.git.fetch(at.repo, at.revision, ref=at.ref_name or None)
        return _render(ports, purpose, sources, known=known, hard=hard)


def _render(
    ports: Ports, purpose: Purpose, sources: Sequence[SourceAt], *, known: Inputs | None, hard: bool
) -> tuple[Rendered, Inputs]:
    inputs = _inputs(ports, purpose, sources, None if hard else known)
    types = tuple(SourceType(one.type) for one in inputs.sources)
    if not hard:
        try:
            kept = ports.blobs.get(RENDERS, inputs.key)
        except CacheMiss:
            metrics.CACHE.labels(cache="render", outcome="miss").inc()
        else:
            metrics.CACHE.labels(cache="render", outcome="hit").inc()
            return Rendered(key=inputs.key, objects=orjson.loads(kept), types=types), inputs
    objects = [
        obj
        for at, kind in zip(_rendering(sources), types, strict=True)
        for obj in _timed(ports, _request(purpose, at, kind, sources))
    ]
    ports.blobs.put(RENDERS, inputs.key, orjson.dumps(objects))
    return Rendered(key=inputs.key, objects=objects, types=types), inputs


def _timed(ports: Ports, request: RenderRequest) -> list[Object]:
    """One source rendered, and how long it took."""
    begun = ports.clock.now()
    outcome = "error"
    try:
        objects = ports.renderer.render(request)
        outcome = "ok"
    finally:
        seconds = (ports.clock.now() - begun).total_seconds()
        metrics.RENDER_SECONDS.labels(request.source_type, outcome).observe(max(0.0, seconds))
    return objects


def _rendering(sources: Sequence[SourceAt]) -> Iterator[SourceAt]:
    """The sources that make objects; a `ref` without a path only lends its files."""
    for at in sources:
        if not at.source.ref or at.source.path or at.source.chart:
            yield at


def _inputs(ports: Ports, purpose: Purpose, sources: Sequence[SourceAt], known: Inputs | None) -> Inputs:
    parameters = _digest(
        [
            str(purpose.app),
            purpose.namespace,
            purpose.project,
            [to_json(at.source) for at in sources],
            msgspec.to_builtins(purpose.settings),
        ]
    )
    revisions = tuple(str(at.revision) for at in sources)
    if known is not None and known.parameters == parameters:
        if known.revisions == revisions:
            made = known.sources
        else:
            made = tuple(_same_paths(ports, at, old, sources) for at, old in _paired(sources, known))
    else:
        known, made = None, ()
    if known is None or not made or [m.oids for m in made] != [k.oids for k in known.sources]:
        made = tuple(_look(ports, purpose, at, sources) for at in _rendering(sources))
    key = _key(ports, purpose, sources, made, parameters)
    return Inputs(parameters=parameters, revisions=revisions, sources=made, key=key)


def _paired(sources: Sequence[SourceAt], known: Inputs) -> list[tuple[SourceAt, _SourceInputs]]:
    rendering = list(_rendering(sources))
    return list(zip(rendering, known.sources, strict=True)) if len(rendering) == len(known.sources) else []


def _same_paths(ports: Ports, at: SourceAt, old: _SourceInputs, sources: Sequence[SourceAt]) -> _SourceInputs:
    """The OIDs, at this revision, of the paths that mattered at the last one.

    Unchanged files name the same other files, so when all are equal there is nothing else to look at.
    """
    return _SourceInputs(ref=at.digest, type=old.type, oids=_oids(ports, at, list(old.oids), sources))


def _look(ports: Ports, purpose: Purpose, at: SourceAt, sources: Sequence[SourceAt]) -> _SourceInputs:
    kind = _type_of(ports, at)
    if at.source.chart:
        return _SourceInputs(ref=at.digest, type=kind, oids={f"/{at.source.chart}": str(at.revision)})
    found = ports.renderer.inputs(_request(purpose, at, kind, sources))
    named = [f"{one.ref}/{one.path}" for one in found]
    return _SourceInputs(ref=at.digest, type=kind, oids=_oids(ports, at, named, sources))


def _oids(
    ports: Ports, at: SourceAt, named: Sequence[str], sources: Sequence[SourceAt]
) -> dict[str, str | None]:
    if at.source.chart:
        return {f"/{at.source.chart}": str(at.revision)}
    by_ref: dict[str, list[str]] = {}
    for name in named:
        ref, _, path = name.partition("/")
        by_ref.setdefault(ref, []).append(path)
    places = {"": at, **{other.source.ref: other for other in sources if other.source.ref}}
    out: dict[str, str | None] = {}
    for ref, paths in by_ref.items():
        where = places[ref]
        for path, oid in ports.git.tree_oids(where.repo, where.revision, paths).items():
            out[f"{ref}/{path}"] = oid
    return {name: out.get(name) for name in named}


def _type_of(ports: Ports, at: SourceAt) -> SourceType:
    """What kind of source it is; one walk over the marker files where the spec does not say."""
    if at.source.chart or at.source.explicit_types:
        return detect(at.source, frozenset())
    base = at.source.path.strip("/")
    base = "" if base == "." else base
    paths = {name: f"{base}/{name}" if base else name for name in MARKERS}
    found = ports.git.tree_oids(at.repo, at.revision, [base, *paths.values()])
    if found[base] is None:
        raise PathNotFound(f"{at.repo.url}: {at.source.path}: no such path at revision {at.revision}")
    return detect(at.source, frozenset(name for name, path in paths.items() if found[path] is not None))


def _key(
    ports: Ports,
    purpose: Purpose,
    sources: Sequence[SourceAt],
    made: Sequence[_SourceInputs],
    parameters: str,
) -> str:
    parts: list[Any] = [parameters]
    for at, one in zip(_rendering(sources), made, strict=True):
        parts.append([one.type, ports.renderer.identity(one.type), one.oids])
        environment = _environment(purpose, at)
        texts = _texts(to_json(at.source))
        parts.append({name: environment.get(name, "") for name in sorted(mentioned(texts))})
        if one.type == SourceType.HELM:
            parts.append([purpose.catalog.version, _api_versions(purpose.catalog)])
        elif one.type == SourceType.PLUGIN:
            parts.append(environment)
    return _digest(parts)


def _texts(value: Any) -> Iterator[str]:
    """Every text anywhere in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _environment(purpose: Purpose, at: SourceAt) -> dict[str, str]:
    return build_environment(
        app_name=purpose.app.name,
        namespace=purpose.namespace,
        project=purpose.project,
        revision=at.revision,
        repo_url=at.source.repo_url,
        path=at.source.path,
        target_revision=at.source.target_revision,
        kube_version=purpose.catalog.version.removeprefix("v"),
        api_versions=_api_versions(purpose.catalog),
    )


_API_VERSIONS: dict[str, tuple[str, ...]] = {}
_API_VERSIONS_LIMIT = 64


def _api_versions(catalog: ApiCatalog) -> tuple[str, ...]:
    """What Helm's `.Capabilities.APIVersions` has: group versions, and each with its kinds."""
    kept = _API_VERSIONS.get(catalog.digest)
    if kept is None:
        versions = {one.gvk.api_version for one in catalog.resources}
        kinds = {f"{one.gvk.api_version}/{one.gvk.kind}" for one in catalog.resources}
        while len(_API_VERSIONS) >= _API_VERSIONS_LIMIT:
            _API_VERSIONS.pop(next(iter(_API_VERSIONS)), None)
        kept = _API_VERSIONS[catalog.digest] = tuple(sorted(versions | kinds))
    return kept


def _request(purpose: Purpose, at: SourceAt, kind: SourceType, sources: Sequence[SourceAt]) -> RenderRequest:
    return RenderRequest(
        app_name=purpose.app.name,
        namespace=purpose.namespace,
        project=purpose.project,
        source=at.source,
        source_type=kind,
        repo=at.repo,
        revision=at.revision,
        refs={
            other.source.ref: RenderRef(repo=other.repo, revision=other.revision)
            for other in sources
            if other.source.ref
        },
        helm_repositories=purpose.helm_repositories,
        kube_version=purpose.catalog.version.removeprefix("v"),
        api_versions=_api_versions(purpose.catalog) if kind is SourceType.HELM else (),
        build_env=_environment(purpose, at),
        settings=purpose.settings,
    )


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:40]
