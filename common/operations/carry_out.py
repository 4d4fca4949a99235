"""Carry out one step of a sync plan: at most one write, and its outcome as a result.

Every write is safe to repeat: applies are idempotent, hooks have deterministic names and carry their
operation's id, deletions have the uid and resourceVersion that they were decided on as preconditions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from common.core.annotations import HOOK_FINALIZER, OPERATION_ID, annotation
from common.core.errors import (
    AlreadyExists,
    ClusterError,
    NamespaceMissing,
    NotFound,
    ObjectRejected,
    Retryable,
    VersionConflict,
)
from common.core.hooks import DeletePolicy
from common.core.keys import GroupVersionKind, Object, ObjectKey
from common.core.plan import Action, Step
from common.core.statuses import ResultCode
from common.operations import namespaces, takeover
from common.ports import Cluster, LiveStore, Propagation

PROPAGATIONS = {
    "foreground": Propagation.FOREGROUND,
    "background": Propagation.BACKGROUND,
    "orphan": Propagation.ORPHAN,
}

DELETE_ATTEMPTS = 3


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a step."""

    code: ResultCode
    message: str
    answer: Object | None = None
    """The object as the server has it now; None when it has none, or when nothing was sent."""
    changed: bool = False


class _InTheWay(Exception):
    """A hook of another operation has the name that ours is to have."""

    def __init__(self, obj: Object) -> None:
        super().__init__()
        self.obj = obj


@dataclass(slots=True)
class Hand:
    """What writes to one cluster for one application, and keeps what the server answered."""

    cluster: Cluster
    live_store: LiveStore
    owner_of: Callable[[Object], str]
    """Who tracks a live object; empty for nobody."""
    dry_run: bool = False
    answers: dict[ObjectKey, Object] = field(default_factory=dict)
    gone: set[ObjectKey] = field(default_factory=set)
    requests: int = 0

    def carry_out(self, step: Step) -> Outcome | None:
        """Do it. None when an earlier operation's hook stands where ours is to be made; it is in `answers`.

        Raises:
            Retryable: the cluster cannot answer now; nothing is known, the step is to be repeated.
        """
        try:
            return self._do(step)
        except Retryable:
            raise
        except _InTheWay as found:
            self.answers[step.key] = found.obj
            self.gone.discard(step.key)
            return None
        except NamespaceMissing as error:
            namespaces.forget(self.cluster, step.key.namespace)
            return Outcome(code=ResultCode.SYNC_FAILED, message=str(error))
        except ClusterError as error:
            return Outcome(code=ResultCode.SYNC_FAILED, message=str(error))

    def _do(self, step: Step) -> Outcome:
        match step.action:
            case Action.APPLY:
                return self._apply(step)
            case Action.CREATE_HOOK:
                return self._create_hook(step)
            case Action.PRUNE:
                return self._prune(step)
            case Action.SKIP_PRUNE:
                return Outcome(code=ResultCode.PRUNE_SKIPPED, message=step.reason)
            case Action.REFUSE:
                return Outcome(code=ResultCode.SYNC_FAILED, message=step.reason)
            case Action.DELETE_HOOK | Action.RELEASE_HOOK:
                return self._finish_hook(step)

    def _apply(self, step: Step) -> Outcome:
        obj = _required(step)
        self.requests += 1
        if step.replace:
            answer = self._replace(step, obj)
            verb = "replaced"
        else:
            answer = self._server_side(step, obj)
            verb = "serverside-applied"
        changed = step.live is None or _version(answer) != _version(step.live)
        self._keep(step.key, answer)
        name = f"{_plural(step)}/{step.key.name}"
        note = "" if step.server_side or step.replace else " (ServerSideApply=false is not honoured yet)"
        return Outcome(
            code=ResultCode.SYNCED,
            message=(f"{name} {verb}" if changed else f"{name} unchanged") + note,
            answer=answer,
            changed=changed,
        )

    def _server_side(self, step: Step, obj: Object) -> Object:
        try:
            return takeover.apply(self.cluster, step, obj, dry_run=self.dry_run)
        except ObjectRejected as error:
            if not (error.immutable and step.force and step.live is not None):
                raise
            self._delete(step, step.live, Propagation.FOREGROUND)
            return self.cluster.apply(obj, dry_run=self.dry_run, validate=step.validate)

    def _replace(self, step: Step, obj: Object) -> Object:
        """`Replace=true`: PUT over what is there; with `Force=true` deleted and created anew."""
        if step.live is None:
            return self.cluster.create(obj, dry_run=self.dry_run)
        if step.force and not self.dry_run:
            self._delete(step, step.live, Propagation.FOREGROUND)
            return self.cluster.create(obj)
        metadata = {**obj["metadata"], "resourceVersion": _version(step.live)}
        return self.cluster.replace({**obj, "metadata": metadata}, dry_run=self.dry_run)

    def _create_hook(self, step: Step) -> Outcome:
        obj = _required(step)
        self.requests += 1
        try:
            answer = self.cluster.create(obj, dry_run=self.dry_run)
        except AlreadyExists:
            answer = self.cluster.get(_gvk(step), step.key.namespace, step.key.name)
            theirs, ours = annotation(answer, OPERATION_ID), annotation(obj, OPERATION_ID)
            if theirs != ours and DeletePolicy.BEFORE_CREATION in step.delete_policies:
                raise _InTheWay(answer) from None
            if theirs != ours:
                raise AlreadyExists(
                    f"hook {step.key} exists and belongs to operation {theirs or 'none'}, not to {ours}"
                ) from None
        self._keep(step.key, answer)
        return Outcome(
            code=ResultCode.SYNCED,
            message=f"{_plural(step)}/{step.key.name} created",
            answer=answer,
            changed=True,
        )

    def _prune(self, step: Step) -> Outcome:
        if step.live is None:
            raise NotFound(f"{step.key}: nothing known of it to prune")
        self.requests += 1
        if not self.dry_run:
            self._delete(step, step.live, PROPAGATIONS[step.propagation])
        return Outcome(code=ResultCode.PRUNED, message="pruned", changed=True)

    def _delete(self, step: Step, live: Object, propagation: Propagation) -> None:
        """With preconditions. What is gone already is as wanted; what has changed is looked at again.

        Raises:
            VersionConflict: it is another object by now, or nobody's, or it changes too fast.
        """
        owner = self.owner_of(live)
        for attempt in range(DELETE_ATTEMPTS):
            try:
                return self._delete_once(step, live, propagation)
            except VersionConflict:
                uid = live["metadata"].get("uid")
                live = self.cluster.get(_gvk(step), step.key.namespace, step.key.name)
                same = live["metadata"].get("uid") == uid and self.owner_of(live) == owner
                if not same or attempt == DELETE_ATTEMPTS - 1:
                    raise
        return None

    def _delete_once(self, step: Step, live: Object, propagation: Propagation) -> None:
        try:
            self.cluster.delete(
                _gvk(step),
                step.key.namespace,
                step.key.name,
                uid=live["metadata"].get("uid", ""),
                resource_version=_version(live),
                propagation=propagation,
                dry_run=self.dry_run,
            )
        except NotFound:
            self.live_store.remove(self.cluster.access.id, step.key, _version(live))
        if not self.dry_run:
            self.gone.add(step.key)

    def _finish_hook(self, step: Step) -> Outcome:
        """Take our finalizer off, and delete it where the step says so."""
        if step.live is None:
            return Outcome(code=ResultCode.SYNCED, message="gone")
        try:
            live = self._release(step, step.live)
            meta = live["metadata"]
            if "deletionTimestamp" in meta and not meta.get("finalizers"):
                self.gone.add(step.key)
            elif step.action is Action.DELETE_HOOK and "deletionTimestamp" not in meta:
                self._delete(step, live, Propagation.BACKGROUND)
        except NotFound:
            self.gone.add(step.key)
        except VersionConflict:
            # It changes faster than we look: the next look decides again.
            return Outcome(code=ResultCode.SYNCED, message="not released yet")
        return Outcome(code=ResultCode.SYNCED, message="released", changed=True)

    def _release(self, step: Step, live: Object) -> Object:
        """Take our finalizer off a hook. What was read may be old: its controller writes its status.

        Raises:
            NotFound: it is gone.
            VersionConflict: it is another object by now, or it changes too fast.
        """
        for attempt in range(DELETE_ATTEMPTS):
            finalizers = live["metadata"].get("finalizers") or ()
            left = [name for name in finalizers if name != HOOK_FINALIZER]
            if len(left) == len(finalizers):
                return live
            body = {"metadata": {"finalizers": left or None, "resourceVersion": _version(live)}}
            try:
                answer = self.cluster.patch(_gvk(step), step.key.namespace, step.key.name, body)
            except VersionConflict:
                uid = live["metadata"].get("uid")
                live = self.cluster.get(_gvk(step), step.key.namespace, step.key.name)
                if live["metadata"].get("uid") != uid or attempt == DELETE_ATTEMPTS - 1:
                    raise
            else:
                self._keep(step.key, answer)
                return answer
        return live

    def _keep(self, key: ObjectKey, answer: Object) -> None:
        if self.dry_run:
            return
        self.answers[key] = answer
        self.gone.discard(key)
        self.live_store.put(self.cluster.access.id, answer, self.owner_of(answer))


def _required(step: Step) -> Object:
    if step.object is None:
        raise NotFound(f"{step.key}: the plan has no object for it")
    return step.object


def _gvk(step: Step) -> GroupVersionKind:
    return GroupVersionKind(step.key.group, step.version, step.key.kind)


def _version(obj: Object) -> str:
    return str((obj.get("metadata") or {}).get("resourceVersion") or "")


def _plural(step: Step) -> str:
    """`deployment.apps`, as kubectl names what it did."""
    kind = step.key.kind.lower()
    return f"{kind}.{step.key.group}" if step.key.group else kind
