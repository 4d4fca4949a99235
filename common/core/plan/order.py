"""In which order objects are applied: by phase, wave, kind, namespace and name, a total order.

The order of kinds is that of Helm's installer as Argo CD uses it: what others need comes first. Kinds that
are not listed (custom resources above all) come after all of these; admission webhooks come last of
all, because they can refuse what is applied while their servers do not run yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from common.core.crds import defined_kind
from common.core.keys import GroupKind, ObjectKey
from common.core.plan.steps import Step

_KINDS = (
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "Ingress",
    "APIService",
)
_RANKS = {kind: rank for rank, kind in enumerate(_KINDS)}
_UNLISTED = len(_KINDS)
_LAST = {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}

SortKey = tuple[int, int, int, int, str, str, str, str]


def kind_rank(kind: str) -> int:
    """The kind's place; smaller is earlier."""
    return _RANKS.get(kind, _UNLISTED + (kind in _LAST))


def step_order(step: Step) -> SortKey:
    """What steps are sorted by. In a wave prunes come first, in the reverse order of kinds."""
    rank = kind_rank(step.key.kind)
    key = step.key
    prune = step.is_prune
    return (
        step.phase.rank,
        step.wave,
        0 if prune else 1,
        -rank if prune else rank,
        key.kind,
        key.namespace,
        key.name,
        key.group,
    )


def order_steps(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Sorted, after what others need was moved to the first of them that needs it.

    A Namespace comes no later than the first object in it, a CustomResourceDefinition no later than the
    first object of its kind, whatever their waves say: later could not work.
    """
    given = tuple(steps)
    namespaces: dict[str, tuple[int, int]] = {}
    kinds: dict[GroupKind, tuple[int, int]] = {}
    for step in given:
        if step.object is None:
            continue
        place = (step.phase.rank, step.wave)
        _earliest(namespaces, step.key.namespace, place)
        _earliest(kinds, step.key.group_kind, place)
    moved = (_moved(step, namespaces, kinds) for step in given)
    return tuple(sorted(moved, key=step_order))


def _earliest(places: dict[Any, tuple[int, int]], key: object, place: tuple[int, int]) -> None:
    places[key] = min(places.get(key, place), place)


def _moved(
    step: Step, namespaces: dict[str, tuple[int, int]], kinds: dict[GroupKind, tuple[int, int]]
) -> Step:
    if step.object is None:
        return step
    needed: tuple[int, int] | None = None
    if is_namespace(step.key):
        needed = namespaces.get(step.key.name)
    elif (defined := defined_kind(step.object)) is not None:
        needed = kinds.get(defined)
    if needed is None or needed >= (step.phase.rank, step.wave):
        return step
    phase = next(phase for phase in type(step.phase) if phase.rank == needed[0])
    return replace(step, phase=phase, wave=needed[1])


def is_namespace(key: ObjectKey) -> bool:
    """Whether it is a Namespace of the core group."""
    return key.kind == "Namespace" and not key.group
