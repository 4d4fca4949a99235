"""From a targetRevision to a commit."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from common.core.errors import RefNotFound
from common.core.keys import Revision
from common.core.refs import Resolved, is_commit, newest_version, ref_digest, resolve, version_range

A, B, C, D = (Revision(letter * 40) for letter in "abcd")


class Remote(msgspec.Struct, frozen=True):
    """What ls-remote said."""

    refs: Mapping[str, Revision]
    head: str = ""
    head_revision: Revision | None = None


REMOTE = Remote(
    {
        "refs/heads/main": A,
        "refs/heads/1.x-fixes": B,
        "refs/heads/both": A,
        "refs/heads/abcdef0": C,
        "refs/tags/both": B,
        "refs/tags/v1.0.0": B,
        "refs/tags/v1.1.0": C,
        "refs/tags/1.1.0": D,
        "refs/tags/v2.0.0-rc.1": D,
        "refs/tags/shop-3.0.0": A,
        "refs/tags/shop-3.1.0": B,
        "refs/tags/nightly": D,
        "refs/pull/7/head": D,
    },
    "refs/heads/main",
    A,
)


@pytest.mark.parametrize(
    ("target", "revision", "name"),
    [
        ("", A, "refs/heads/main"),
        ("HEAD", A, "refs/heads/main"),
        ("main", A, "refs/heads/main"),
        ("refs/heads/main", A, "refs/heads/main"),
        ("both", A, "refs/heads/both"),
        ("refs/tags/both", B, "refs/tags/both"),
        ("nightly", D, "refs/tags/nightly"),
        ("pull/7/head", D, "refs/pull/7/head"),
        ("v1.0.0", B, "refs/tags/v1.0.0"),
        ("1.*", D, "refs/tags/1.1.0"),
        ("<1.1", B, "refs/tags/v1.0.0"),
        (">=2.0.0-0", D, "refs/tags/v2.0.0-rc.1"),
        ("abcdef0", C, "refs/heads/abcdef0"),
    ],
)
def test_targets_resolve(target: str, revision: Revision, name: str) -> None:
    """Head, branches before tags, full names, what follows refs/, ranges over tags."""
    assert resolve(target, REMOTE) == Resolved(revision=revision, name=name)


def test_a_full_commit_id_is_itself() -> None:
    """No question to the remote; always lower case."""
    assert resolve("A" * 40, Remote({})) == Resolved(revision=A)
    assert is_commit("a" * 40)
    assert not is_commit("a" * 39)


def test_the_beginning_of_a_commit_id_is_flagged() -> None:
    """The history must complete it."""
    assert resolve("ABCDEF1", REMOTE) == Resolved(revision=Revision("abcdef1"), short=True)


@pytest.mark.parametrize("target", ["gone", ">=9", "v9.0.0", "abcdef"])
def test_what_is_not_there_is_named(target: str) -> None:
    """The message carries the target."""
    with pytest.raises(RefNotFound, match=target.replace("*", ".")):
        resolve(target, REMOTE)


def test_ranges_look_at_tags_with_the_prefix_only() -> None:
    """tagPrefix is not part of the version."""
    found = resolve("3.x", REMOTE, tag_prefix="shop-")
    assert found == Resolved(revision=B, name="refs/tags/shop-3.1.0")
    with pytest.raises(RefNotFound, match="prefix 'shop-'"):
        resolve("1.x", REMOTE, tag_prefix="shop-")


def test_a_branch_whose_name_reads_as_a_range_is_found_when_no_tag_is_in_it() -> None:
    """Argo CD looks at tags first, and then at names."""
    remote = Remote({"refs/heads/7.x": A})
    assert resolve("7.x", remote) == Resolved(revision=A, name="refs/heads/7.x")


def test_a_head_that_is_no_known_branch() -> None:
    """Some servers do not say where HEAD points, only its commit."""
    assert resolve("HEAD", Remote({}, "", B)) == Resolved(revision=B, name="HEAD")
    with pytest.raises(RefNotFound, match="empty"):
        resolve("", Remote({}, "refs/heads/main"))


def test_a_plain_version_is_no_range() -> None:
    """It is the exact name of a tag."""
    assert version_range("1.2") is None
    assert version_range("main") is None
    assert version_range("1.2.x") is not None


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("1.2.3", "1.2.3"),
        ("v1.2.3", "1.2.3"),
        ("1.x", "1.10.0"),
        ("", "2.0.0"),
        ("9.x", None),
        ("9.0.0", None),
        ("no", None),
    ],
)
def test_a_charts_version(target: str, found: str | None) -> None:
    """The exact one, or the newest in the range; prereleases only when asked for."""
    assert newest_version(target, ["1.2.3", "1.10.0", "2.0.0", "3.0.0-rc.1", "junk"]) == found


def test_a_ref_digest_is_short_and_of_both() -> None:
    """32 hex digits; no two (repository, ref) share one by moving the boundary."""
    assert len(ref_digest("https://a", "main")) == 32
    assert ref_digest("https://a", "main") != ref_digest("https://am", "ain")
