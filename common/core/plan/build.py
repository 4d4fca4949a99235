"""`plan()`: which steps a sync has, in a total order. The same input gives the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from common.core.annotations import (
    HOOK_FINALIZER,
    MIGRATION_MANAGER,
    OPERATION_ID,
    SYNC_OPTIONS,
    annotation,
    has_option,
)
from common.core.compare.structural import LEGACY_MANAGERS
from common.core.hooks import delete_policies, hook_name, hook_phases, is_hook, wave_of
from common.core.keys import Object, ObjectKey, gvk_of, key_of
from common.core.plan.options import NamespaceWish, PlanInput
from common.core.plan.order import is_namespace, order_steps
from common.core.plan.steps import Action, PlanWarning, Step, StepId, SyncPlan
from common.core.statuses import Phase
from common.core.tracking import renamed

REQUIRES_PRUNING = "ignored (requires pruning)"
NO_PRUNE = "ignored (no prune)"


def plan(given: PlanInput) -> SyncPlan:
    """The whole sync. Prunes are planned for `orphans` only: the caller has the proof that they are some."""
    steps = [*_applies(given), *_prunes(given), *_hooks(given), *_namespace(given)]
    return SyncPlan(
        steps=order_steps(_prune_last(_reversed_prunes(steps), given)),
        warnings=wave_warnings((*given.desired, *given.hooks)),
        confirmed=given.prune_confirmed,
    )


def _taken(given: PlanInput, key: ObjectKey) -> bool:
    return given.selected is None or key in given.selected


def _applies(given: PlanInput) -> Iterator[Step]:
    for obj in given.desired:
        key = key_of(obj)
        if not _taken(given, key) or (
            given.options.apply_out_of_sync_only and key in given.in_sync and key in given.live
        ):
            continue
        yield _with_options(_step(Action.APPLY, obj, Phase.SYNC, given.live.get(key)), given)


def _step(action: Action, obj: Object, phase: Phase, live: Object | None) -> Step:
    return Step(
        action=action,
        key=key_of(obj),
        version=gvk_of(obj).version,
        phase=phase,
        wave=wave_of(obj).number,
        object=obj,
        live=live,
    )


def _with_options(step: Step, given: PlanInput) -> Step:
    """The step with the verb that the application's options and the object's own annotation ask for."""
    if reason := given.refused.get(step.key):
        return replace(step, action=Action.REFUSE, reason=reason)
    obj, options = step.object, given.options
    server_side = options.server_side or has_option(obj, SYNC_OPTIONS, "ServerSideApply=true")
    return replace(
        step,
        replace=options.replace or has_option(obj, SYNC_OPTIONS, "Replace=true"),
        force=given.force or options.force or has_option(obj, SYNC_OPTIONS, "Force=true"),
        server_side=server_side and not has_option(obj, SYNC_OPTIONS, "ServerSideApply=false"),
        validate=options.validate and not has_option(obj, SYNC_OPTIONS, "Validate=false"),
        takes_over=_earlier_appliers(obj, given),
    )


def _earlier_appliers(obj: Object | None, given: PlanInput) -> tuple[str, ...]:
    """Whose fields become ours: of kubectl and Argo CD, and of the manager that the object names."""
    wanted = given.options.client_side_apply_migration
    if obj is None or not wanted or has_option(obj, SYNC_OPTIONS, "ClientSideApplyMigration=false"):
        return ()
    named = annotation(obj, MIGRATION_MANAGER)
    return (*LEGACY_MANAGERS, named) if named else LEGACY_MANAGERS


def _prunes(given: PlanInput) -> Iterator[Step]:
    options = given.options
    for key in sorted(given.orphans):
        live = given.live.get(key)
        if live is None or not _taken(given, key) or is_hook(live):
            continue
        step = _step(Action.PRUNE, live, Phase.SYNC, live)
        step = replace(
            step,
            object=None,
            propagation=options.prune_propagation,
            confirm=options.confirm_prune or has_option(live, SYNC_OPTIONS, "Prune=confirm"),
        )
        if not given.prune:
            step = replace(step, action=Action.SKIP_PRUNE, confirm=False, reason=REQUIRES_PRUNING)
        elif not options.prune or has_option(live, SYNC_OPTIONS, "Prune=false"):
            step = replace(step, action=Action.SKIP_PRUNE, confirm=False, reason=NO_PRUNE)
        yield step


def _reversed_prunes(steps: list[Step]) -> list[Step]:
    """Prunes in the reverse order of their waves: what was made last goes first."""
    waves = sorted({step.wave for step in steps if step.is_prune})
    mirrored = dict(zip(waves, reversed(waves), strict=True))
    return [replace(step, wave=mirrored[step.wave]) if step.is_prune else step for step in steps]


def _prune_last(steps: list[Step], given: PlanInput) -> list[Step]:
    """With PruneLast prunes come in a wave of their own after all others of the Sync phase."""
    after = max([0, *(step.wave for step in steps if step.phase is Phase.SYNC)]) + 1
    return [
        replace(step, wave=after)
        if step.is_prune
        and (given.options.prune_last or has_option(step.live, SYNC_OPTIONS, "PruneLast=true"))
        else step
        for step in steps
    ]


_SYNC_PHASES = (Phase.PRE_SYNC, Phase.SYNC, Phase.POST_SYNC, Phase.SYNC_FAIL)


def _hooks(given: PlanInput) -> Iterator[Step]:
    """Hooks, once for each of their phases; none in a partial sync."""
    if given.skip_hooks or given.selected is not None:
        return
    taken: set[StepId] = set()
    for obj in given.hooks:
        for phase in hook_phases(obj):
            if phase in _SYNC_PHASES:
                yield _hook_step(obj, phase, given, taken)


def _hook_step(obj: Object, phase: Phase, given: PlanInput, taken: set[StepId]) -> Step:
    """The step of one hook in one phase. Hooks that would get the same name are numbered, in their order."""
    named = hook_object(obj, phase=phase, given=given)
    first, number = named["metadata"]["name"], 1
    while StepId(key_of(named), phase) in taken:
        number += 1
        named = renamed(named, f"{first}-{number}")
    taken.add(StepId(key_of(named), phase))
    step = _step(Action.CREATE_HOOK, named, phase, given.live.get(key_of(named)))
    step = replace(step, hook_type=str(phase), delete_policies=delete_policies(obj))
    if reason := given.refused.get(key_of(obj)):
        return replace(step, action=Action.REFUSE, reason=reason)
    return _with_options(step, given)


def hook_object(obj: Object, *, phase: Phase, given: PlanInput) -> Object:
    """A hook as it is created: under its deterministic name, with the operation's id and our finalizer."""
    obj = renamed(obj, hook_name(obj, revision=given.revision, phase=phase, started_at=given.started_at))
    meta = dict(obj["metadata"])
    finalizers = list(meta.get("finalizers") or [])
    if HOOK_FINALIZER not in finalizers:
        finalizers.append(HOOK_FINALIZER)
    meta["finalizers"] = finalizers
    made_by = f"{given.operation_id}/{given.attempt}/{phase}"
    meta["annotations"] = {**(meta.get("annotations") or {}), OPERATION_ID: made_by}
    return {**obj, "metadata": meta}


def _namespace(given: PlanInput) -> Iterator[Step]:
    """The destination namespace, where it is asked for, is not desired itself, and lacks something."""
    wish = given.namespace
    if wish is None or not given.options.create_namespace or not wish.name:
        return
    for obj in (*given.desired, *given.hooks):
        own = key_of(obj)
        if is_namespace(own) and own.name == wish.name:
            return
    if wish.live is not None and _as_wished(wish, wish.live):
        return
    step = _step(Action.APPLY, _namespace_object(wish), Phase.PRE_SYNC, wish.live)
    if reason := given.refused.get(step.key):
        step = replace(step, action=Action.REFUSE, reason=reason)
    yield step


def _as_wished(wish: NamespaceWish, live: Object) -> bool:
    meta = live.get("metadata") or {}
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    return not wish.managed or (
        wish.labels.items() <= labels.items() and wish.annotations.items() <= annotations.items()
    )


def _namespace_object(wish: NamespaceWish) -> Object:
    """Not tracked: Argo CD does not own the namespaces that it creates, and pruning must not take one."""
    meta: Object = {"name": wish.name}
    if wish.labels:
        meta["labels"] = dict(wish.labels)
    if wish.annotations:
        meta["annotations"] = dict(wish.annotations)
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def wave_warnings(objects: Iterable[Object]) -> tuple[PlanWarning, ...]:
    """Every wave and weight that cannot be read."""
    return tuple(
        sorted(
            PlanWarning(
                key_of(obj), name, text, f"{name} {text!r} is not a whole number; wave {wave.number} is used"
            )
            for obj in objects
            if (wave := wave_of(obj)).malformed
            for name, text in wave.malformed
        )
    )
