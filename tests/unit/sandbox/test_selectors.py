"""Label and field selectors in their text form, and LabelSelector objects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.selectors import BadSelector, extra_fields, label_selector, match_selector, selector_text

WEB = {"app": "web", "tier": "front", "weight": "7"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("app=web", True),
        ("app==web", True),
        ("app = web", True),
        ("app=db", False),
        ("app!=db", True),
        ("none!=x", True),
        ("app in (web, db)", True),
        ("app in (db)", False),
        ("app notin (db)", True),
        ("none notin (x)", True),
        ("app", True),
        ("!app", False),
        ("!none", True),
        ("app,tier=front", True),
        ("app in (web,db),tier=back", False),
        ("weight>5", True),
        ("weight<5", False),
        ("app>5", False),
        ("example.com/part-of=", False),
    ],
)
def test_label_selectors(text: str, matches: bool) -> None:
    """The grammar of kubernetes.io's "Labels and Selectors"; a missing label is unequal to everything."""
    test = label_selector(text)
    assert test is not None
    assert test(WEB) is matches


def test_an_empty_selector_is_no_test() -> None:
    """Everything passes."""
    assert label_selector(" ") is None


@pytest.mark.parametrize("text", ["a b", "a in b", "=x", "a,,b", "a=b=c d"])
def test_what_is_no_selector_is_refused(text: str) -> None:
    """Never read as something else."""
    with pytest.raises(BadSelector):
        label_selector(text)


def test_selector_objects() -> None:
    """All labels and expressions must hold; no selector at all matches nothing, an empty one everything."""
    rules = [
        {"key": "app", "operator": "In", "values": ["web"]},
        {"key": "tier", "operator": "NotIn", "values": ["back"]},
        {"key": "weight", "operator": "Exists"},
        {"key": "none", "operator": "DoesNotExist"},
    ]
    assert match_selector({"matchLabels": {"app": "web"}, "matchExpressions": rules}, WEB)
    assert not match_selector({"matchLabels": {"app": "db"}}, WEB)
    assert not match_selector({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, WEB)
    assert match_selector({}, WEB)
    assert not match_selector(None, WEB)


def test_selector_objects_have_a_text_form() -> None:
    """As a scale's status has it."""
    rules = [
        {"key": "b", "operator": "NotIn", "values": ["2", "1"]},
        {"key": "c", "operator": "Exists"},
        {"key": "d", "operator": "DoesNotExist"},
    ]
    selector = {"matchLabels": {"z": "1", "a": "2"}, "matchExpressions": rules}
    assert selector_text(selector) == "a=2,z=1,b notin (1,2),c,!d"
    assert selector_text(None) == ""


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.from_regex(r"[a-z0-9]{1,5}", fullmatch=True)
    )
)
def test_labels_match_their_own_text(labels: dict[str, str]) -> None:
    """The text form of matchLabels, read again, matches those labels."""
    test = label_selector(selector_text({"matchLabels": labels}))
    assert test is None if not labels else test is not None and test(labels)


def test_selectable_fields() -> None:
    """A kind's extra fields as text; absent ones are empty."""
    pod = {"spec": {"nodeName": "n"}, "status": {}}
    found = extra_fields(("", "pods"), pod)
    assert (found["spec.nodeName"], found["status.phase"]) == ("n", "")
    assert extra_fields(("", "nodes"), {"spec": {"unschedulable": True}}) == {"spec.unschedulable": "true"}
    assert extra_fields(("", "configmaps"), {}) == {}
