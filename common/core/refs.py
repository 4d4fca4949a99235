"""From a `targetRevision` to a commit, given what the remote's refs are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Protocol

import msgspec

from common.core.errors import InvalidInput, RefNotFound
from common.core.keys import Revision
from common.core.semver_ranges import Version, VersionRange, parse_range, parse_version

_FULL_SHA = re.compile(r"[0-9a-fA-F]{40}")
_SHORT_SHA = re.compile(r"[0-9a-fA-F]{7,39}")
_TAGS = "refs/tags/"
_HEADS = "refs/heads/"


class Refs(Protocol):
    """What ls-remote said (`common.ports.RemoteRefs`)."""

    @property
    def refs(self) -> Mapping[str, Revision]:
        """Full names to commits, annotated tags peeled."""
        ...

    @property
    def head(self) -> str:
        """The full name of the branch that HEAD points to; empty when the server does not say."""
        ...

    @property
    def head_revision(self) -> Revision | None:
        """Where HEAD points."""
        ...


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """Where a ref points."""

    revision: Revision
    """A full commit id, or its beginning when `short`."""
    name: str = ""
    """The full name of the ref; empty for a commit id."""
    short: bool = False
    """Only the beginning of a commit id was given: the repository's history must complete it."""


def is_commit(target: str) -> bool:
    """Whether a target is a full commit id, which needs no question to the remote."""
    return _FULL_SHA.fullmatch(target) is not None


def resolve(target: str, remote: Refs, *, tag_prefix: str = "") -> Resolved:
    """Resolve a `targetRevision` as Argo CD does.

    A full commit id is itself. Empty and `HEAD` are the remote's head. A range is the newest tag in it
    (of those that begin with `tag_prefix`, which is not part of their version). Else a full ref name, a
    branch, a tag, or what follows `refs/`; at last the beginning of a commit id.

    Raises:
        RefNotFound: none of these, or a range that no tag is in.
    """
    if is_commit(target):
        return Resolved(revision=Revision(target.lower()))
    if target in ("", "HEAD"):
        return _head(remote)
    wanted = version_range(target)
    if wanted is not None and (tag := _newest(wanted, remote.refs, tag_prefix)):
        return Resolved(revision=remote.refs[tag], name=tag)
    for name in (target, _HEADS + target, _TAGS + target, f"refs/{target}"):
        if name in remote.refs:
            return Resolved(revision=remote.refs[name], name=name)
    if _SHORT_SHA.fullmatch(target):
        return Resolved(revision=Revision(target.lower()), short=True)
    if wanted is not None:
        raise RefNotFound(
            f"no tag{f' with prefix {tag_prefix!r}' if tag_prefix else ''} is in the range {target!r}"
        )
    raise RefNotFound(f"unable to resolve {target!r} to a commit SHA: there is no such branch, tag or ref")


def version_range(target: str) -> VersionRange | None:
    """The range that a target is; None for a plain version (a tag's exact name) and for anything else."""
    if parse_version(target) is not None:
        return None
    try:
        return parse_range(target)
    except InvalidInput:
        return None


def _head(remote: Refs) -> Resolved:
    if remote.head and remote.head in remote.refs:
        return Resolved(revision=remote.refs[remote.head], name=remote.head)
    if remote.head_revision:
        return Resolved(revision=remote.head_revision, name="HEAD")
    raise RefNotFound("the repository has no HEAD: it is empty, or its default branch does not exist")


def _newest(wanted: VersionRange, refs: Mapping[str, Revision], prefix: str) -> str:
    """The full name of the newest tag in the range; empty for none. Of equal versions the first by name."""
    start = _TAGS + prefix
    found: tuple[Version, str] | None = None
    for name in sorted(refs):
        if not name.startswith(start):
            continue
        version = parse_version(name[len(start) :])
        if (
            version is not None
            and wanted.allows(version)
            and (found is None or version.order > found[0].order)
        ):
            found = (version, name)
    return found[1] if found else ""


def newest_version(target: str, versions: list[str]) -> str | None:
    """The newest of a chart's versions in a range, or the exact one; None when there is none."""
    if target in versions:
        return target
    wanted = version_range(target or "*")
    if wanted is None:
        exact = parse_version(target)
        same = (
            text for text in versions if exact and (one := parse_version(text)) and one.order == exact.order
        )
        return next(same, None)
    found = [version for text in versions if (version := parse_version(text)) and wanted.allows(version)]
    return max(found, key=lambda version: version.order).original if found else None


def ref_digest(repo_url_normalised: str, ref: str) -> str:
    """The name of one (repository, ref) in the due set and among the facts."""
    return hashlib.sha256(f"{repo_url_normalised}\0{ref}".encode()).hexdigest()[:32]
