"""From what a renderer printed to what should be: validated, namespaced, permitted, tracked, digested."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Iterable, Mapping

import msgspec
import orjson

from common.core.annotations import HELM_HOOK, HOOK, listed
from common.core.conditions import Condition
from common.core.crds import defined_kind
from common.core.hooks import hook_phases, is_hook, is_skipped
from common.core.keys import GroupKind, GroupVersionKind, Object, ObjectKey, gvk_of, key_of
from common.core.tracking import BY_ANNOTATION, TrackingSettings, track

Digest = str
"""Hex SHA-256 of an object's canonical JSON."""


class Scope(enum.StrEnum):
    """Where the objects of a kind live, as the cluster's discovery says."""

    NAMESPACED = "Namespaced"
    CLUSTER = "Cluster"
    NOT_SERVED = "NotServed"


class DesiredRules(msgspec.Struct, frozen=True, kw_only=True):
    """What decides how rendered objects become desired ones."""

    instance: str
    """`tracking.instance_name`."""
    namespace: str
    """`spec.destination.namespace`; empty when there is none."""
    scope: Callable[[GroupVersionKind], Scope]
    """By the ApiCatalog of the destination."""
    excluded: Callable[[GroupKind], bool] = lambda _kind: False
    """`resource.exclusions` and `resource.inclusions`."""
    permit: Callable[[GroupKind, str, str, Scope], str] = lambda _kind, _namespace, _name, _scope: ""
    """The project's word on a kind, namespace, name and scope: empty, or why it is not permitted."""
    tracking: TrackingSettings = BY_ANNOTATION


class DesiredObject(msgspec.Struct, frozen=True, kw_only=True):
    """One object that should be."""

    key: ObjectKey
    object: Object
    digest: Digest
    scope: Scope
    refusal: str = ""
    """Why it cannot be applied (kind not served, not permitted); empty when it can."""


class DesiredSet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that should be, sorted by key."""

    objects: tuple[DesiredObject, ...]
    hooks: tuple[Object, ...]
    """Tracked, with their own names or `generateName`, sorted."""
    hook_refusals: Mapping[ObjectKey, str]
    conditions: tuple[Condition, ...]
    digest: Digest
    """Of all objects and hooks, in their order."""

    @property
    def by_key(self) -> dict[ObjectKey, DesiredObject]:
        """The objects by their key."""
        return {found.key: found for found in self.objects}

    @property
    def refused(self) -> dict[ObjectKey, str]:
        """What cannot be applied, and why: for `PlanInput.refused`."""
        found = {one.key: one.refusal for one in self.objects if one.refusal}
        return {**found, **self.hook_refusals}

    @property
    def kinds(self) -> frozenset[GroupKind]:
        """The kinds of all objects and hooks: those that must be watched."""
        return frozenset(
            {one.key.group_kind for one in self.objects} | {key_of(hook).group_kind for hook in self.hooks}
        )


def desire(rendered: Iterable[Object], rules: DesiredRules) -> DesiredSet:
    """The desired set of rendered objects.

    Of several objects with one key the last counts and a RepeatedResourceWarning names it. Excluded kinds are
    left out with an ExcludedResourceWarning. A kind that is not served, or is not permitted, is no reason to
    stop: the object stays, with its refusal.
    """
    given = [obj for obj in rendered if not is_skipped(obj)]
    defined = _defined_scopes(given)
    objects: dict[ObjectKey, DesiredObject] = {}
    hooks: list[tuple[Object, str]] = []
    conditions: list[Condition] = []
    repeated: dict[ObjectKey, int] = {}
    for rendered_object in given:
        kind = gvk_of(rendered_object).group_kind
        if rules.excluded(kind):
            conditions.append(_excluded(rendered_object))
            continue
        one = _one(rendered_object, rules, defined)
        if is_hook(rendered_object):
            hooks.append((one.object, one.refusal))
            conditions.extend(_unknown_hook(one))
            continue
        repeated[one.key] = repeated.get(one.key, 0) + 1
        objects[one.key] = one
    conditions.extend(_repeated(key, times) for key, times in repeated.items() if times > 1)
    hooks.sort(key=lambda pair: (key_of(pair[0]), _generate_name(pair[0])))
    ordered = tuple(objects[key] for key in sorted(objects))
    return DesiredSet(
        objects=ordered,
        hooks=tuple(hook for hook, _ in hooks),
        hook_refusals={key_of(hook): refusal for hook, refusal in hooks if refusal},
        conditions=tuple(sorted(set(conditions))),
        digest=_set_digest(ordered, [hook for hook, _ in hooks]),
    )


def object_digest(obj: Object) -> Digest:
    """The digest of an object, whatever the order of its fields."""
    return hashlib.sha256(orjson.dumps(obj, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _one(rendered: Object, rules: DesiredRules, defined: Mapping[GroupKind, Scope]) -> DesiredObject:
    gvk = gvk_of(rendered)
    scope = rules.scope(gvk)
    served = scope is not Scope.NOT_SERVED
    if not served:
        scope = defined.get(gvk.group_kind, Scope.NOT_SERVED)
    obj = _placed(rendered, scope, rules.namespace)
    key = key_of(obj)
    refusal = rules.permit(key.group_kind, key.namespace, key.name, scope)
    if not refusal and scope is Scope.NOT_SERVED:
        refusal = (
            f"The Kubernetes API could not find {key.group}/{gvk.kind} for requested resource {_place(key)}. "
        )
        refusal += "Make sure the CRD is installed on the destination cluster."
    tracked = track(obj, rules.instance, rules.namespace, rules.tracking)
    return DesiredObject(key=key, object=tracked, digest=object_digest(tracked), scope=scope, refusal=refusal)


def _placed(obj: Object, scope: Scope, namespace: str) -> Object:
    """In its namespace: the destination's where it names none; none at all for cluster-scoped kinds.

    A kind that nobody knows is taken for a namespaced one: most are, and it is not applied anyway.
    """
    meta = dict(obj.get("metadata") or {})
    if scope is Scope.CLUSTER:
        meta.pop("namespace", None)
    elif not meta.get("namespace") and namespace:
        meta["namespace"] = namespace
    return {**obj, "metadata": meta}


def _place(key: ObjectKey) -> str:
    return f"{key.namespace}/{key.name}"


def _defined_scopes(objects: Iterable[Object]) -> dict[GroupKind, Scope]:
    """Kinds that CustomResourceDefinitions among the objects are about to bring."""
    found = {}
    for obj in objects:
        kind = defined_kind(obj)
        if kind is not None:
            spec = obj["spec"]
            found[kind] = Scope.CLUSTER if spec.get("scope") == "Cluster" else Scope.NAMESPACED
    return found


def _generate_name(obj: Object) -> str:
    return str((obj.get("metadata") or {}).get("generateName") or "")


def _excluded(obj: Object) -> Condition:
    key = key_of(obj)
    return Condition(
        "ExcludedResourceWarning",
        f"Resource {key.group}/{key.kind} {key.name} is excluded in the settings",
    )


def _repeated(key: ObjectKey, times: int) -> Condition:
    return Condition(
        "RepeatedResourceWarning",
        f"Resource {key.group}/{key.kind}/{key.namespace}/{key.name} appeared {times} times "
        "among application resources.",
    )


def _unknown_hook(one: DesiredObject) -> list[Condition]:
    """A hook that runs in no phase. Helm's own that mean no sync (a test, a rollback) need no word."""
    if hook_phases(one.object) or not listed(one.object, HOOK):
        return []
    found = ",".join(listed(one.object, HOOK) + listed(one.object, HELM_HOOK))
    return [
        Condition(
            "InvalidHookWarning",
            f"Resource {one.key} has the hook {found!r}, which is no phase: it never runs",
        )
    ]


def _set_digest(objects: Iterable[DesiredObject], hooks: Iterable[Object]) -> Digest:
    digest = hashlib.sha256()
    for one in objects:
        digest.update(f"{one.key}\0{one.digest}\0{one.refusal}\n".encode())
    for hook in hooks:
        digest.update(f"hook\0{object_digest(hook)}\n".encode())
    return digest.hexdigest()
