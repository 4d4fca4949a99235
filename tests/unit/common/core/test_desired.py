"""The desired set: from what a renderer printed to what should be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from common.core.conditions import Condition
from common.core.desired import DesiredRules, DesiredSet, Scope, desire, object_digest
from common.core.keys import GroupKind, GroupVersionKind, Object, ObjectKey

CLUSTER_KINDS = {"Namespace", "ClusterRole", "CustomResourceDefinition"}
SERVED = CLUSTER_KINDS | {"ConfigMap", "Deployment", "Job", "Secret"}


def scope(gvk: GroupVersionKind) -> Scope:
    """A small cluster's discovery."""
    if gvk.kind not in SERVED:
        return Scope.NOT_SERVED
    return Scope.CLUSTER if gvk.kind in CLUSTER_KINDS else Scope.NAMESPACED


RULES = DesiredRules(instance="guestbook", namespace="shop", scope=scope)


def obj(kind: str, name: str = "a", api: str = "v1", namespace: str = "", **annotations: str) -> Object:
    """A minimal object."""
    meta: Object = {"name": name}
    if namespace:
        meta["namespace"] = namespace
    if annotations:
        meta["annotations"] = annotations
    return {"apiVersion": api, "kind": kind, "metadata": meta}


def hook(name: str = "h", **more: str) -> Object:
    """A PreSync hook."""
    made = obj("Job", name, "batch/v1")
    made["metadata"]["annotations"] = {"argocd.argoproj.io/hook": "PreSync", **more}
    return made


def crd(kind: str = "Widget", scope_: str = "Namespaced") -> Object:
    """A CustomResourceDefinition."""
    made = obj("CustomResourceDefinition", f"{kind.lower()}s.x.io", "apiextensions.k8s.io/v1")
    made["spec"] = {"group": "x.io", "scope": scope_, "names": {"kind": kind}}
    return made


def keys(found: DesiredSet) -> list[str]:
    """The keys' text forms, in their order."""
    return [str(one.key) for one in found.objects]


def test_an_object_without_namespace_gets_the_destinations() -> None:
    """Namespaced kinds only; a namespace that is given stays."""
    found = desire([obj("ConfigMap"), obj("ConfigMap", "b", namespace="other"), obj("Namespace", "n")], RULES)
    assert keys(found) == ["/ConfigMap:other/b", "/ConfigMap:shop/a", "/Namespace:/n"]


def test_a_cluster_scoped_object_loses_its_namespace() -> None:
    """Helm charts write one all the same."""
    found = desire([obj("ClusterRole", api="rbac.authorization.k8s.io/v1", namespace="x")], RULES)
    assert "namespace" not in found.objects[0].object["metadata"]


def test_without_a_destination_namespace_none_is_set() -> None:
    """The API server's refusal says the rest."""
    found = desire([obj("ConfigMap")], DesiredRules(instance="g", namespace="", scope=scope))
    assert keys(found) == ["/ConfigMap:/a"]


def test_objects_are_tracked() -> None:
    """Objects and hooks carry the tracking-id."""
    found = desire([obj("ConfigMap"), hook()], RULES)
    name = "argocd.argoproj.io/tracking-id"
    assert found.objects[0].object["metadata"]["annotations"][name] == "guestbook:/ConfigMap:shop/a"
    assert found.hooks[0]["metadata"]["annotations"][name] == "guestbook:batch/Job:shop/h"


def test_the_last_of_repeated_objects_counts() -> None:
    """One RepeatedResourceWarning, whatever their API versions."""
    first = obj("Deployment", api="apps/v1beta1")
    last = obj("Deployment", api="apps/v1", namespace="shop")
    found = desire([first, last], RULES)
    assert [one.object["apiVersion"] for one in found.objects] == ["apps/v1"]
    assert found.conditions == (
        Condition(
            "RepeatedResourceWarning",
            "Resource apps/Deployment/shop/a appeared 2 times among application resources.",
        ),
    )


def test_excluded_kinds_are_left_out_with_a_word() -> None:
    """resource.exclusions: not applied, and said."""
    rules = DesiredRules(
        instance="g", namespace="shop", scope=scope, excluded=lambda kind: kind == GroupKind("", "Secret")
    )
    found = desire([obj("Secret"), obj("ConfigMap")], rules)
    assert keys(found) == ["/ConfigMap:shop/a"]
    assert found.conditions == (
        Condition("ExcludedResourceWarning", "Resource /Secret a is excluded in the settings"),
    )


def test_what_the_project_forbids_stays_with_its_refusal() -> None:
    """The sync says SyncFailed for it; nothing is thrown."""
    rules = DesiredRules(
        instance="g",
        namespace="shop",
        scope=scope,
        permit=lambda kind, namespace, name, how: (
            f"{kind} {namespace}/{name} {how} is not permitted" if kind.kind == "ConfigMap" else ""
        ),
    )
    found = desire([obj("ConfigMap"), obj("Secret")], rules)
    assert found.refused == {
        ObjectKey("", "ConfigMap", "shop", "a"): "/ConfigMap shop/a Namespaced is not permitted"
    }


def test_a_kind_that_is_not_served_is_refused_by_name() -> None:
    """It is no exception: the other objects are compared all the same."""
    found = desire([obj("Widget", api="x.io/v1"), obj("ConfigMap")], RULES)
    assert found.by_key[ObjectKey("x.io", "Widget", "shop", "a")].scope is Scope.NOT_SERVED
    assert "could not find x.io/Widget for requested resource shop/a" in next(iter(found.refused.values()))
    assert len(found.refused) == 1


def test_a_kind_whose_definition_comes_along_is_not_refused() -> None:
    """Its scope is what the definition says."""
    found = desire(
        [
            obj("Widget", api="x.io/v1"),
            crd(),
            obj("Fleet", api="x.io/v1", namespace="gone"),
            crd("Fleet", "Cluster"),
        ],
        RULES,
    )
    assert found.refused == {}
    assert keys(found)[-2:] == ["x.io/Fleet:/a", "x.io/Widget:shop/a"]


def test_an_incomplete_definition_defines_nothing() -> None:
    """The API server will say what is wrong with it."""
    broken = crd()
    del broken["spec"]["names"]
    assert desire([broken], RULES).refused == {}


def test_hooks_are_no_part_of_the_objects() -> None:
    """They are neither compared nor pruned."""
    found = desire([hook(), obj("ConfigMap")], RULES)
    assert keys(found) == ["/ConfigMap:shop/a"]
    assert [one["metadata"]["name"] for one in found.hooks] == ["h"]


def test_a_refused_hook_is_refused_under_its_key() -> None:
    """A hook of a kind that nobody serves."""
    made = hook()
    made["kind"] = "Workflow"
    assert list(desire([made], RULES).refused) == [ObjectKey("batch", "Workflow", "shop", "h")]


def test_a_hook_for_no_known_phase_never_runs_and_is_named() -> None:
    """Silence would look like a success."""
    found = desire([hook(**{"argocd.argoproj.io/hook": "Presync"})], RULES)
    assert [one.type for one in found.conditions] == ["InvalidHookWarning"]
    assert "'Presync'" in found.conditions[0].message


def test_helms_tests_are_left_alone() -> None:
    """helm.sh/hook: test is neither applied nor run, and no mistake."""
    found = desire([obj("Job", api="batch/v1", **{"helm.sh/hook": "test"})], RULES)
    assert found.objects == ()
    assert found.conditions == ()


def test_skipped_objects_are_left_out() -> None:
    """argocd.argoproj.io/hook: Skip."""
    found = desire([obj("ConfigMap", **{"argocd.argoproj.io/hook": "Skip"})], RULES)
    assert (found.objects, found.hooks) == ((), ())


def test_kinds_are_those_of_objects_and_hooks() -> None:
    """What must be watched."""
    assert desire([hook(), obj("ConfigMap")], RULES).kinds == {
        GroupKind("batch", "Job"),
        GroupKind("", "ConfigMap"),
    }


def test_the_digest_changes_with_any_object_hook_or_refusal() -> None:
    """It is what renders and comparisons are kept under."""
    base = desire([obj("ConfigMap"), hook()], RULES).digest
    assert base != desire([obj("ConfigMap"), hook("other")], RULES).digest
    assert base != desire([obj("ConfigMap", "b"), hook()], RULES).digest
    strict = DesiredRules(instance="guestbook", namespace="shop", scope=scope, permit=lambda *_: "no")
    assert base != desire([obj("ConfigMap"), hook()], strict).digest


def test_an_objects_digest_does_not_know_the_order_of_fields() -> None:
    """Canonical JSON."""
    assert object_digest({"a": 1, "b": 2}) == object_digest({"b": 2, "a": 1})


@given(st.permutations([obj("ConfigMap", n) for n in "abc"] + [hook("x"), hook("y"), obj("Namespace", "n")]))
def test_the_order_of_rendering_does_not_matter(objects: list[Object]) -> None:
    """Total order: the same objects make the same set."""
    assert desire(objects, RULES) == desire(sorted(objects, key=str), RULES)


def test_an_object_without_metadata_is_placed() -> None:
    """What cannot be applied gets its answer later, not a crash here."""
    found = desire([{"apiVersion": "v1", "kind": "ConfigMap"}], RULES)
    assert keys(found) == ["/ConfigMap:shop/"]
