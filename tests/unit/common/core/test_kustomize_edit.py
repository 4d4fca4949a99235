"""An Application's Kustomize options, written as `kustomize edit` would."""

from __future__ import annotations

from typing import Any

import pytest

from common.core.errors import InvalidInput, RenderFailed
from common.core.kustomize_edit import changes_anything, edited, image_entry
from common.core.model.source import KustomizeOptions, KustomizeReplica


def edit(document: dict[str, Any], options: KustomizeOptions, *, there: bool = True) -> dict[str, Any]:
    """The kustomization after the edit."""
    return edited(document, options, environment={"ARGOCD_APP_NAME": "web"}, exists=lambda _: there)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx:1.2", {"name": "nginx", "newTag": "1.2"}),
        ("nginx@sha256:ab", {"name": "nginx", "digest": "sha256:ab"}),
        ("nginx=mirror.example:5000/nginx", {"name": "nginx", "newName": "mirror.example:5000/nginx"}),
        ("nginx=other:2", {"name": "nginx", "newName": "other", "newTag": "2"}),
        ("mirror.example:5000/nginx:2", {"name": "mirror.example:5000/nginx", "newTag": "2"}),
        ("nginx=other@sha256:ab", {"name": "nginx", "newName": "other", "digest": "sha256:ab"}),
        (
            "nginx=other:2@sha256:ab",
            {"name": "nginx", "newName": "other", "newTag": "2", "digest": "sha256:ab"},
        ),
        ("nginx=*:2", {"name": "nginx", "newName": "*", "newTag": "2"}),
    ],
)
def test_images_are_read_in_every_form(text: str, expected: dict[str, str]) -> None:
    """`[name=]image[:tag|@digest]`, where a port is no tag."""
    assert image_entry(text) == expected


@pytest.mark.parametrize("text", ["", "=nginx:1", "nginx=", "@sha256:ab"])
def test_an_image_without_a_name_is_refused(text: str) -> None:
    """Named with what was expected."""
    with pytest.raises(InvalidInput, match=r"kustomize\.images"):
        image_entry(text)


def test_images_replace_entries_of_the_same_name() -> None:
    """Sorted by name; `*` keeps what the kustomization says of that part."""
    document = {"images": [{"name": "b", "newTag": "1"}, {"name": "a", "newName": "mirror/a", "newTag": "1"}]}
    options = KustomizeOptions(images=("a=*:2", "c:3", "b=x:*"))
    assert edit(document, options)["images"] == [
        {"name": "a", "newName": "mirror/a", "newTag": "2"},
        {"name": "b", "newName": "x", "newTag": "1"},
        {"name": "c", "newTag": "3"},
    ]


def test_a_kept_part_that_is_not_there_is_left_out() -> None:
    """`*` without an entry before it means nothing."""
    assert edit({}, KustomizeOptions(images=("a=*:2",)))["images"] == [{"name": "a", "newTag": "2"}]


def test_prefix_suffix_and_namespace_replace() -> None:
    """They are not put on top of the kustomization's own."""
    document = {"namePrefix": "old-", "namespace": "old", "resources": ["a.yaml"]}
    assert edit(document, KustomizeOptions(name_prefix="new-", name_suffix="-x", namespace="n")) == {
        "namePrefix": "new-",
        "nameSuffix": "-x",
        "namespace": "n",
        "resources": ["a.yaml"],
    }
    assert document["namePrefix"] == "old-"


def test_replicas_replace_by_name() -> None:
    """A number may come as text."""
    document = {"replicas": [{"name": "web", "count": 1}, {"name": "db", "count": 1}]}
    options = KustomizeOptions(replicas=(KustomizeReplica(name="web", count="3"),))
    assert edit(document, options)["replicas"] == [{"name": "db", "count": 1}, {"name": "web", "count": 3}]


def test_replicas_that_are_no_number_are_refused() -> None:
    """Named with the workload."""
    with pytest.raises(InvalidInput, match="many"):
        edit({}, KustomizeOptions(replicas=(KustomizeReplica(name="web", count="many"),)))


def test_labels_are_added_with_selectors_by_default() -> None:
    """As `commonLabels`, beside those that are there."""
    made = edit({"commonLabels": {"a": "1"}}, KustomizeOptions(common_labels={"b": "2"}))
    assert made["commonLabels"] == {"a": "1", "b": "2"}


def test_a_label_that_is_there_needs_force() -> None:
    """The error names the option that replaces it."""
    document = {"commonLabels": {"a": "1"}}
    with pytest.raises(RenderFailed, match="a is already in the kustomization; forceCommonLabels"):
        edit(document, KustomizeOptions(common_labels={"a": "2"}))
    forced = edit(document, KustomizeOptions(common_labels={"a": "2"}, force_common_labels=True))
    assert forced["commonLabels"] == {"a": "2"}


def test_labels_without_selectors() -> None:
    """As an entry of `labels`; into templates only where asked."""
    options = KustomizeOptions(common_labels={"a": "1"}, label_without_selector=True)
    assert edit({}, options)["labels"] == [{"pairs": {"a": "1"}, "includeSelectors": False}]
    options = KustomizeOptions(
        common_labels={"a": "1"},
        label_without_selector=True,
        label_include_templates=True,
        force_common_labels=True,
    )
    document = {"labels": [{"pairs": {"a": "0"}}, {"pairs": {"a": "0", "b": "1"}, "includeSelectors": True}]}
    assert edit(document, options)["labels"] == [
        {"pairs": {"b": "1"}, "includeSelectors": True},
        {"pairs": {"a": "1"}, "includeSelectors": False, "includeTemplates": True},
    ]


def test_annotations_are_substituted_only_where_asked() -> None:
    """`commonAnnotationsEnvsubst`."""
    options = KustomizeOptions(common_annotations={"app": "$ARGOCD_APP_NAME"})
    assert edit({}, options)["commonAnnotations"] == {"app": "$ARGOCD_APP_NAME"}
    options = KustomizeOptions(
        common_annotations={"app": "$ARGOCD_APP_NAME"}, common_annotations_envsubst=True
    )
    assert edit({}, options)["commonAnnotations"] == {"app": "web"}


def test_an_annotation_that_is_there_needs_force() -> None:
    """As with labels."""
    document = {"commonAnnotations": {"a": "1"}}
    with pytest.raises(RenderFailed, match="forceCommonAnnotations"):
        edit(document, KustomizeOptions(common_annotations={"a": "2"}))
    forced = edit(document, KustomizeOptions(common_annotations={"a": "2"}, force_common_annotations=True))
    assert forced["commonAnnotations"] == {"a": "2"}


def test_patches_and_components_come_after_the_kustomizations_own() -> None:
    """Their order decides what wins."""
    options = KustomizeOptions(
        patches=({"patch": "inline", "path": "", "target": {"kind": "Deployment"}},), components=("../c",)
    )
    made = edit({"patches": [{"path": "a.yaml"}], "components": ["../b"]}, options)
    assert made["patches"] == [{"path": "a.yaml"}, {"patch": "inline", "target": {"kind": "Deployment"}}]
    assert made["components"] == ["../b", "../c"]


def test_missing_components_may_be_ignored() -> None:
    """Only where asked; then nothing is added."""
    options = KustomizeOptions(components=("../c",), ignore_missing_components=True)
    assert edit({}, options, there=False) == {}
    assert edit({}, KustomizeOptions(components=("../c",)), there=False) == {"components": ["../c"]}


def test_options_that_change_nothing_need_no_other_tree() -> None:
    """Only what is written counts; build options do not."""
    assert not changes_anything(KustomizeOptions(kube_version="1.31", force_common_labels=True))
    assert changes_anything(KustomizeOptions(images=("a:1",)))
