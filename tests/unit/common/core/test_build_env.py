"""The build environment of a source, and its substitution."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.build_env import build_environment, mentioned, substitute
from common.core.keys import Revision

ENVIRONMENT = {"ARGOCD_APP_NAME": "web", "EMPTY": ""}


def test_every_documented_variable_is_there() -> None:
    """The names and the cuts of the revision are the documented ones."""
    assert build_environment(
        app_name="web",
        namespace="shop",
        project="default",
        revision=Revision("f913b6cbf58aa5ae5ca1f8a2b149477aebcbd9d8"),
        repo_url="https://git.example/shop.git",
        path="apps/web",
        target_revision="main",
        kube_version="1.31.2",
        api_versions=("v1", "apps/v1"),
    ) == {
        "ARGOCD_APP_NAME": "web",
        "ARGOCD_APP_NAMESPACE": "shop",
        "ARGOCD_APP_PROJECT_NAME": "default",
        "ARGOCD_APP_REVISION": "f913b6cbf58aa5ae5ca1f8a2b149477aebcbd9d8",
        "ARGOCD_APP_REVISION_SHORT": "f913b6c",
        "ARGOCD_APP_REVISION_SHORT_8": "f913b6cb",
        "ARGOCD_APP_SOURCE_PATH": "apps/web",
        "ARGOCD_APP_SOURCE_REPO_URL": "https://git.example/shop.git",
        "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
        "KUBE_VERSION": "1.31.2",
        "KUBE_API_VERSIONS": "v1,apps/v1",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$ARGOCD_APP_NAME", "web"),
        ("${ARGOCD_APP_NAME}-x", "web-x"),
        ("a-$ARGOCD_APP_NAME.b", "a-web.b"),
        ("$$ARGOCD_APP_NAME", "$ARGOCD_APP_NAME"),
        ("$UNKNOWN!", "!"),
        ("${EMPTY}", ""),
        ("${}", ""),
        ("${open", "open"),
        ("costs 5$", "costs 5$"),
        ("$ x", "$ x"),
        ("$(X)", "$(X)"),
        ("$1", ""),
    ],
)
def test_references_are_replaced_as_go_does(text: str, expected: str) -> None:
    """`os.Expand` with `$$` as the escape; unknown names are empty."""
    assert substitute(text, ENVIRONMENT) == expected


@given(st.text(alphabet=st.characters(exclude_characters="$")))
def test_text_without_a_dollar_is_left_alone(text: str) -> None:
    """Nothing but references is touched."""
    assert substitute(text, ENVIRONMENT) == text


@given(st.text())
def test_doubled_dollars_protect_any_text(text: str) -> None:
    """`$$` for each `$` gives the text back."""
    assert substitute(text.replace("$", "$$"), ENVIRONMENT) == text


def test_mentioned_variables_are_found() -> None:
    """What decides whether a new revision alone makes a render old."""
    assert mentioned(["$A ${B}", "$$C", "none", "${}"]) == frozenset({"A", "B"})
