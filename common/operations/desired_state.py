"""From an application's sources to its desired set: refs resolved, inputs looked up, rendered, tracked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from common.core.convert import convert
from common.core.desired import DesiredRules, DesiredSet, Scope, desire
from common.core.errors import (
    GitError,
    RefNotFound,
    RepositoryAuthFailed,
    RepositoryNotFound,
    RepositoryUnreachable,
)
from common.core.follows import followed
from common.core.keys import ClusterId, GroupVersionKind, Revision
from common.core.model.source import ApplicationSource, SourceType
from common.operations.follow import RefFact, ask, ref_fact
from common.operations.place import Place
from common.operations.render import INPUTS, Inputs, Purpose, SourceAt, render
from common.operations.turn import Turn
from common.ports import ApiCatalog, Cluster

CATALOG_REFRESH_SECONDS = 10.0
"""How often a cluster is asked for its kinds again because one is missing."""

_ERRORS: dict[str, type[GitError]] = {
    kind.__name__: kind
    for kind in (RefNotFound, RepositoryAuthFailed, RepositoryNotFound, RepositoryUnreachable)
}


class DesiredState(msgspec.Struct, frozen=True, kw_only=True):
    """What should be, and of which revisions."""

    desired: DesiredSet
    revisions: tuple[Revision, ...]
    types: tuple[SourceType, ...]
    facts: tuple[RefFact | None, ...]
    """What is known of each source's ref; None for a fixed commit."""


def resolve_sources(
    turn: Turn, sources: Sequence[ApplicationSource], *, ask_again: bool
) -> tuple[list[SourceAt], list[RefFact | None]]:
    """Each source with the revision that its ref points to.

    Raises:
        GitError: a ref cannot be resolved and never was, or a refusal; or the repository has been away for
            longer than the grace period.
    """
    resolved, facts = [], []
    project = turn.app.spec.project_name
    for source in sources:
        what = followed(source)
        repo = turn.fleet.repository(source.repo_url, project)
        fact = None
        revision = what.ref
        if what.fixed:
            turn.ports.git.fetch(repo, Revision(revision))
        else:
            fact = None if ask_again else ref_fact(turn.ports, what.digest)
            if fact is None:
                fact = ask(turn.ports, repo, what, project)
            _require(turn, fact)
            revision = fact.revision
        resolved.append(
            SourceAt(
                source=source,
                repo=repo,
                revision=Revision(revision),
                digest=what.digest,
                ref_name=fact.name if fact else "",
            )
        )
        facts.append(fact)
    return resolved, facts


def _require(turn: Turn, fact: RefFact) -> None:
    """A repository that does not answer is forgiven for the grace period; a refusal is not."""
    if not fact.error:
        return
    kind = _ERRORS.get(fact.error_type, GitError)
    grace = timedelta(seconds=turn.fleet.settings.repo_error_grace_seconds)
    since = fact.failing_since or turn.now
    if fact.revision and kind is RepositoryUnreachable and turn.now - since < grace:
        return
    raise kind(fact.error)


def desired_state(
    turn: Turn,
    place: Place,
    cluster: Cluster,
    sources: Sequence[SourceAt],
    facts: Sequence[RefFact | None],
    *,
    hard: bool,
    remember: bool = True,
) -> DesiredState:
    """Render and desire. With `remember` the inputs are kept for the next look.

    Raises:
        GitError, RenderError: it cannot be rendered.
        ClusterError: the cluster does not say what it serves.
    """
    catalog = cluster.catalog()
    purpose = Purpose(
        app=turn.app.key,
        namespace=turn.app.spec.destination.namespace,
        project=turn.app.spec.project_name,
        catalog=catalog,
        settings=turn.fleet.render_settings,
        helm_repositories=turn.fleet.helm_repositories,
    )
    (known,) = turn.ports.facts.get(INPUTS, [str(turn.app.key)])
    before = None if known is None else convert(known, Inputs)
    rendered, inputs = render(turn.ports, purpose, sources, known=before, hard=hard)
    if remember and inputs != before:
        turn.ports.facts.put(INPUTS, {str(turn.app.key): msgspec.to_builtins(inputs)})
    desired = desire(rendered.objects, _rules(turn, place, catalog))
    if any(one.scope is Scope.NOT_SERVED for one in desired.objects) and _may_refresh(cluster, turn.now):
        catalog = cluster.catalog(refresh=True)
        desired = desire(rendered.objects, _rules(turn, place, catalog))
    return DesiredState(
        desired=desired,
        revisions=tuple(at.revision for at in sources),
        types=rendered.types,
        facts=tuple(facts),
    )


def _rules(turn: Turn, place: Place, catalog: ApiCatalog) -> DesiredRules:
    scopes = scopes_of(catalog)
    return DesiredRules(
        instance=turn.owner,
        namespace=turn.app.spec.destination.namespace,
        scope=lambda gvk: scopes.get(gvk, Scope.NOT_SERVED),
        excluded=lambda kind: turn.fleet.excluded(kind, place.access.id),
        permit=lambda kind, namespace, name, scope: turn.fleet.refusal(place, kind, namespace, name, scope),
        tracking=turn.fleet.tracking,
    )


_SCOPES: dict[str, Mapping[GroupVersionKind, Scope]] = {}
_SCOPES_LIMIT = 64
_REFRESHED: dict[ClusterId, datetime] = {}


def scopes_of(catalog: ApiCatalog) -> Mapping[GroupVersionKind, Scope]:
    """Where each served kind lives, made once for a catalog."""
    kept = _SCOPES.get(catalog.digest)
    if kept is None:
        while len(_SCOPES) >= _SCOPES_LIMIT:
            _SCOPES.pop(next(iter(_SCOPES)), None)
        kept = _SCOPES[catalog.digest] = {
            one.gvk: Scope.NAMESPACED if one.namespaced else Scope.CLUSTER for one in catalog.resources
        }
    return kept


def _may_refresh(cluster: Cluster, now: datetime) -> bool:
    last = _REFRESHED.get(cluster.access.id)
    if last is not None and now - last < timedelta(seconds=CATALOG_REFRESH_SECONDS):
        return False
    _REFRESHED[cluster.access.id] = now
    return True
