"""What libgit2 and the git command say, as errors of ours. Neither gives codes for most of it, so their
words are matched here and nowhere else; the tests hold them to the real ones.
"""

from __future__ import annotations

import re

from common.adapters.git.addresses import shown
from common.core.access import RepositoryAccess
from common.core.errors import (
    GitError,
    RefNotFound,
    RepositoryAuthFailed,
    RepositoryNotFound,
    RepositoryUnreachable,
    RepositoryUntrusted,
)

_LONGEST_MESSAGE = 400

_RULES: tuple[tuple[type[GitError], tuple[str, ...]], ...] = (
    (
        RepositoryUntrusted,
        (
            r"host key verification failed",
            r"host identification has changed",
            r"host key is known",
            r"certificate",
            r"no matching host key",
        ),
    ),
    (
        RepositoryAuthFailed,
        (
            r"authentication (failed|required)",
            r"requires authentication",
            r"too many redirects or authentication",
            r"could not read (username|password)",
            r"permission denied",
            r"access denied",
            r"status code: 40[13]",
            r"returned error: 40[13]",
            r"invalid credentials",
        ),
    ),
    (RefNotFound, (r"not our ref", r"couldn't find remote ref", r"unadvertised object")),
    (
        RepositoryNotFound,
        (
            r"status code: 404",
            r"returned error: 404",
            r"repository .{0,300}not found",
            r"does not appear to be a git repository",
            r"no such file or directory",
            r"could not find repository",
            r"does not exist",
            r"not a git repository",
        ),
    ),
)
_PATTERNS = tuple((re.compile("|".join(words), re.IGNORECASE), error) for error, words in _RULES)


def translate(repo: RepositoryAccess, words: str) -> GitError:
    """The error of ours for what the transport said; unknown words count as unreachable (retried)."""
    cleaned = without_secrets(repo, words)
    for pattern, error in _PATTERNS:
        if pattern.search(cleaned):
            return error(f"{shown(repo.url)}: {cleaned}")
    return RepositoryUnreachable(f"{shown(repo.url)}: {cleaned}")


def without_secrets(repo: RepositoryAccess, words: str) -> str:
    """The words on one line, bounded, without the repository's secrets and credentials in addresses."""
    text = " ".join(words.split())
    for secret in (repo.password, repo.bearer_token, repo.ssh_private_key, repo.tls_client_key):
        if secret:
            text = text.replace(secret.reveal(), "***")
    text = re.sub(r"//[^/@\s']*@", "//", text)
    if repo.proxy:
        text = text.replace(repo.proxy, shown(repo.proxy))
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[: _LONGEST_MESSAGE - 3]}..."
