"""What transports say, as errors of ours, without secrets."""

from __future__ import annotations

import pytest

from common.adapters.git.faults import translate, without_secrets
from common.core.access import RepositoryAccess, Secret
from common.core.errors import (
    GitError,
    RefNotFound,
    RepositoryAuthFailed,
    RepositoryNotFound,
    RepositoryUnreachable,
    RepositoryUntrusted,
)

ACCESS = RepositoryAccess(
    url="https://ada:in-url@host/x.git",
    password=Secret("pa55"),
    bearer_token=Secret("t0ken"),
    proxy="http://u:prox@p:1",
)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("unexpected http status code: 404", RepositoryNotFound),
        (
            "remote: Repository not found.\nfatal: repository 'https://host/x.git/' not found",
            RepositoryNotFound,
        ),
        ("ERROR: Repository not found.\nfatal: Could not read from remote repository.", RepositoryNotFound),
        ("fatal: '/x' does not appear to be a git repository", RepositoryNotFound),
        (
            "remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://host/'",
            RepositoryAuthFailed,
        ),
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", RepositoryAuthFailed),
        ("The requested URL returned error: 403", RepositoryAuthFailed),
        ("git@host: Permission denied (publickey).", RepositoryAuthFailed),
        ("Host key verification failed.", RepositoryUntrusted),
        ("server certificate verification failed. CAfile: none", RepositoryUntrusted),
        ("the SSL certificate is invalid", RepositoryUntrusted),
        ("fatal: remote error: upload-pack: not our ref 1111", RefNotFound),
        ("fatal: couldn't find remote ref refs/heads/x", RefNotFound),
        ("unexpected http status code: 503", RepositoryUnreachable),
        ("fatal: Could not resolve host: h", RepositoryUnreachable),
        ("something new", RepositoryUnreachable),
    ],
)
def test_words_become_types(words: str, error: type[GitError]) -> None:
    """What is retried depends on the type alone, so each wording is held to one."""
    assert type(translate(ACCESS, words)) is error


def test_messages_have_no_secrets() -> None:
    """Whatever the server repeats; one line, bounded."""
    said = "denied for pa55 and t0ken at https://ada:in-url@host/x.git via http://u:prox@p:1\n" + "x" * 1000
    text = str(translate(ACCESS, said))
    assert not any(secret in text for secret in ("pa55", "t0ken", "in-url", "prox@"))
    assert "\n" not in text
    assert len(without_secrets(ACCESS, said)) == 400
