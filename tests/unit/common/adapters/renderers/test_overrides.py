"""Parameters that a repository sets itself."""

from __future__ import annotations

import pytest

from common.adapters.renderers.overrides import merged, with_overrides
from common.core.errors import InvalidManifest
from common.core.model.source import ApplicationSource
from tests.render_fixtures import Workshop


def overridden(workshop: Workshop, options: dict[str, object] | None = None) -> ApplicationSource:
    """The source of a Helm application at `app`, with what the repository says."""
    return with_overrides(workshop.git, workshop.request("Helm", "app", options=options)).source


def test_without_files_the_request_stays_itself(plain_workshop: Workshop) -> None:
    """No copy, no change."""
    plain_workshop.commit({"app/Chart.yaml": "name: x"})
    request = plain_workshop.request("Helm", "app")
    assert with_overrides(plain_workshop.git, request) is request


def test_the_applications_own_file_comes_last(plain_workshop: Workshop) -> None:
    """Over the common file, which is over the Application; another application's is not read."""
    plain_workshop.commit(
        {
            "app/.argocd-source.yaml": "helm: {releaseName: common, valueFiles: [a.yaml]}\n",
            "app/.argocd-source-web.yaml": "helm: {releaseName: own}\n",
            "app/.argocd-source-other.yaml": "helm: {releaseName: other}\n",
        }
    )
    made = overridden(plain_workshop, {"releaseName": "spec", "skipCrds": True}).helm
    assert made is not None
    assert (made.release_name, made.value_files, made.skip_crds) == ("own", ("a.yaml",), True)


def test_where_the_source_is_cannot_be_changed(plain_workshop: Workshop) -> None:
    """Only its parameters."""
    plain_workshop.commit({"app/.argocd-source.yaml": "repoURL: https://evil.example\npath: ../../x\n"})
    made = overridden(plain_workshop)
    assert (made.repo_url, made.path) == ("https://git.example/shop.git", "app")


@pytest.mark.parametrize("text", ["- a\n", "helm: {parameters: 7}\n", "helm: [\n"])
def test_what_is_wrong_is_named_by_file(plain_workshop: Workshop, text: str) -> None:
    """Not passed over."""
    plain_workshop.commit({"app/.argocd-source.yaml": text})
    with pytest.raises(InvalidManifest, match=r"\.argocd-source\.yaml"):
        overridden(plain_workshop)


def test_merge_patches() -> None:
    """RFC 7386: mappings merge, null removes, anything else replaces."""
    assert merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": None, "e": {"f": None}}, "d": [2]}) == {
        "a": {"c": 2, "e": {}},
        "d": [2],
    }
    assert merged(7, {"a": 1}) == {"a": 1}
