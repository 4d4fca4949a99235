"""One application's page as its templates show it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from common.core.compare.diff import unified_diff
from common.core.health import Health
from common.core.keys import ObjectKey
from common.core.model.application import Application
from common.core.model.operation import OperationState
from common.core.model.status import RevisionHistory
from common.core.resource_tree import TreeNode
from common.core.timestamps import rfc3339
from common.operations.inspect import ManagedObject
from common.operations.tree import Tree
from server.web.list_view import app_path
from server.web.values import Badge, age, badge, repository, short


class Fact(msgspec.Struct, frozen=True):
    """A name with its value."""

    name: str
    value: str
    title: str = ""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Something that people should know."""

    type: str
    message: str
    age: str
    tone: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation did with one object."""

    kind: str
    name: str
    status: Badge
    phase: str
    message: str


class OperationView(msgspec.Struct, frozen=True, kw_only=True):
    """The last operation."""

    phase: Badge
    running: bool
    message: str
    revision: str
    started: str
    took: str
    by: str
    options: str
    results: tuple[Result, ...]


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the history."""

    id: int
    revision: str
    full: str
    target: str
    age: str
    at: str
    by: str
    current: bool


class AppView(msgspec.Struct, frozen=True, kw_only=True):
    """The page without what is fetched on demand."""

    name: str
    key: str
    path: str
    sync: Badge
    health: Badge
    health_message: str
    out_of_sync: bool
    deleting: bool
    automated: str
    facts: tuple[Fact, ...]
    links: tuple[str, ...]
    conditions: tuple[Condition, ...]
    operation: OperationView | None
    history: tuple[Deployment, ...]
    can_roll_back: bool
    why_not: str


def app_view(app: Application, *, clusters: Mapping[str, str], now: datetime) -> AppView:
    """The page of an application; `clusters` gives names by server."""
    status = app.status
    policy = app.spec.policy
    health = status.health
    return AppView(
        name=app.name,
        key=str(app.key),
        path=app_path(app.key.namespace, app.key.name),
        sync=badge(status.sync_status),
        health=badge(health.status if health else ""),
        health_message=health.message if health else "",
        out_of_sync=status.sync_status == "OutOfSync",
        deleting=app.deleting,
        automated=_automated(app),
        facts=tuple(_facts(app, clusters, now)),
        links=status.summary.external_urls if status.summary else (),
        conditions=tuple(
            Condition(
                type=one.type,
                message=one.message,
                age=age(rfc3339(one.last_transition_time), now) if one.last_transition_time else "",
                tone="bad" if one.type.endswith("Error") else "warn",
            )
            for one in status.conditions
        ),
        operation=_operation(status.operation_state, now) if status.operation_state else None,
        history=_history(status.history, now),
        can_roll_back=not policy.is_automated and not app.deleting,
        why_not="Automated sync is on: turn it off to roll back" if policy.is_automated else "",
    )


def _automated(app: Application) -> str:
    policy = app.spec.policy
    if not policy.is_automated or policy.automated is None:
        return "Manual"
    extras = [
        word
        for word, on in (("prune", policy.automated.prune), ("self-heal", policy.automated.self_heal))
        if on
    ]
    return "Automated" + (f" ({', '.join(extras)})" if extras else "")


def _facts(app: Application, clusters: Mapping[str, str], now: datetime) -> list[Fact]:
    spec, status = app.spec, app.status
    facts = [Fact("Project", spec.project_name)]
    for source in spec.effective_sources:
        where = source.chart or source.path
        facts.append(Fact("Source", f"{repository(source.repo_url)} · {where}", source.repo_url))
        facts.append(Fact("Target", source.revision_or_head))
    sync = status.sync
    if sync is not None:
        revisions = sync.revisions or (sync.revision,)
        facts += [Fact("Revision", short(one) or "none", one) for one in revisions]
    destination = spec.destination
    cluster = destination.name or clusters.get(destination.server, destination.server)
    facts.append(Fact("Destination", f"{cluster} / {destination.namespace or '(none)'}", destination.server))
    facts.append(Fact("Sync policy", _automated(app)))
    if status.reconciled_at:
        at = rfc3339(status.reconciled_at)
        facts.append(Fact("Compared", age(at, now), at))
    images = status.summary.images if status.summary else ()
    facts += [Fact("Image", image) for image in images[:6]]
    if len(images) > 6:
        facts.append(Fact("Images", f"{len(images) - 6} more", "\n".join(images[6:])))
    return facts


def _operation(state: OperationState, now: datetime) -> OperationView:
    operation, result = state.operation, state.sync_result
    by = operation.initiated_by
    options = []
    if operation.sync is not None:
        options = [
            word for word, on in (("prune", operation.sync.prune), ("dry run", operation.sync.dry_run)) if on
        ]
        if operation.sync.resources:
            options.append(f"{len(operation.sync.resources)} objects only")
    ended = state.finished_at or now
    revisions = (result.revisions or (result.revision,)) if result else ()
    return OperationView(
        phase=badge(state.phase),
        running=not state.completed,
        message=state.message,
        revision=", ".join(short(one) for one in revisions if one),
        started=age(rfc3339(state.started_at), now),
        took=f"{max(0, int((ended - state.started_at).total_seconds()))}s",
        by="automation" if by and by.automated else (by.username if by else ""),
        options=", ".join(options),
        results=tuple(
            Result(
                kind=one.kind,
                name=f"{one.namespace}/{one.name}" if one.namespace else one.name,
                status=badge(one.status or one.hook_phase),
                phase=f"{one.hook_type} hook" if one.hook_type else one.sync_phase,
                message=one.message,
            )
            for one in (result.resources if result else ())
        ),
    )


def _history(entries: Sequence[RevisionHistory], now: datetime) -> tuple[Deployment, ...]:
    found = []
    for entry in reversed(entries):
        by = entry.initiated_by
        sources = entry.sources or ((entry.source,) if entry.source else ())
        revisions = entry.revisions or (entry.revision,)
        at = rfc3339(entry.deployed_at)
        found.append(
            Deployment(
                id=entry.id,
                revision=", ".join(short(one) for one in revisions),
                full=", ".join(revisions),
                target=", ".join(source.revision_or_head for source in sources),
                age=age(at, now),
                at=at,
                by="automation" if by and by.automated else (by.username if by else ""),
                current=entry is entries[-1],
            )
        )
    return tuple(found)


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One object of the tree with what belongs to it."""

    kind: str
    name: str
    namespace: str
    """Where it differs from its parent's."""
    sync: Badge | None
    health: Badge | None
    message: str
    facts: str
    age: str
    children: tuple[Branch, ...]


class TreeView(msgspec.Struct, frozen=True, kw_only=True):
    """The tree."""

    branches: tuple[Branch, ...]
    problems: tuple[str, ...]


def tree_view(tree: Tree, app: Application, *, now: datetime) -> TreeView:
    """Objects below those that brought them about; `status.resources` says which are in sync."""
    by_parent: dict[ObjectKey | None, list[TreeNode]] = {}
    for node in tree.nodes:
        by_parent.setdefault(node.parents[0].key if node.parents else None, []).append(node)
    statuses = {row.key: row.status for row in app.status.resources}

    def branch(node: TreeNode, above: str) -> Branch:
        health: Health | None = tree.health.get(node.key)
        status = statuses.get(node.key, "")
        return Branch(
            kind=node.key.kind,
            name=node.key.name,
            namespace=node.key.namespace if node.key.namespace != above else "",
            sync=badge(status) if status else None,
            health=badge(health.status.value) if health else None,
            message=health.message if health and health.message else "",
            facts=" · ".join(value for _, value in node.facts),
            age=age(node.created_at, now).removesuffix(" ago"),
            children=tuple(branch(child, node.key.namespace) for child in by_parent.get(node.key, ())),
        )

    home = app.spec.destination.namespace
    roots = by_parent.get(None, [])
    return TreeView(branches=tuple(branch(node, home) for node in roots), problems=tree.problems)


class DiffLine(msgspec.Struct, frozen=True):
    """One line of a difference."""

    tone: str
    """add, remove, place or same."""
    text: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One object that is not as Git says."""

    kind: str
    name: str
    reason: str
    drift: tuple[str, ...]
    """Each path with its blame, in a sentence."""
    lines: tuple[DiffLine, ...]
    added: int
    removed: int


_TONES = {"+": "add", "-": "remove", "@": "place"}


def differences(found: Sequence[ManagedObject]) -> tuple[Difference, ...]:
    """The objects that are out of sync, each with its lines. Secrets come here with their values hidden."""
    return tuple(_difference(one) for one in found if one.status == "OutOfSync")


def _difference(one: ManagedObject) -> Difference:
    name = f"{one.key.namespace}/{one.key.name}" if one.key.namespace else one.key.name
    text = unified_diff(one.live, one.predicted or one.desired, name=one.key.name)
    lines = tuple(DiffLine(_TONES.get(line[:1], "same"), line) for line in text.splitlines()[2:])
    return Difference(
        kind=one.key.kind,
        name=name,
        reason=one.reason,
        drift=tuple(str(path) for path in one.drift.paths),
        lines=lines,
        added=sum(line.tone == "add" for line in lines),
        removed=sum(line.tone == "remove" for line in lines),
    )
