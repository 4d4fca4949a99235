"""Addresses: taken apart, shown, and what a mirror is called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.adapters.git.addresses import mirror_name, parse, shown
from common.core.access import RepositoryAccess, Secret
from common.core.errors import UnsupportedRepository


@pytest.mark.parametrize(
    ("url", "scheme", "clean", "user", "password"),
    [
        ("https://host/a.git", "https", "https://host/a.git", "", ""),
        ("https://u:p@host:8443/a.git", "https", "https://host:8443/a.git", "u", "p"),
        ("http://[::1]:80/a", "http", "http://[::1]:80/a", "", ""),
        ("ssh://host/a.git", "ssh", "ssh://git@host/a.git", "git", ""),
        ("ssh://me@host:22/a.git", "ssh", "ssh://me@host:22/a.git", "me", ""),
        ("git@github.com:org/repo.git", "ssh", "git@github.com:org/repo.git", "git", ""),
        ("host:org/repo", "ssh", "git@host:org/repo", "git", ""),
    ],
)
def test_addresses_are_taken_apart(url: str, scheme: str, clean: str, user: str, password: str) -> None:
    """The part that is sent to the transport has no password."""
    found = parse(url, allow_local=False)
    assert (found.scheme, found.url, found.username, found.password) == (scheme, clean, user, password)


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "ext::sh",
        "ftp://h/x",
        "file:///x",
        "/x",
        "https:///x",
        "https://h/a b",
        "https://h:x/a",
        "-x:y",
    ],
)
def test_what_is_no_address(url: str) -> None:
    """Another scheme, no host, blanks, options in disguise."""
    with pytest.raises(UnsupportedRepository):
        parse(url, allow_local=False)


@given(st.text(), st.booleans())
def test_any_text_is_an_address_or_refused(text: str, local: bool) -> None:
    """No other error, whatever a user writes."""
    try:
        parse(text, allow_local=local)
    except UnsupportedRepository:
        return


def test_what_is_shown_has_no_credentials() -> None:
    """In both forms of address."""
    assert shown("https://u:p@host/x") == "https://host/x"
    assert shown("https://token@host/x") == "https://host/x"
    assert shown("git@host:x") == "git@host:x"


def test_mirrors_by_owner() -> None:
    """The same repository with credentials of a project, of everybody, and without any: three mirrors."""
    url = "https://host/x.git"
    accesses = [
        RepositoryAccess(url=url),
        RepositoryAccess(url=url, password=Secret("p")),
        RepositoryAccess(url=url, password=Secret("p"), project="team"),
    ]
    assert len({mirror_name(a) for a in accesses}) == 3
    assert mirror_name(accesses[1]) == mirror_name(
        RepositoryAccess(url="https://host/x", password=Secret("new"))
    )
