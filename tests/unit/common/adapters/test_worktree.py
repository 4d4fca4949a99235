"""A directory read as a repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from common.adapters.worktree import WORKTREE_REF, WorkTree
from common.core.access import RepositoryAccess
from common.core.errors import CommitMissing, PathNotFound, RenderLimitExceeded
from common.core.keys import Revision
from common.ports import TreeFile

REPO = RepositoryAccess(url="working-copy")
REVISION = Revision("0" * 40)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small working copy with links, a program and Git's own directory."""
    made = tmp_path / "copy"
    (made / "app" / "sub").mkdir(parents=True)
    (made / "app" / "a.yaml").write_text("a")
    (made / "app" / "sub" / "run").write_text("#!/bin/sh\n")
    (made / "app" / "sub" / "run").chmod(0o755)
    (made / "app" / "link").symlink_to("a.yaml")
    (made / "app" / "evil").symlink_to("/etc/hostname")
    (made / "app.txt").write_text("sorts between app and app/")
    (made / ".git").mkdir()
    (made / ".git" / "HEAD").write_text("ref")
    return made


@pytest.mark.requires("git")
def test_oids_are_gits_own(root: Path) -> None:
    """So that they mean the same as those of a commit with the same files."""
    tree = WorkTree(root)
    (root / ".git" / "HEAD").unlink()
    (root / ".git").rmdir()
    home = {"HOME": str(root.parent), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=root, env=home, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("add", "-A")
    expected = git("write-tree")
    assert tree.tree_oids(REPO, REVISION, [""])[""] == expected
    assert tree.ls_remote(REPO).head_revision == expected
    assert tree.ls_remote(REPO).head == WORKTREE_REF
    git("cat-file", "-e", str(tree.tree_oids(REPO, REVISION, ["app/sub"])["app/sub"]))


def test_missing_and_outside_paths_have_no_oid(root: Path) -> None:
    """None, as for a commit without them."""
    assert WorkTree(root).tree_oids(REPO, REVISION, ["gone", "../copy2", "app/evil"]) == {
        "gone": None,
        "../copy2": None,
        "app/evil": None,
    }


def test_a_tree_is_read_in_order(root: Path) -> None:
    """Links as links, without Git's own files."""
    tree = WorkTree(root)
    oid = tree.tree_oids(REPO, REVISION, ["app"])["app"]
    assert oid
    assert list(tree.read_tree(REPO, oid, max_bytes=1000)) == [
        TreeFile("a.yaml", b"a"),
        TreeFile("evil", b"/etc/hostname", symlink=True),
        TreeFile("link", b"a.yaml", symlink=True),
        TreeFile("sub/run", b"#!/bin/sh\n"),
    ]
    with pytest.raises(RenderLimitExceeded):
        list(tree.read_tree(REPO, oid, max_bytes=3))
    with pytest.raises(CommitMissing):
        list(tree.read_tree(REPO, "f" * 40, max_bytes=3))


def test_files_are_read_within_the_directory_only(root: Path) -> None:
    """A link that leaves it is no file."""
    tree = WorkTree(root)
    assert tree.read_file(REPO, REVISION, "app/link") == b"a"
    for path in ("app/evil", "../../etc/hostname", "app", "gone"):
        with pytest.raises(PathNotFound):
            tree.read_file(REPO, REVISION, path)


def test_an_export_is_a_copy_without_links_out(root: Path) -> None:
    """Writing into it changes nothing, and it is gone afterwards."""
    with WorkTree(root).export(REPO, REVISION, ["app", "app.txt"]) as place:
        assert sorted(p.relative_to(place).as_posix() for p in place.rglob("*")) == [
            "app",
            "app.txt",
            "app/a.yaml",
            "app/link",
            "app/sub",
            "app/sub/run",
        ]
        (place / "app" / "a.yaml").write_text("changed")
    assert (root / "app" / "a.yaml").read_text() == "a"
    assert not place.exists()
    with WorkTree(root).export(REPO, REVISION, [""]) as place:
        assert not (place / ".git").exists() or list((place / ".git").iterdir()) == []


def test_it_has_no_history(root: Path) -> None:
    """What a commit would say is made up of the directory."""
    tree = WorkTree(root)
    tree.fetch(REPO, REVISION)
    said = tree.commit(REPO, REVISION)
    assert said.message == "working copy"
    assert said.committed_at.tzinfo is not None
