"""Git hosts' push events: which refs of which repository moved, and whether the sender may say so. Pure.

The payloads and signatures are those that GitHub, GitLab, Gitea/Gogs and Bitbucket Server document. A payload
of another sender counts as ours, in a form that a hook of three lines can send:
`{"repository": "https://...", "ref": "refs/heads/main"}`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from common.core.access import Secret

_HEADS, _TAGS = "refs/heads/", "refs/tags/"


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """What moved."""

    urls: tuple[str, ...]
    """All addresses that the sender gives for the repository."""
    ref: str
    """A full ref name; empty: any."""
    default_branch: bool
    """Whether HEAD moved with it, as far as the sender says; True where it does not say."""

    @property
    def targets(self) -> tuple[str, ...]:
        """What a `targetRevision` may be called that means the ref."""
        short = self.ref.removeprefix(_HEADS).removeprefix(_TAGS)
        names = [self.ref, short] if self.ref else []
        return tuple(dict.fromkeys([*names, *(["HEAD"] if self.default_branch else [])]))


class Refused(Exception):
    """The sender has not proven that it may say so."""


def sender_of(headers: Mapping[str, str]) -> str:
    """Who sends it: github, gogs, gitlab, bitbucketserver or generic."""
    if "x-gogs-event" in headers or "x-gitea-event" in headers:
        return "gogs"
    if "x-github-event" in headers:
        return "github"
    if "x-gitlab-event" in headers:
        return "gitlab"
    return "bitbucketserver" if "x-event-key" in headers else "generic"


def verify(
    sender: str, headers: Mapping[str, str], body: bytes, secrets: Mapping[str, Secret], own: Secret | None
) -> None:
    """Check the signature or token.

    Args:
        sender: of `sender_of`.
        headers: with lower-case names.
        body: as it came.
        secrets: by sender.
        own: a key of ours that counts for every sender.

    Raises:
        Refused: it is missing or wrong, or no secret is configured that could prove it.
    """
    keys = [secrets.get(name) for name in ([sender] if sender != "generic" else ["github", "gogs"])]
    known = [key.reveal().encode() for key in (*keys, own) if key]
    if not known:
        raise Refused(f"no webhook secret is configured for {sender}")
    if sender == "gitlab":
        given = headers.get("x-gitlab-token", "").encode()
        right = any(hmac.compare_digest(given, key) for key in known)
    else:
        right = any(_signed(headers, body, key) for key in known)
    if not right:
        raise Refused("the webhook's signature is missing or wrong")


def _signed(headers: Mapping[str, str], body: bytes, key: bytes) -> bool:
    sha256 = hmac.new(key, body, hashlib.sha256).hexdigest()
    for name in ("x-hub-signature-256", "x-hub-signature", "x-gogs-signature", "x-gitea-signature"):
        given = headers.get(name, "")
        kind, equals, digest = given.partition("=")
        if not equals:
            kind, digest = "sha256", given
        expected = sha256 if kind == "sha256" else hmac.new(key, body, hashlib.sha1).hexdigest()
        if digest and kind in ("sha256", "sha1"):
            # The strongest one that is there decides: a wrong one is not made good by a weaker one.
            return hmac.compare_digest(digest.encode(), expected.encode())
    return False


def read_push(sender: str, headers: Mapping[str, str], payload: Any) -> Push | None:
    """What a payload says; None for an event that moves no ref (a ping)."""
    if not isinstance(payload, dict):
        return None
    event = headers.get("x-github-event") or headers.get("x-gogs-event") or headers.get("x-gitea-event") or ""
    if sender in ("github", "gogs") and event not in ("push", "create", ""):
        return None
    if sender == "gitlab":
        return _gitlab(payload)
    if sender == "bitbucketserver":
        return _bitbucket_server(payload)
    return _generic(payload) if isinstance(payload.get("repository"), str) else _github(payload)


def _github(payload: Mapping[str, Any]) -> Push | None:
    repository = payload.get("repository")
    ref = payload.get("ref")
    if not isinstance(repository, dict) or not isinstance(ref, str):
        return None
    if not ref.startswith("refs/"):  # of a `create` event
        ref = (_TAGS if payload.get("ref_type") == "tag" else _HEADS) + ref
    names = ("html_url", "clone_url", "ssh_url", "git_url", "url")
    urls = _urls([repository.get(name) for name in names])
    return Push(urls=urls, ref=ref, default_branch=_moves_head(ref, repository.get("default_branch")))


def _gitlab(payload: Mapping[str, Any]) -> Push | None:
    project, ref = payload.get("project"), payload.get("ref")
    if not isinstance(project, dict) or not isinstance(ref, str):
        return None
    urls = _urls([project.get(name) for name in ("web_url", "git_http_url", "git_ssh_url")])
    return Push(urls=urls, ref=ref, default_branch=_moves_head(ref, project.get("default_branch")))


def _bitbucket_server(payload: Mapping[str, Any]) -> Push | None:
    repository, changes = payload.get("repository"), payload.get("changes")
    if not isinstance(repository, dict) or not isinstance(changes, list):
        return None
    links = (repository.get("links") or {}).get("clone") or []
    urls = _urls([link.get("href") for link in links if isinstance(link, dict)])
    refs = {str((one.get("ref") or {}).get("id") or "") for one in changes if isinstance(one, dict)}
    # Several refs in one push: any may have moved.
    return Push(urls=urls, ref=refs.pop() if len(refs) == 1 else "", default_branch=True)


def _generic(payload: Mapping[str, Any]) -> Push:
    ref = payload.get("ref")
    return Push(
        urls=_urls([payload["repository"]]), ref=ref if isinstance(ref, str) else "", default_branch=True
    )


def _moves_head(ref: str, default: Any) -> bool:
    return not isinstance(default, str) or not default or ref == _HEADS + default


def _urls(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str) and value))
