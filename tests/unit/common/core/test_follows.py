"""Which repository-refs an Application follows."""

from __future__ import annotations

from common.core.follows import Followed, followed, follows, ref_digests
from common.core.model.source import ApplicationSource

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _app(*sources: dict[str, str]) -> dict[str, object]:
    return {"metadata": {"name": "a", "namespace": "argocd"}, "spec": {"sources": list(sources)}}


def test_repositories_that_are_spelt_differently_are_one() -> None:
    """One ls-remote serves every spelling of an address."""
    one = Followed(url="https://Git.example.org/shop.git", ref="main")
    other = Followed(url="https://git.example.org/shop", ref="main")
    assert one.digest == other.digest


def test_refs_charts_and_tag_prefixes_are_told_apart() -> None:
    """Whatever leads to another revision has another name."""
    url = "https://example.org/shop"
    every = [
        Followed(url=url, ref="main"),
        Followed(url=url, ref="next"),
        Followed(url=url, ref="main", tag_prefix="shop/"),
        Followed(url=url, ref="main", chart="shop"),
        Followed(url=url, ref="main", chart="other"),
    ]
    assert len({one.digest for one in every}) == len(every)


def test_a_full_commit_id_is_fixed() -> None:
    """A commit never moves; a chart's version may look like one and is asked for all the same."""
    assert Followed(url="u", ref=COMMIT).fixed
    assert not Followed(url="u", ref=COMMIT[:7]).fixed
    assert not Followed(url="u", ref=COMMIT, chart="shop").fixed


def test_an_empty_target_revision_follows_head() -> None:
    """`targetRevision` may be left out."""
    assert followed(ApplicationSource(repo_url="u")).ref == "HEAD"


def test_sources_on_one_ref_are_followed_once() -> None:
    """Each (repository, ref) once, sorted; a source without a repository follows nothing."""
    sources = [
        ApplicationSource(repo_url="b", path="x", target_revision="main"),
        ApplicationSource(repo_url="a", path="x", target_revision="main"),
        ApplicationSource(repo_url="b", path="y", target_revision="main"),
        ApplicationSource(repo_url="", path="z"),
    ]
    assert [one.url for one in follows(sources)] == ["a", "b"]


def test_an_application_is_indexed_by_the_refs_that_can_move() -> None:
    """A fixed commit needs no poll; two spellings of one ref are one entry."""
    moving = {"repoURL": "https://example.org/shop", "targetRevision": "main", "path": "x"}
    again = {"repoURL": "https://example.org/shop.git", "targetRevision": "main", "path": "y"}
    fixed = {"repoURL": "https://example.org/shop", "targetRevision": COMMIT, "path": "z"}
    expected = Followed(url="https://example.org/shop", ref="main").digest
    assert ref_digests(_app(moving, again, fixed)) == (expected,)
