"""Tracking: formats that existing installations carry, and whose an object is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.errors import InvalidInput
from common.core.keys import AppKey, Object, ObjectKey
from common.core.tracking import (
    TrackingId,
    TrackingMethod,
    TrackingSettings,
    app_of_instance,
    instance_name,
    is_ours,
    label_value,
    other_owner,
    owner_of,
    renamed,
    track,
)

ANNOTATION = "argocd.argoproj.io/tracking-id"
LABEL = TrackingSettings(method=TrackingMethod.LABEL)
BOTH = TrackingSettings(method=TrackingMethod.ANNOTATION_AND_LABEL)


def deployment(**meta: object) -> Object:
    """A minimal Deployment."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", **meta},
    }


def namespace() -> Object:
    """A minimal cluster-scoped object."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


def test_the_tracking_id_names_the_object() -> None:
    """Argo CD's format: app:group/Kind:namespace/name."""
    made = track(deployment(), "guestbook", "elsewhere")
    assert made["metadata"]["annotations"] == {ANNOTATION: "guestbook:apps/Deployment:shop/web"}


def test_a_cluster_scoped_object_carries_the_destination_namespace() -> None:
    """Argo CD fills the empty namespace in the tracking-id only."""
    made = track(namespace(), "guestbook", "shop")
    assert made["metadata"]["annotations"][ANNOTATION] == "guestbook:/Namespace:shop/shop"
    assert "namespace" not in made["metadata"]
    assert is_ours(made, "guestbook")


def test_tracking_leaves_the_given_object_alone() -> None:
    """Values go in, values come out."""
    given_object = deployment(annotations={"a": "b"})
    made = track(given_object, "guestbook", "shop")
    assert given_object == deployment(annotations={"a": "b"})
    assert made["metadata"]["annotations"]["a"] == "b"


def test_an_object_without_metadata_can_be_tracked() -> None:
    """Even a broken object gets its answer from the API server, not from us."""
    made = track({"apiVersion": "v1", "kind": "X"}, "a", "b", LABEL)
    assert made["metadata"] == {"labels": {"app.kubernetes.io/instance": "a"}}


def test_the_label_method_writes_only_the_label() -> None:
    """application.resourceTrackingMethod: label."""
    made = track(deployment(), "guestbook", "shop", LABEL)
    assert made["metadata"]["labels"] == {"app.kubernetes.io/instance": "guestbook"}
    assert "annotations" not in made["metadata"]


def test_annotation_and_label_writes_both() -> None:
    """application.resourceTrackingMethod: annotation+label."""
    meta = track(deployment(), "guestbook", "shop", BOTH)["metadata"]
    assert meta["labels"] == {"app.kubernetes.io/instance": "guestbook"}
    assert meta["annotations"] == {ANNOTATION: "guestbook:apps/Deployment:shop/web"}


def test_the_installation_id_is_written_and_asked_for() -> None:
    """Two installations on one cluster leave each other's objects alone."""
    mine = TrackingSettings(installation_id="one")
    made = track(deployment(), "guestbook", "shop", mine)
    assert made["metadata"]["annotations"]["argocd.argoproj.io/installation-id"] == "one"
    assert is_ours(made, "guestbook", mine)
    assert not is_ours(made, "guestbook", TrackingSettings(installation_id="two"))
    assert not is_ours(made, "guestbook", TrackingSettings())


def test_a_long_name_is_cut_to_a_valid_label() -> None:
    """A label's value has at most 63 characters and ends in a letter or digit."""
    assert label_value("a" * 60 + "--.bcd") == "a" * 60
    assert label_value("a" * 63) == "a" * 63


def test_an_object_with_an_owner_is_nobodys() -> None:
    """What a controller made is the controller's, whatever annotations it inherited."""
    made = track(deployment(ownerReferences=[{"uid": "1"}]), "guestbook", "shop")
    assert owner_of(made) == ""


def test_an_inherited_tracking_id_does_not_count() -> None:
    """A ReplicaSet carries its Deployment's annotation."""
    made = track(deployment(), "guestbook", "shop")
    inherited = {**made, "kind": "ReplicaSet"}
    assert owner_of(inherited) == ""
    assert not is_ours(inherited, "guestbook")


def test_a_namespaced_object_in_another_namespace_does_not_count() -> None:
    """A copied object is not ours."""
    made = track(deployment(), "guestbook", "shop")
    moved = {**made, "metadata": {**made["metadata"], "namespace": "copy"}}
    assert owner_of(moved) == ""


@pytest.mark.parametrize("text", ["", "guestbook", "guestbook:apps/Deployment", ":apps/Deployment:shop/web"])
def test_a_malformed_tracking_id_is_nobodys(text: str) -> None:
    """A broken annotation never makes an object prunable."""
    assert owner_of(deployment(annotations={ANNOTATION: text})) == ""
    with pytest.raises(InvalidInput):
        TrackingId.parse(text)


def test_by_label_the_label_decides() -> None:
    """The label method has no way to tell whether a label was inherited."""
    made = deployment(labels={"app.kubernetes.io/instance": "guestbook"})
    assert is_ours(made, "guestbook", LABEL)
    assert not is_ours(made, "other", LABEL)
    assert not is_ours(deployment(), "", LABEL)


def test_nobodys_object_is_not_ours_even_without_a_name() -> None:
    """The empty instance name matches nothing."""
    assert not is_ours(deployment(), "")


def test_another_applications_object_is_named() -> None:
    """SharedResourceWarning says who else has it."""
    made = track(deployment(), "guestbook", "shop")
    assert other_owner(made, "guestbook") == ""
    assert other_owner(made, "shop-app") == "guestbook"
    assert other_owner(deployment(), "guestbook") == ""


def test_applications_outside_the_home_namespace_carry_their_namespace() -> None:
    """Argo CD's applications in any namespace: namespace_name."""
    assert instance_name(AppKey("argocd", "guestbook"), "argocd") == "guestbook"
    assert instance_name(AppKey("team", "guestbook"), "argocd") == "team_guestbook"


names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


@given(names, names)
def test_an_instance_name_reads_back(space: str, name: str) -> None:
    """app_of_instance is the inverse of instance_name."""
    key = AppKey(space, name)
    assert app_of_instance(instance_name(key, "argocd"), "argocd") == key


@given(
    names, st.sampled_from(["", "apps", "a.b.io"]), names, names, st.from_regex(r"[a-z:]+", fullmatch=True)
)
def test_a_tracking_id_reads_back(app: str, group: str, kind: str, space: str, name: str) -> None:
    """Round trip, RBAC names with colons included."""
    made = TrackingId(app, ObjectKey(group, kind, space, name))
    assert TrackingId.parse(str(made)) == made


def test_a_renamed_object_is_tracked_under_its_new_name() -> None:
    """What got a name in place of `generateName` is its application's, as any other object."""
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "it-", "namespace": "ns"}}
    named = renamed(track(made, "web", "ns"), "it-1")
    assert named["metadata"]["name"] == "it-1"
    assert "generateName" not in named["metadata"]
    assert owner_of(named) == "web"


def test_a_renamed_object_without_annotation_gets_none() -> None:
    """Tracking by label names no object."""
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "it-", "namespace": "ns"}}
    assert "annotations" not in renamed(track(made, "web", "ns", LABEL), "it-1")["metadata"]
