"""What an application should be now, and how live differs from it: asked by people, changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from common.core.compare.fold import folded
from common.core.compare.masking import masked
from common.core.compare.structural import Drift
from common.core.desired import DesiredObject
from common.core.errors import ClusterError, InvalidInput
from common.core.keys import ClusterId, Object, ObjectKey, Revision, key_of
from common.core.model.application import Application
from common.core.model.source import ApplicationSource
from common.core.redact import digest_secret, is_secret
from common.core.statuses import SyncStatus
from common.operations.bundle import Ports
from common.operations.desired_state import DesiredState, desired_state, resolve_sources
from common.operations.fleet import Fleet
from common.operations.look import Look, kept_stamps, look
from common.operations.place import Place
from common.operations.turn import Turn
from common.ports import Cluster, CommitMetadata, Kind


class Manifests(msgspec.Struct, frozen=True, kw_only=True):
    """What should be."""

    objects: tuple[Object, ...]
    """Hooks too; Secrets' values are hidden."""
    revisions: tuple[Revision, ...]
    source_types: tuple[str, ...]
    cluster: ClusterId
    namespace: str


class ManagedObject(msgspec.Struct, frozen=True, kw_only=True):
    """One object, desired beside live. Secrets' values are hidden, so that equal ones look equal."""

    key: ObjectKey
    status: SyncStatus
    desired: Object | None
    """None for an object that is no longer desired."""
    live: Object | None
    predicted: Object | None
    """What live would become; None where the server was not asked or refused."""
    drift: Drift
    reason: str
    hook: bool = False


def manifests(ports: Ports, fleet: Fleet, app: Application, *, revision: str = "") -> Manifests:
    """Render an application, at another revision where one is given.

    Raises:
        InvalidInput: its spec, project or destination is not valid.
        GitError, RenderError: it cannot be rendered.
        ClusterError: the cluster does not say what it serves.
    """
    turn, place, cluster = _turn(ports, fleet, app)
    state = _state(turn, place, cluster, revision)
    objects = [*(one.object for one in state.desired.objects), *state.desired.hooks]
    shown = [masked(obj, None, annotations=_annotations(fleet))[0] for obj in objects]
    return Manifests(
        objects=tuple(obj for obj in shown if obj is not None),
        revisions=state.revisions,
        source_types=tuple(str(kind) for kind in state.types),
        cluster=place.access.id,
        namespace=app.spec.destination.namespace,
    )


def managed(ports: Ports, fleet: Fleet, app: Application, *, revision: str = "") -> tuple[ManagedObject, ...]:
    """Every object of an application, compared; orphans, and hooks without a live form, at the end.

    Raises:
        InvalidInput, GitError, RenderError: as `manifests`.
        ClusterError: the cluster could not answer what it had to be asked.
    """
    turn, place, cluster = _turn(ports, fleet, app)
    state = _state(turn, place, cluster, revision)
    seen = look(turn, cluster, state.desired, stamps=kept_stamps(turn))
    found = [_compared(turn, cluster, seen, one) for one in state.desired.objects]
    found += [_orphan(turn, seen, key) for key in sorted(seen.orphans)]
    return (*found, *(_hook(turn, hook) for hook in state.desired.hooks))


def commit_metadata(ports: Ports, fleet: Fleet, app: Application, revision: str) -> CommitMetadata:
    """What a commit of an application's (first) Git source says of itself.

    Raises:
        InvalidInput: it has no Git source.
        GitError: the commit cannot be had.
    """
    source = next((one for one in app.spec.effective_sources if not one.chart), None)
    if source is None:
        raise InvalidInput(
            f"Application {app.key}", "spec.source", found="a chart", expected="a source in a Git repository"
        )
    repo = fleet.repository(source.repo_url, app.spec.project_name)
    ports.git.fetch(repo, Revision(revision))
    return ports.git.commit(repo, Revision(revision))


def _turn(ports: Ports, fleet: Fleet, app: Application) -> tuple[Turn, Place, Cluster]:
    turn = Turn(ports=ports, fleet=fleet, app=app, now=ports.clock.now(), kinds=Kind(0))
    place = fleet.place(app)
    return turn, place, turn.connect(place)


def _state(turn: Turn, place: Place, cluster: Cluster, revision: str) -> DesiredState:
    sources: Sequence[ApplicationSource] = turn.app.spec.effective_sources
    if revision:
        first = msgspec.structs.replace(sources[0], target_revision=revision)
        sources = (first, *sources[1:])
    resolved, facts = resolve_sources(turn, sources, ask_again=False)
    return desired_state(turn, place, cluster, resolved, facts, hard=False, remember=False)


def _annotations(fleet: Fleet) -> tuple[str, ...]:
    return fleet.settings.masked_annotations


def _compared(turn: Turn, cluster: Cluster, seen: Look, one: DesiredObject) -> ManagedObject:
    comparison = seen.comparison.objects[one.key]
    live = seen.view.objects.get(one.key)
    predicted = None
    if comparison.status is SyncStatus.OUT_OF_SYNC and not one.refusal and not is_secret(one.object):
        predicted = _predicted(cluster, seen, one, live)
    shown_desired, shown_live = _masked(turn, one.object, live)
    return ManagedObject(
        key=one.key,
        status=comparison.status,
        desired=shown_desired,
        live=shown_live,
        predicted=masked(predicted, None, annotations=_annotations(turn.fleet))[0],
        drift=comparison.drift,
        reason=comparison.reason,
    )


def _predicted(cluster: Cluster, seen: Look, one: DesiredObject, live: Object | None) -> Object | None:
    try:
        return cluster.apply(seen.judge.to_apply(one.object, live), dry_run=True)
    except (ClusterError, InvalidInput):
        return None  # the reason of the comparison says why it is refused, where it is


def _orphan(turn: Turn, seen: Look, key: ObjectKey) -> ManagedObject:
    _, live = _masked(turn, None, seen.view.objects[key])
    return ManagedObject(
        key=key,
        status=SyncStatus.OUT_OF_SYNC,
        desired=None,
        live=live,
        predicted=None,
        drift=Drift(),
        reason="requires pruning",
    )


def _hook(turn: Turn, hook: Object) -> ManagedObject:
    return ManagedObject(
        key=key_of(hook),
        status=SyncStatus.SYNCED,
        desired=_masked(turn, hook, None)[0],
        live=None,
        predicted=None,
        drift=Drift(),
        reason="",
        hook=True,
    )


def _masked(turn: Turn, desired: Object | None, live: Object | None) -> tuple[Object | None, Object | None]:
    """Digested first: the snapshot has digests only, and what is equal must look equal."""
    key = turn.ports.secrets_key
    sides = [None if obj is None else digest_secret(folded(obj), key) for obj in (desired, live)]
    return masked(sides[0], sides[1], annotations=_annotations(turn.fleet))
