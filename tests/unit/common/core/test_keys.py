"""Identities and their one text form each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.errors import InvalidInput
from common.core.keys import AppKey, GroupKind, GroupVersionKind, ObjectKey, gvk_of, key_of

NAMES = st.text(st.characters(codec="ascii", categories=("Ll", "Nd")), min_size=1, max_size=12)


@given(NAMES, NAMES)
def test_an_application_key_is_read_back_from_its_text(namespace: str, name: str) -> None:
    """Text and key are two forms of the same."""
    assert AppKey.parse(f"{namespace}/{name}") == AppKey(namespace, name)
    assert str(AppKey(namespace, name)) == f"{namespace}/{name}"


@pytest.mark.parametrize("text", ["", "name", "/name", "namespace/", "a/b/c"])
def test_an_application_key_has_two_parts(text: str) -> None:
    """Anything else is refused with what was expected."""
    with pytest.raises(InvalidInput, match="expected namespace/name"):
        AppKey.parse(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("apps/Deployment", GroupKind("apps", "Deployment")), ("/ConfigMap", GroupKind("", "ConfigMap"))],
)
def test_a_kind_is_read_back_from_its_text(text: str, kind: GroupKind) -> None:
    """The core group is empty."""
    assert GroupKind.parse(text) == kind
    assert str(kind) == text


@pytest.mark.parametrize("text", ["", "Deployment", "apps/", "a/b/c"])
def test_a_kind_has_a_group_and_a_name(text: str) -> None:
    """Anything else is refused with what was expected."""
    with pytest.raises(InvalidInput, match="expected group/Kind"):
        GroupKind.parse(text)


@given(st.one_of(st.just(""), NAMES), NAMES, st.one_of(st.just(""), NAMES), NAMES)
def test_an_object_key_is_read_back_from_its_text(group: str, kind: str, namespace: str, name: str) -> None:
    """Text and key are two forms of the same."""
    key = ObjectKey(group, kind, namespace, name)
    assert ObjectKey.parse(str(key)) == key


def test_an_object_s_name_may_hold_a_colon() -> None:
    """RBAC's names do; the first colon separates."""
    key = ObjectKey.parse("rbac.authorization.k8s.io/ClusterRole:/system:node")
    assert key == ObjectKey("rbac.authorization.k8s.io", "ClusterRole", "", "system:node")
    assert key.group_kind == GroupKind("rbac.authorization.k8s.io", "ClusterRole")


@pytest.mark.parametrize(
    "text", ["", "apps/Deployment", "Deployment:ns/name", "apps/:ns/name", "apps/D:name", "apps/D:ns/"]
)
def test_an_object_key_has_all_its_parts(text: str) -> None:
    """Anything else is refused with what was expected."""
    with pytest.raises(InvalidInput, match="expected group/Kind:namespace/name"):
        ObjectKey.parse(text)


def test_a_version_is_left_out_of_an_identity() -> None:
    """An object that only changes its version stays the same object."""
    old = {"apiVersion": "apps/v1beta2", "kind": "Deployment", "metadata": {"namespace": "a", "name": "b"}}
    new = {**old, "apiVersion": "apps/v1"}
    assert key_of(old) == key_of(new) == ObjectKey("apps", "Deployment", "a", "b")
    assert gvk_of(new) == GroupVersionKind("apps", "v1", "Deployment")


def test_the_core_group_has_no_prefix_in_an_api_version() -> None:
    """`v1` is version v1 of the core group."""
    assert GroupVersionKind.of("v1", "Pod") == GroupVersionKind("", "v1", "Pod")
    assert GroupVersionKind("", "v1", "Pod").api_version == "v1"
    assert GroupVersionKind("apps", "v1", "Deployment").api_version == "apps/v1"
    assert GroupVersionKind("apps", "v1", "Deployment").group_kind == GroupKind("apps", "Deployment")


def test_an_object_that_says_nothing_has_an_empty_identity() -> None:
    """Nothing is made up."""
    assert key_of({}) == ObjectKey("", "", "", "")
