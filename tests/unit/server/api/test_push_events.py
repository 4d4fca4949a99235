"""Which refs a payload moves, and whose signature counts."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from common.core.access import Secret
from server.api.push_events import Push, Refused, read_push, sender_of, verify

BODY = b'{"ref": "refs/heads/main"}'
SECRETS = {"github": Secret("knots"), "gitlab": Secret("fathoms")}


def signature(key: bytes, kind: str = "sha256") -> str:
    """As GitHub writes it."""
    return f"{kind}={hmac.new(key, BODY, kind).hexdigest()}"


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ({"x-github-event": "push"}, "github"),
        ({"x-gitea-event": "push", "x-github-event": "push"}, "gogs"),
        ({"x-gitlab-event": "Push Hook"}, "gitlab"),
        ({"x-event-key": "repo:refs_changed"}, "bitbucketserver"),
        ({}, "generic"),
    ],
)
def test_the_sender_is_known_by_its_headers(headers: dict[str, str], sender: str) -> None:
    """Gitea sends GitHub's header too, and is told apart by its own."""
    assert sender_of(headers) == sender


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("github", {"x-hub-signature-256": signature(b"knots")}),
        ("github", {"x-hub-signature": signature(b"knots", "sha1")}),
        ("generic", {"x-hub-signature-256": signature(b"knots")}),
        ("generic", {"x-hub-signature-256": signature(b"own")}),
        ("gogs", {"x-gogs-signature": hmac.new(b"own", BODY, hashlib.sha256).hexdigest()}),
        ("gitlab", {"x-gitlab-token": "fathoms"}),
    ],
)
def test_a_right_signature_counts(sender: str, headers: dict[str, str]) -> None:
    """By the sender's secret or by ours."""
    verify(sender, headers, BODY, SECRETS, Secret("own"))


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("github", {}),
        ("github", {"x-hub-signature-256": signature(b"other")}),
        ("github", {"x-hub-signature-256": "sha256="}),
        ("github", {"x-hub-signature-256": "md5=00"}),
        ("github", {"x-hub-signature-256": "é"}),
        (
            "github",
            {"x-hub-signature-256": signature(b"bad"), "x-hub-signature": signature(b"knots", "sha1")},
        ),
        ("gitlab", {"x-gitlab-token": ""}),
        ("gitlab", {"x-gitlab-token": "knots"}),
        ("gogs", {"x-gogs-signature": signature(b"knots")}),
    ],
)
def test_a_wrong_signature_is_refused(sender: str, headers: dict[str, str]) -> None:
    """Missing, of another key, malformed, or good only in its weaker form."""
    with pytest.raises(Refused):
        verify(sender, headers, BODY, SECRETS, None)


def test_without_a_secret_nobody_may_push() -> None:
    """An installation that has none configured takes nothing."""
    with pytest.raises(Refused, match="no webhook secret"):
        verify("github", {"x-hub-signature-256": signature(b"")}, BODY, {}, None)


def test_github_says_where_and_what() -> None:
    """All addresses; HEAD moves with the default branch only."""
    payload = {
        "ref": "refs/heads/main",
        "repository": {
            "clone_url": "https://h/o/r.git",
            "ssh_url": "git@h:o/r.git",
            "default_branch": "main",
        },
    }
    push = read_push("github", {"x-github-event": "push"}, payload)
    assert push == Push(
        urls=("https://h/o/r.git", "git@h:o/r.git"), ref="refs/heads/main", default_branch=True
    )
    assert push.targets == ("refs/heads/main", "main", "HEAD")


@pytest.mark.parametrize(
    ("sender", "payload", "targets"),
    [
        (
            "github",
            {"ref": "v1", "ref_type": "tag", "repository": {"default_branch": "main"}},
            ("refs/tags/v1", "v1"),
        ),
        ("gitlab", {"ref": "refs/heads/x", "project": {"default_branch": "main"}}, ("refs/heads/x", "x")),
        (
            "bitbucketserver",
            {
                "repository": {"links": {"clone": [{"href": "u"}]}},
                "changes": [{"ref": {"id": "refs/heads/a"}}],
            },
            ("refs/heads/a", "a", "HEAD"),
        ),
        ("generic", {"repository": "https://h/r"}, ("HEAD",)),
    ],
)
def test_each_sender_names_the_ref_in_its_way(
    sender: str, payload: dict[str, Any], targets: tuple[str, ...]
) -> None:
    """What a targetRevision may be called that means it."""
    push = read_push(sender, {}, payload)
    assert push is not None
    assert push.targets == targets


@pytest.mark.parametrize(
    ("sender", "headers", "payload"),
    [
        ("github", {"x-github-event": "ping"}, {"zen": "x"}),
        ("github", {}, []),
        ("github", {}, {"ref": 7, "repository": {}}),
        ("gitlab", {}, {"object_kind": "issue"}),
        ("bitbucketserver", {}, {"test": True}),
        ("generic", {}, {"hello": 1}),
    ],
)
def test_what_moves_no_ref_is_nothing(sender: str, headers: dict[str, str], payload: Any) -> None:
    """A ping, another event, or another shape."""
    assert read_push(sender, headers, payload) is None
