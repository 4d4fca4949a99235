"""Helm options as arguments of `helm template`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.errors import RenderFailed
from common.core.helm_arguments import is_glob, scheme_of, set_value, split_ref, template_arguments
from common.core.model.source import HelmOptions, HelmParameter


def arguments(options: HelmOptions, *, namespace: str = "shop") -> list[str]:
    """The flags, for an application in `shop` on a cluster of version 1.31.2."""
    return template_arguments(
        options,
        namespace=namespace,
        kube_version="1.31.2",
        api_versions=("v1", "apps/v1"),
        environment={"ARGOCD_APP_NAME": "web"},
        value_files=("/tree/a.yaml", "/home/inline.yaml"),
        parameter_files={"script": "/tree/x,y.sh"},
    )


def test_every_option_is_a_flag() -> None:
    """The order of value files is kept; parameters are substituted; CRDs are included by default."""
    options = HelmOptions(
        parameters=(
            HelmParameter(name="a", value="1,2"),
            HelmParameter(name="b", value="$ARGOCD_APP_NAME", force_string=True),
        ),
        skip_schema_validation=True,
        skip_tests=True,
    )
    assert arguments(options) == [
        "--namespace=shop",
        "--kube-version=1.31.2",
        "--set=a=1\\,2",
        "--set-string=b=web",
        "--set-file=script=/tree/x\\,y.sh",
        "--values=/tree/a.yaml",
        "--values=/home/inline.yaml",
        "--api-versions=v1",
        "--api-versions=apps/v1",
        "--include-crds",
        "--skip-schema-validation",
        "--skip-tests",
    ]


def test_the_sources_own_versions_win() -> None:
    """Over the cluster's; and its namespace over the destination's."""
    options = HelmOptions(namespace="own", kube_version="1.29", api_versions=("batch/v1",), skip_crds=True)
    assert arguments(options) == [
        "--namespace=own",
        "--kube-version=1.29",
        "--set-file=script=/tree/x\\,y.sh",
        "--values=/tree/a.yaml",
        "--values=/home/inline.yaml",
        "--api-versions=batch/v1",
    ]


def test_what_is_not_known_is_not_said() -> None:
    """No namespace, no version: helm's own defaults."""
    made = template_arguments(
        HelmOptions(),
        namespace="",
        kube_version="",
        api_versions=(),
        environment={},
        value_files=(),
        parameter_files={},
    )
    assert made == ["--include-crds"]


def test_helm_2_is_refused() -> None:
    """As it renders differently, in silence."""
    with pytest.raises(RenderFailed, match="found v2, expected v3"):
        arguments(HelmOptions(version="v2"))


@pytest.mark.parametrize(
    ("value", "expected"), [("a,b", "a\\,b"), ("{a,b}", "{a,b}"), ("a\\,b", "a\\,b"), (",", "\\,"), ("", "")]
)
def test_commas_belong_to_the_value(value: str, expected: str) -> None:
    """Unless it is a list, or they are escaped already."""
    assert set_value(value) == expected


@given(st.text())
def test_escaping_twice_is_escaping_once(value: str) -> None:
    """A value from an older Application, escaped by hand, stays as it was."""
    assert set_value(set_value(value)) == set_value(value)


@pytest.mark.parametrize(
    ("name", "scheme"), [("https://x/y", "https"), ("S3://x", "s3"), ("a/b.yaml", ""), ("/a://b", "")]
)
def test_addresses_are_told_from_paths(name: str, scheme: str) -> None:
    """By their scheme, in lower case."""
    assert scheme_of(name) == scheme


def test_references_to_other_sources() -> None:
    """`$name/path`."""
    assert split_ref("$values/envs/prod.yaml") == ("values", "envs/prod.yaml")
    assert split_ref("envs/prod.yaml") == ("", "envs/prod.yaml")


def test_patterns_are_told_from_names() -> None:
    """By a wildcard."""
    assert is_glob("envs/*.yaml")
    assert not is_glob("envs/prod.yaml")
