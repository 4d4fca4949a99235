"""`plan()`: which steps a sync has, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.hooks import DeletePolicy
from common.core.keys import Object, ObjectKey, key_of
from common.core.model.sync_options import SyncOptions
from common.core.plan import Action, NamespaceWish, PlanInput, SyncPlan, plan
from common.core.plan.order import order_steps, step_order
from common.core.statuses import Phase

START = datetime(2026, 1, 1, tzinfo=UTC)
A = "argocd.argoproj.io/"
GROUPS = {"Deployment": "apps/v1", "Job": "batch/v1", "CustomResourceDefinition": "apiextensions.k8s.io/v1"}


def obj(kind: str, name: str = "a", namespace: str = "x", **annotations: str) -> Object:
    """A minimal object; annotation names without Argo CD's prefix, `_` for `-`."""
    meta: Object = {"name": name, "namespace": namespace} if namespace else {"name": name}
    if annotations:
        meta["annotations"] = {A + key.replace("_", "-"): value for key, value in annotations.items()}
    return {"apiVersion": GROUPS.get(kind, "v1"), "kind": kind, "metadata": meta}


def planned(*desired: Object, live: tuple[Object, ...] = (), **more: Any) -> SyncPlan:
    """The plan of desired and live objects."""
    given_live = {key_of(one): one for one in live}
    return plan(
        PlanInput(desired=desired, live=given_live, revision="0123456789abcdef", started_at=START, **more)
    )


def told(made: SyncPlan) -> list[str]:
    """Steps in short: action, phase, wave, kind, name."""
    return [f"{s.action} {s.phase} {s.wave} {s.key.kind}/{s.key.name}" for s in made.steps]


def orphan(*objects: Object) -> dict[str, Any]:
    """Live objects that are to be pruned."""
    return {"live": objects, "orphans": frozenset(key_of(one) for one in objects), "prune": True}


def test_kinds_come_in_helms_order() -> None:
    """What others need is first, webhooks are last."""
    ordered = [
        "Namespace",
        "ServiceAccount",
        "ConfigMap",
        "Service",
        "Deployment",
        "APIService",
        "Widget",
        "ValidatingWebhookConfiguration",
    ]
    made = planned(*(obj(kind) for kind in reversed(ordered)))
    assert [s.key.kind for s in made.steps] == ordered


def test_waves_come_before_kinds() -> None:
    """Negative ones too."""
    made = planned(obj("ConfigMap", "late", sync_wave="1"), obj("Deployment", "early", sync_wave="-1"))
    assert told(made) == ["apply Sync -1 Deployment/early", "apply Sync 1 ConfigMap/late"]


def test_names_settle_the_rest() -> None:
    """Namespace, then name."""
    made = planned(obj("ConfigMap", "b"), obj("ConfigMap", "a", "z"), obj("ConfigMap", "a"))
    assert [str(s.key) for s in made.steps] == ["/ConfigMap:x/a", "/ConfigMap:x/b", "/ConfigMap:z/a"]


def test_a_namespace_moves_to_its_first_object() -> None:
    """Whatever its wave says, and before a hook in it."""
    hook = obj("Job", "h", "x", hook="PreSync", sync_wave="-5")
    made = planned(obj("Namespace", "x", "", sync_wave="3"), obj("ConfigMap"), hooks=(hook,))
    assert told(made)[0] == "apply PreSync -5 Namespace/x"


def test_a_definition_moves_to_its_first_object() -> None:
    """A custom resource cannot be applied before its kind."""
    crd = obj("CustomResourceDefinition", "w", "", sync_wave="2")
    crd["spec"] = {"group": "", "names": {"kind": "Widget"}}
    assert told(planned(crd, obj("Widget", sync_wave="-1"))) == [
        "apply Sync -1 CustomResourceDefinition/w",
        "apply Sync -1 Widget/a",
    ]


def test_what_nobody_needs_stays_in_its_wave() -> None:
    """A Namespace without objects, one that is early enough."""
    made = planned(
        obj("Namespace", "x", "", sync_wave="-9"), obj("Namespace", "q", "", sync_wave="3"), obj("ConfigMap")
    )
    assert [s.wave for s in made.steps] == [-9, 0, 3]


@pytest.mark.parametrize("text", ["x", "1.5", " 1", "", "9" * 30])
def test_a_malformed_wave_is_zero_and_named(text: str) -> None:
    """With the object, the annotation and what was found; an empty one counts as none."""
    made = planned(obj("ConfigMap", sync_wave=text))
    assert made.steps[0].wave == 0
    assert [(w.object.name, w.field, w.found) for w in made.warnings] == (
        [("a", A + "sync-wave", text)] if text else []
    )


def test_helms_weight_is_the_wave_where_there_is_no_other() -> None:
    """A malformed wave falls back to it."""
    one = obj("ConfigMap", sync_wave="x")
    one["metadata"]["annotations"]["helm.sh/hook-weight"] = "-7"
    made = planned(one)
    assert made.steps[0].wave == -7
    assert len(made.warnings) == 1


def test_orphans_are_pruned_first_in_reverse_order_of_kinds() -> None:
    """Within a wave."""
    made = planned(obj("ConfigMap", "new"), **orphan(obj("ConfigMap", "old"), obj("Deployment", "old")))
    assert told(made) == [
        "prune Sync 0 Deployment/old",
        "prune Sync 0 ConfigMap/old",
        "apply Sync 0 ConfigMap/new",
    ]


def test_prunes_go_through_their_waves_backwards() -> None:
    """What was made last goes first."""
    made = planned(**orphan(*(obj("ConfigMap", f"w{n}", sync_wave=str(n)) for n in (-1, 0, 5))))
    assert told(made) == [
        "prune Sync -1 ConfigMap/w5",
        "prune Sync 0 ConfigMap/w0",
        "prune Sync 5 ConfigMap/w-1",
    ]


@pytest.mark.parametrize("by", ["option", "annotation"])
def test_prune_last_is_a_wave_after_all(by: str) -> None:
    """For all, or for one object."""
    old = obj("ConfigMap", "old", **({"sync_options": "PruneLast=true"} if by == "annotation" else {}))
    made = planned(
        obj("ConfigMap", "new", sync_wave="4"), options=SyncOptions(prune_last=by == "option"), **orphan(old)
    )
    assert told(made) == ["apply Sync 4 ConfigMap/new", "prune Sync 5 ConfigMap/old"]


def test_without_prune_it_is_recorded_what_would_go() -> None:
    """PruneSkipped, and why."""
    made = planned(**{**orphan(obj("ConfigMap")), "prune": False})
    assert [(s.action, s.reason) for s in made.steps] == [(Action.SKIP_PRUNE, "ignored (requires pruning)")]


@pytest.mark.parametrize("by", ["option", "annotation"])
def test_prune_false_keeps_an_object(by: str) -> None:
    """For all, or for one object."""
    old = obj("ConfigMap", **({"sync_options": "Prune=false"} if by == "annotation" else {}))
    made = planned(options=SyncOptions(prune=by != "option"), **orphan(old))
    assert [(s.action, s.reason) for s in made.steps] == [(Action.SKIP_PRUNE, "ignored (no prune)")]


@pytest.mark.parametrize("by", ["option", "annotation"])
def test_prune_confirm_waits(by: str) -> None:
    """The step says so; the preconditions come from the live object."""
    old = obj("ConfigMap", **({"sync_options": "Prune=confirm"} if by == "annotation" else {}))
    made = planned(
        options=SyncOptions(confirm_prune=by == "option", prune_propagation="orphan"), **orphan(old)
    )
    (step,) = made.steps
    assert (step.confirm, step.live, step.object, step.propagation) == (True, old, None, "orphan")


def test_live_hooks_and_unknown_orphans_are_not_pruned() -> None:
    """A hook of an earlier sync is no orphan; without the live object there is nothing to prove."""
    hook = obj("Job", hook="Sync")
    made = planned(
        live=(hook,), orphans=frozenset({key_of(hook), ObjectKey("", "Secret", "x", "s")}), prune=True
    )
    assert made.steps == ()


def test_a_partial_sync_takes_only_what_is_selected_and_no_hooks() -> None:
    """Self-heal and selective sync."""
    one, two, old = obj("ConfigMap", "one"), obj("ConfigMap", "two"), obj("ConfigMap", "old")
    made = planned(
        one, two, hooks=(obj("Job", "h", hook="PreSync"),), selected=frozenset({key_of(two)}), **orphan(old)
    )
    assert told(made) == ["apply Sync 0 ConfigMap/two"]


def test_apply_out_of_sync_only_leaves_the_rest_alone() -> None:
    """Objects that are in sync and there; hooks run all the same."""
    one, two = obj("ConfigMap", "one"), obj("ConfigMap", "two")
    made = planned(
        one,
        two,
        live=(one,),
        in_sync=frozenset({key_of(one), key_of(two)}),
        options=SyncOptions(apply_out_of_sync_only=True),
        hooks=(obj("Job", "h", hook="PreSync"),),
    )
    assert told(made) == ["create_hook PreSync 0 Job/h", "apply Sync 0 ConfigMap/two"]


def test_a_refused_object_is_a_step_that_sends_nothing() -> None:
    """Objects, hooks under their own key, and the namespace."""
    hook = obj("Job", "", hook="PreSync")
    hook["metadata"]["generateName"] = "h-"
    made = planned(
        obj("ConfigMap"),
        hooks=(hook,),
        refused={
            ObjectKey("", "ConfigMap", "x", "a"): "no",
            key_of(hook): "not served",
            ObjectKey("", "Namespace", "", "x"): "forbidden",
        },
        options=SyncOptions(create_namespace=True),
        namespace=NamespaceWish(name="x", live=None),
    )
    assert [(s.action, s.reason) for s in made.steps] == [
        (Action.REFUSE, "forbidden"),
        (Action.REFUSE, "not served"),
        (Action.REFUSE, "no"),
    ]


def test_fields_of_earlier_appliers_become_ours() -> None:
    """kubectl's and Argo CD's, and those of the manager that the object names; unless one says no."""
    made = planned(
        obj("ConfigMap", "a"),
        obj("ConfigMap", "b", client_side_apply_migration_manager="terraform"),
        obj("ConfigMap", "c", sync_options="ClientSideApplyMigration=false"),
    )
    legacy = ("argocd-controller", "kubectl-client-side-apply", "kubectl-last-applied")
    assert [step.takes_over for step in made.steps] == [legacy, (*legacy, "terraform"), ()]
    kept = planned(obj("ConfigMap", "a"), options=SyncOptions(client_side_apply_migration=False))
    assert [step.takes_over for step in kept.steps] == [()]


def test_the_verb_follows_options_and_annotations() -> None:
    """Replace, Force, Validate and ServerSideApply; an annotation wins over the application."""
    made = planned(
        obj("ConfigMap", "a"),
        obj("ConfigMap", "b", sync_options="Replace=true,Force=true,Validate=false,ServerSideApply=false"),
    )
    assert [(s.replace, s.force, s.validate, s.server_side) for s in made.steps] == [
        (False, False, True, True),
        (True, True, False, False),
    ]
    other = planned(
        obj("ConfigMap", "a"),
        obj("ConfigMap", "b", sync_options="ServerSideApply=true"),
        options=SyncOptions(server_side=False, replace=True, validate=False),
        force=True,
    )
    assert [(s.replace, s.force, s.validate, s.server_side) for s in other.steps] == [
        (True, True, False, False),
        (True, True, False, True),
    ]


def test_a_hook_runs_in_each_of_its_phases() -> None:
    """And in none that is no sync's."""
    made = planned(obj("ConfigMap"), hooks=(obj("Job", "h", hook="PostSync, PreSync,SyncFail,PreDelete"),))
    assert told(made) == [
        "create_hook PreSync 0 Job/h",
        "apply Sync 0 ConfigMap/a",
        "create_hook PostSync 0 Job/h",
        "create_hook SyncFail 0 Job/h",
    ]
    assert [s.phase for s in made.on_failure] == [Phase.SYNC_FAIL]
    assert len(made.main) == 3


def test_a_hook_is_made_with_our_finalizer_and_the_operations_id() -> None:
    """So that its end is seen, and a repeated step finds it."""
    made = planned(hooks=(obj("Job", "h", hook="Sync"),), operation_id="uid/7", attempt=2)
    meta = made.steps[0].object["metadata"] if made.steps[0].object else {}
    assert meta["finalizers"] == [A + "hook-finalizer"]
    assert meta["annotations"]["moorings.dev/operation"] == "uid/7/2/Sync"
    assert made.steps[0].delete_policies == {DeletePolicy.BEFORE_CREATION}


def test_a_finalizer_that_is_there_stays_once() -> None:
    """Argo CD's users may have written it."""
    hook = obj("Job", "h", hook="Sync", hook_delete_policy="HookSucceeded,HookFailed")
    hook["metadata"]["finalizers"] = [A + "hook-finalizer", "other"]
    (step,) = planned(hooks=(hook,)).steps
    assert step.object is not None
    assert step.object["metadata"]["finalizers"] == [A + "hook-finalizer", "other"]
    assert step.delete_policies == {DeletePolicy.SUCCEEDED, DeletePolicy.FAILED}


def test_generated_names_are_deterministic_and_do_not_collide() -> None:
    """Revision, phase, start; numbered where two would be one."""

    def generated(wave: str) -> Object:
        made = obj("Job", "", hook="PreSync", sync_wave=wave)
        made["metadata"].pop("name")
        made["metadata"]["generateName"] = "migrate-"
        return made

    made = planned(hooks=(generated("0"), generated("1")))
    assert [s.key.name for s in made.steps] == [
        "migrate-0123456-presync-1767225600",
        "migrate-0123456-presync-1767225600-2",
    ]
    assert all("generateName" not in (s.object or {})["metadata"] for s in made.steps)


def test_sync_strategy_apply_skips_hooks() -> None:
    """As Argo CD does."""
    assert planned(hooks=(obj("Job", "h", hook="Sync"),), skip_hooks=True).steps == ()


WISH = NamespaceWish(name="x", live=None, managed=True, labels={"a": "b"}, annotations={"c": "d"})


def test_the_namespace_is_created_before_all() -> None:
    """With managedNamespaceMetadata, and without tracking: it must never be pruned."""
    made = planned(obj("ConfigMap"), options=SyncOptions(create_namespace=True), namespace=WISH)
    assert told(made)[0] == "apply PreSync 0 Namespace/x"
    assert made.steps[0].object == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "x", "labels": {"a": "b"}, "annotations": {"c": "d"}},
    }


@pytest.mark.parametrize(
    ("labels", "managed", "steps"), [({"a": "b", "z": "1"}, True, 0), ({"a": "x"}, True, 1), ({}, False, 0)]
)
def test_a_namespace_that_is_as_wished_costs_nothing(
    labels: dict[str, str], managed: bool, steps: int
) -> None:
    """Only what is managed is looked at."""
    live = {"metadata": {"name": "x", "labels": labels, "annotations": {"c": "d"}}}
    wish = NamespaceWish(name="x", live=live, managed=managed, labels={"a": "b"}, annotations={"c": "d"})
    assert len(planned(options=SyncOptions(create_namespace=True), namespace=wish).steps) == steps


def test_a_plain_namespace_has_no_metadata() -> None:
    """Only its name."""
    (step,) = planned(
        options=SyncOptions(create_namespace=True), namespace=NamespaceWish(name="x", live=None)
    ).steps
    assert step.object is not None
    assert step.object["metadata"] == {"name": "x"}


@pytest.mark.parametrize("case", ["off", "no name", "desired", "a hook"])
def test_no_namespace_is_made_where_none_is_asked_for(case: str) -> None:
    """Or where it is one of the application's own objects."""
    space = obj("Namespace", "x", "")
    made = planned(
        *([space] if case == "desired" else [obj("ConfigMap")]),
        hooks=({**space, "metadata": {**space["metadata"], "annotations": {A + "hook": "PreSync"}}},)
        if case == "a hook"
        else (),
        options=SyncOptions(create_namespace=case != "off"),
        namespace=NamespaceWish(name="" if case == "no name" else "x", live=None),
    )
    assert [s.phase for s in made.steps if s.key.kind == "Namespace"] == {
        "desired": [Phase.SYNC],
        "a hook": [Phase.PRE_SYNC],
    }.get(case, [])


KINDS = ["Namespace", "ConfigMap", "Deployment", "Widget", "CustomResourceDefinition"]
objects = st.builds(
    lambda kind, name, space, wave: obj(kind, name, space, sync_wave=str(wave)),
    st.sampled_from(KINDS),
    st.sampled_from("abc"),
    st.sampled_from("xy"),
    st.integers(-2, 2),
)


@given(st.lists(objects, max_size=8, unique_by=key_of), st.randoms())
def test_the_order_is_total(desired: list[Object], random: Any) -> None:
    """The same objects in any order make the same plan, and sorting it again changes nothing."""
    made = planned(*desired)
    shuffled = list(desired)
    random.shuffle(shuffled)
    assert planned(*shuffled) == made
    assert order_steps(made.steps) == made.steps
    assert list(made.steps) == sorted(made.steps, key=step_order)
    assert len({step_order(step) for step in made.steps}) == len(made.steps)


@given(st.lists(objects, max_size=8, unique_by=key_of))
def test_a_namespace_is_never_after_what_is_in_it(desired: list[Object]) -> None:
    """Whatever the waves say."""
    steps = planned(*desired).steps
    for place, step in enumerate(steps):
        if step.key.kind == "Namespace":
            assert all(
                other.key.namespace != step.key.name
                for other in steps[:place]
                if other.key.kind != "Namespace"
            )
