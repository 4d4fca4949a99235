"""Trees that no honest client makes: nothing of them is written outside, or followed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pygit2.enums import FileMode

from common.adapters.git import GitLimits, GitMirrors
from common.adapters.memory.git import Link
from common.core.access import RepositoryAccess
from common.core.errors import PathNotFound, RenderLimitExceeded
from common.core.keys import Revision
from tests.git_fixtures import HostedRepositories

pytestmark = pytest.mark.requires("git")


@pytest.fixture
def reader(tmp_path: Path) -> GitMirrors:
    """A reader in a directory of its own."""
    return GitMirrors(tmp_path / "outer" / "cache", GitLimits(max_tree_depth=20, max_tree_files=1000))


def fetched(reader: GitMirrors, host: HostedRepositories, tree: str) -> tuple[RepositoryAccess, Revision]:
    """A commit of a raw tree in the mirror."""
    revision = host.repository().commit_tree(tree)
    access = RepositoryAccess(url=host.url_of())
    reader.fetch(access, revision)
    return access, revision


def outside(tmp_path: Path) -> list[str]:
    """What is above the cache."""
    return sorted(p.name for p in [*tmp_path.iterdir(), *(tmp_path / "outer").iterdir()])


def test_names_that_lead_out_or_make_a_repository(
    tmp_path: Path, reader: GitMirrors, git_host: HostedRepositories
) -> None:
    """`..`, a slash inside a name, `.git` in any case: left out, and said."""
    repository = git_host.repository()
    evil = repository.blob(b"evil")
    hooks = repository.raw_tree([("100755", b"post-checkout", evil)])
    up = repository.raw_tree([("100644", b"pwned", evil)])
    tree = repository.raw_tree(
        [
            ("100644", b"../../../pwned", evil),
            ("40000", b"..", up),
            ("40000", b".GIT", hooks),
            ("100644", b".gitx", evil),
            ("100644", b"ok.yaml", evil),
            ("100644", b"sub/file", evil),
        ]
    )
    before = outside(tmp_path)
    access, revision = fetched(reader, git_host, tree)
    with reader.export(access, revision, [""]) as place:
        assert sorted(p.relative_to(place).as_posix() for p in place.rglob("*")) == [".gitx", "ok.yaml"]
        assert len(reader.skipped(place)) == 4
    assert outside(tmp_path) == before
    assert [f.path for f in reader.read_tree(access, tree, max_bytes=1000)] == [".gitx", "ok.yaml"]
    for path in ("..", ".GIT", "../../../pwned"):
        with pytest.raises(PathNotFound), reader.export(access, revision, [path]):
            pass


def test_a_link_and_a_directory_of_one_name(
    tmp_path: Path, reader: GitMirrors, git_host: HostedRepositories
) -> None:
    """The old trick: a link to somewhere, and files that are written through it."""
    repository = git_host.repository()
    target = tmp_path / "victim"
    target.mkdir()
    link = repository.blob(str(target).encode())
    inside = repository.blob(b"a")
    below = repository.raw_tree([("100644", b"pwned", repository.blob(b"evil")), ("120000", b"l", inside)])
    twice = repository.raw_tree([("120000", b"d", link), ("40000", b"d", below), ("100644", b"d", inside)])
    access, revision = fetched(reader, git_host, twice)
    with reader.export(access, revision, [""]) as place:
        assert (place / "d").is_symlink() is False
    assert list(target.iterdir()) == []


def test_links_through_links(tmp_path: Path, reader: GitMirrors, git_host: HostedRepositories) -> None:
    """Harmless as text, and out of the tree when the kernel follows it."""
    files = {
        "a/b/root": Link("../.."),
        "z": Link("a/b/root/../../.."),
        "good": Link("a/b/root/x"),
        "x": "1",
        "loop1": Link("loop2"),
        "loop2": Link("loop1"),
    }
    revision = git_host.repository().commit(files)
    access = RepositoryAccess(url=git_host.url_of())
    reader.fetch(access, revision)
    with reader.export(access, revision, [""]) as place:
        assert (place / "good").read_text() == "1"
        assert not (place / "z").is_symlink()
        assert not (place / "loop1").is_symlink()
        assert (place / "a/b/root").resolve() == place.resolve()
        assert {s.partition(":")[0] for s in reader.skipped(place)} == {"z", "loop1", "loop2"}


def test_submodules_are_skipped_and_said(reader: GitMirrors, git_host: HostedRepositories) -> None:
    """Their commits are in other repositories."""
    repository = git_host.repository()
    tree = repository.raw_tree([("100644", b"a.yaml", repository.blob(b"1")), ("160000", b"lib", "1" * 40)])
    access, revision = fetched(reader, git_host, tree)
    with reader.export(access, revision, [""]) as place:
        assert [p.name for p in place.iterdir()] == ["a.yaml"]
        assert reader.skipped(place) == ("lib: a submodule, which is not fetched",)
    assert [f.path for f in reader.read_tree(access, tree, max_bytes=10)] == ["a.yaml"]
    assert reader.tree_oids(access, revision, ["lib", "lib/x"]) == {"lib": "1" * 40, "lib/x": None}


def test_executable_files_stay_so(reader: GitMirrors, git_host: HostedRepositories) -> None:
    """Plugins and post-renderers are programs."""
    revision = git_host.repository().commit(
        {"run.sh": "#!/bin/sh\n", "plain": "x"}, modes={"run.sh": FileMode.BLOB_EXECUTABLE}
    )
    access = RepositoryAccess(url=git_host.url_of())
    reader.fetch(access, revision)
    with reader.export(access, revision, [""]) as place:
        assert {p.name: p.stat().st_mode & 0o777 for p in place.iterdir()} == {
            "run.sh": 0o555,
            "plain": 0o444,
        }


def test_names_that_differ_in_case_only(reader: GitMirrors, git_host: HostedRepositories) -> None:
    """Both are there where the file system tells them apart."""
    revision = git_host.repository().commit({"A.yaml": "1", "a.yaml": "2"})
    access = RepositoryAccess(url=git_host.url_of())
    reader.fetch(access, revision)
    with reader.export(access, revision, [""]) as place:
        assert {p.name: p.read_text() for p in place.iterdir()} == {"A.yaml": "1", "a.yaml": "2"}


def test_names_that_are_no_text(reader: GitMirrors, git_host: HostedRepositories) -> None:
    """Bytes that are no UTF-8 neither break reading nor exporting."""
    repository = git_host.repository()
    tree = repository.raw_tree([("100644", b"caf\xe9.yaml", repository.blob(b"1"))])
    access, revision = fetched(reader, git_host, tree)
    assert [f.path for f in reader.read_tree(access, tree, max_bytes=10)] == ["caf\\xe9.yaml"]
    with reader.export(access, revision, [""]) as place:
        assert [p.read_bytes() for p in place.iterdir()] == [b"1"]


@pytest.mark.parametrize("wide", [False, True], ids=["deep", "wide"])
def test_trees_that_multiply(reader: GitMirrors, git_host: HostedRepositories, wide: bool) -> None:
    """A few hundred bytes of Git that would be millions of files, or a path without end."""
    repository = git_host.repository()
    tree = repository.raw_tree([("100644", b"f", repository.blob(b"1"))])
    for _ in range(12 if wide else 60):
        names = [bytes([c]) for c in b"abcdefghij"] if wide else [b"d"]
        tree = repository.raw_tree([("40000", name, tree) for name in names])
    access, revision = fetched(reader, git_host, tree)
    with pytest.raises(RenderLimitExceeded):
        list(reader.read_tree(access, tree, max_bytes=1 << 30))
    with pytest.raises(RenderLimitExceeded), reader.export(access, revision, [""]):
        pass
