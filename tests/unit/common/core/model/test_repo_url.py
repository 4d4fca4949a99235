"""Spellings of one repository's address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.model.repo_url import is_below, normalise_repo_url


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://Example.com/Org/Repo.git", "https://example.com/Org/Repo"),
        ("HTTPS://example.com:443/a/", "https://example.com/a"),
        ("https://user:secret@example.com/a.git/", "https://example.com/a"),
        ("http://example.com:8080/a", "http://example.com:8080/a"),
        ("git@Example.com:org/repo.git", "ssh://git@example.com/org/repo"),
        ("ssh://git@example.com:22/org/repo", "ssh://git@example.com/org/repo"),
        ("ssh://git@example.com:2222/org/repo", "ssh://git@example.com:2222/org/repo"),
        ("example.com:org/repo", "ssh://example.com/org/repo"),
        ("git@[::1]:a", "ssh://git@[::1]/a"),
        ("https://[::1]:8443/a", "https://[::1]:8443/a"),
        ("  oci://registry.example.com/charts  ", "oci://registry.example.com/charts"),
        ("registry.example.com/charts/", "registry.example.com/charts"),
        ("https://dev.azure.com/a/_git/b?version=1", "https://dev.azure.com/a/_git/b?version=1"),
        ("https://example.com:port/a.git", "https://example.com:port/a"),
        ("file:///srv/git/a.git", "file:///srv/git/a"),
        ("*", "*"),
    ],
)
def test_one_spelling(url: str, same: str) -> None:
    """Scheme, host, port, credentials and a `.git` make no difference; the path's case does."""
    assert normalise_repo_url(url) == same


@given(st.text(alphabet="aB./:@?[]git ", max_size=20))
def test_normalising_twice_changes_nothing(url: str) -> None:
    """Whatever the text is."""
    once = normalise_repo_url(f"https://h/{url}")
    assert normalise_repo_url(once) == once


@pytest.mark.parametrize(
    ("url", "prefix", "below"),
    [
        ("https://example.com/team/a", "https://example.com/team", True),
        ("https://example.com/team-b/a", "https://example.com/team", True),
        ("https://example.com/Team/a", "https://EXAMPLE.com/team", True),
        ("https://example.com/a", "https://example.com", True),
        ("https://example.com", "https://example.com", True),
        ("https://example.com.elsewhere.net/a", "https://example.com", False),
        ("https://example.com/a", "https://example.com/b", False),
        ("https://example.com/a", "", False),
    ],
)
def test_prefixes(url: str, prefix: str, below: bool) -> None:
    """A path may end anywhere, a host may not: another host never gets this one's credentials."""
    assert is_below(url, prefix) is below
