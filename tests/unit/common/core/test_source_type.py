"""Which renderer a source is for."""

from __future__ import annotations

import pytest

from common.core.errors import InvalidInput
from common.core.model.source import (
    ApplicationSource,
    DirectoryOptions,
    HelmOptions,
    KustomizeOptions,
    PluginOptions,
)
from common.core.source_type import detect


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (set(), "Directory"),
        ({"Chart.yaml"}, "Helm"),
        ({"kustomization.yaml"}, "Kustomize"),
        ({"kustomization.yml"}, "Kustomize"),
        ({"Kustomization"}, "Kustomize"),
        ({"Kustomization", "Chart.yaml"}, "Helm"),
    ],
)
def test_what_lies_there_decides(present: set[str], expected: str) -> None:
    """A chart before a kustomization before plain files."""
    assert detect(ApplicationSource(repo_url="r"), present) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (ApplicationSource(repo_url="r", helm=HelmOptions()), "Helm"),
        (ApplicationSource(repo_url="r", kustomize=KustomizeOptions()), "Kustomize"),
        (ApplicationSource(repo_url="r", directory=DirectoryOptions()), "Directory"),
        (ApplicationSource(repo_url="r", plugin=PluginOptions()), "Plugin"),
        (ApplicationSource(repo_url="r", chart="nginx"), "Helm"),
    ],
)
def test_what_the_source_says_decides_first(source: ApplicationSource, expected: str) -> None:
    """Whatever lies there."""
    assert detect(source, {"Chart.yaml", "kustomization.yaml"}) == expected


def test_two_types_are_an_error() -> None:
    """It names both."""
    source = ApplicationSource(repo_url="r", helm=HelmOptions(), directory=DirectoryOptions())
    with pytest.raises(InvalidInput, match=r"Helm, Directory"):
        detect(source, ())
