"""GitReader: what the real adapter over HTTP and the fake in memory both do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from common.adapters.git import GitLimits, GitMirrors
from common.adapters.memory.git import Link, MemoryGit
from common.core.access import RepositoryAccess
from common.core.errors import (
    CommitMissing,
    PathNotFound,
    RefNotFound,
    RenderLimitExceeded,
    RepositoryNotFound,
)
from common.core.keys import Revision
from common.ports import GitReader, TreeFile
from tests.git_fixtures import HostedRepositories, utc

if TYPE_CHECKING:
    _REAL: GitReader = GitMirrors(Path())
    _FAKE: GitReader = MemoryGit()


@dataclass
class World:
    """A reader, and one repository that it can read."""

    reader: GitReader
    repository: Any
    access: RepositoryAccess
    elsewhere: RepositoryAccess
    """An address where no repository is."""

    def fetched(self, files: dict[str, Any]) -> Revision:
        """Commit files and fetch the commit."""
        revision = self.repository.commit(files)
        self.reader.fetch(self.access, revision, ref="refs/heads/main")
        return revision


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.requires("git"))])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Both implementations."""
    if request.param == "memory":
        url = "https://git.example/repo.git"
        fake = MemoryGit()
        yield World(
            fake,
            fake.repository(url),
            RepositoryAccess(url=url),
            RepositoryAccess(url="https://git.example/no.git"),
        )
        return
    host: HostedRepositories = request.getfixturevalue("git_host")
    reader = GitMirrors(tmp_path / "cache", GitLimits(allow_local=True))
    access = RepositoryAccess(url=host.url_of("repo"))
    yield World(reader, host.repository("repo"), access, RepositoryAccess(url=host.url_of("no")))


def test_refs_and_head_are_listed(world: World) -> None:
    """ls-remote gives full names to commits, HEAD's branch and its commit."""
    first = world.repository.commit({"a.yaml": "1"})
    world.repository.tag("v1.0.0", first)
    second = world.repository.commit({"a.yaml": "2"})
    found = world.reader.ls_remote(world.access)
    assert found.refs == {"refs/heads/main": second, "refs/tags/v1.0.0": first}
    assert (found.head, found.head_revision) == ("refs/heads/main", second)


def test_ls_remote_is_never_answered_from_the_mirror(world: World) -> None:
    """A branch that moved is seen at once."""
    world.fetched({"a.yaml": "1"})
    world.reader.ls_remote(world.access)
    moved = world.repository.commit({"a.yaml": "2"})
    assert world.reader.ls_remote(world.access).refs["refs/heads/main"] == moved


def test_a_missing_repository_is_not_found(world: World) -> None:
    """Both requests say that the repository, and not the ref, is what is missing."""
    with pytest.raises(RepositoryNotFound):
        world.reader.ls_remote(world.elsewhere)
    with pytest.raises(RepositoryNotFound):
        world.reader.fetch(world.elsewhere, Revision("1" * 40), ref="refs/heads/main")


def test_a_commit_that_the_server_does_not_have_is_ref_not_found(world: World) -> None:
    """With a ref and without one."""
    world.repository.commit({"a.yaml": "1"})
    with pytest.raises(RefNotFound):
        world.reader.fetch(world.access, Revision("1" * 40))
    with pytest.raises(RefNotFound):
        world.reader.fetch(world.access, Revision("1" * 40), ref="refs/heads/main")


def test_what_is_no_commit_id_is_refused(world: World) -> None:
    """A short id, or a name, is never fetched."""
    world.repository.commit({"a.yaml": "1"})
    for text in ("main", "abc1234", ""):
        with pytest.raises(CommitMissing):
            world.reader.fetch(world.access, Revision(text))


def test_oids_are_gits_own_and_none_where_nothing_is(world: World) -> None:
    """Directories, files and the root; equal content has equal OIDs, and only what changed changes."""
    first = world.fetched({"apps/a/x.yaml": "one", "apps/b/x.yaml": "one", "top.yaml": "t"})
    paths = [
        "",
        "apps",
        "apps/a",
        "apps/b",
        "apps/a/x.yaml",
        "apps/c",
        "top.yaml/x",
        "./apps/a/",
        "apps/../apps/a",
    ]
    before = world.reader.tree_oids(world.access, first, paths)
    assert before["apps/a/x.yaml"] == "43dd47ea691c90a5fa7827892c70241913351963"
    assert (
        before["apps/a"]
        == before["apps/b"]
        == before["./apps/a/"]
        == "73aff6497fdeee7b749d95aed74a9109afeb6ad1"
    )
    assert before["apps/c"] is before["top.yaml/x"] is before["apps/../apps/a"] is None
    assert list(before) == paths
    second = world.fetched({"apps/b/x.yaml": "two"})
    after = world.reader.tree_oids(world.access, second, paths)
    assert after["apps/a"] == before["apps/a"]
    assert after["apps/b"] != before["apps/b"]
    assert after[""] != before[""]


def test_reading_a_commit_that_was_not_fetched_is_commit_missing(world: World) -> None:
    """Nothing is fetched behind the caller's back."""
    revision = world.repository.commit({"a.yaml": "1"})
    with pytest.raises(CommitMissing):
        world.reader.tree_oids(world.access, revision, [""])
    with pytest.raises(CommitMissing):
        world.reader.read_file(world.access, revision, "a.yaml")
    with pytest.raises(CommitMissing):
        world.reader.commit(world.access, revision)
    with pytest.raises(CommitMissing):
        list(world.reader.read_tree(world.access, "2" * 40, max_bytes=100))
    with pytest.raises(CommitMissing), world.reader.export(world.access, revision, [""]):
        pass


def test_files_of_a_tree_come_sorted_by_path(world: World) -> None:
    """By the whole path, whatever order Git has; links are marked and not followed."""
    revision = world.fetched(
        {"a/b.yaml": "2", "a.yaml": "1", "a/c/d.yaml": "3", "a/l": Link("b.yaml"), "z": b"\xff"}
    )
    oid = world.reader.tree_oids(world.access, revision, [""])[""]
    assert oid is not None
    assert list(world.reader.read_tree(world.access, oid, max_bytes=1000)) == [
        TreeFile("a.yaml", b"1"),
        TreeFile("a/b.yaml", b"2"),
        TreeFile("a/c/d.yaml", b"3"),
        TreeFile("a/l", b"b.yaml", symlink=True),
        TreeFile("z", b"\xff"),
    ]


def test_a_tree_larger_than_the_bound_is_refused(world: World) -> None:
    """Exactly the bound is read, one byte more is not."""
    revision = world.fetched({"a": "12345", "b": "67890"})
    oid = world.reader.tree_oids(world.access, revision, [""])[""]
    assert oid is not None
    assert len(list(world.reader.read_tree(world.access, oid, max_bytes=10))) == 2
    with pytest.raises(RenderLimitExceeded):
        list(world.reader.read_tree(world.access, oid, max_bytes=9))


def test_one_file_is_read_and_a_directory_is_none(world: World) -> None:
    """PathNotFound names what is missing."""
    revision = world.fetched({"apps/a/x.yaml": "one"})
    assert world.reader.read_file(world.access, revision, "apps/a/x.yaml") == b"one"
    for path in ("apps/a", "apps/a/y.yaml", "", "apps/a/x.yaml/z", "../x"):
        with pytest.raises(PathNotFound):
            world.reader.read_file(world.access, revision, path)


def test_a_commit_says_who_when_what_and_its_tags(world: World) -> None:
    """The date is aware and UTC."""
    at = utc(2024, 5, 6, 7, 8, 9)
    revision = world.repository.commit(
        {"a": "1"}, message="Raise replicas\n\nto 3\n", author="Bo <bo@x.org>", at=at
    )
    world.repository.tag("v2", revision)
    world.reader.ls_remote(world.access)
    world.reader.fetch(world.access, revision)
    found = world.reader.commit(world.access, revision)
    assert (found.author, found.committed_at, found.tags) == ("Bo <bo@x.org>", at, ("v2",))
    assert found.message == "Raise replicas\n\nto 3\n"


def test_an_export_has_the_paths_asked_for_and_no_others(world: World) -> None:
    """Laid out as in the commit; a file is a path too."""
    revision = world.fetched({"a/x.yaml": "1", "b/y.yaml": "2", "c.yaml": "3", "a/l": Link("x.yaml")})
    with world.reader.export(world.access, revision, ["a", "c.yaml", "a/x.yaml"]) as tree:
        files = sorted(p.relative_to(tree).as_posix() for p in tree.rglob("*") if not p.is_dir())
        assert files == ["a/l", "a/x.yaml", "c.yaml"]
        assert (tree / "a/x.yaml").read_text() == "1"
        assert str((tree / "a/l").readlink()) == "x.yaml"
    with world.reader.export(world.access, revision, [""]) as tree:
        assert (tree / "b/y.yaml").read_text() == "2"


def test_an_export_is_read_only(world: World) -> None:
    """Tools that share it cannot change it for each other."""
    revision = world.fetched({"a/x.yaml": "1"})
    with world.reader.export(world.access, revision, [""]) as tree:
        modes = {p.relative_to(tree).as_posix(): p.stat().st_mode & 0o777 for p in [tree, *tree.rglob("*")]}
    assert modes == {".": 0o555, "a": 0o555, "a/x.yaml": 0o444}


def test_an_export_of_a_missing_path_says_so(world: World) -> None:
    """PathNotFound, and no empty directory."""
    revision = world.fetched({"a/x.yaml": "1"})
    with pytest.raises(PathNotFound), world.reader.export(world.access, revision, ["a", "nope"]):
        pass


def test_links_that_leave_the_tree_are_not_made(world: World) -> None:
    """Absolute ones, and those that climb over the root."""
    revision = world.fetched(
        {"a/up": Link("../../../etc/passwd"), "a/abs": Link("/etc/passwd"), "a/ok": Link("x"), "a/x": "1"}
    )
    with world.reader.export(world.access, revision, ["a"]) as tree:
        assert sorted(p.name for p in (tree / "a").iterdir()) == ["ok", "x"]


def test_fetching_again_is_harmless(world: World) -> None:
    """At least once in, exactly once out."""
    revision = world.fetched({"a": "1"})
    world.reader.fetch(world.access, revision)
    assert world.reader.read_file(world.access, revision, "a") == b"1"


def test_older_commits_stay_readable(world: World) -> None:
    """A mirror that moved on still has what was fetched before."""
    revisions = [world.fetched({"a": str(n)}) for n in range(4)]
    assert [world.reader.read_file(world.access, r, "a") for r in revisions] == [b"0", b"1", b"2", b"3"]
