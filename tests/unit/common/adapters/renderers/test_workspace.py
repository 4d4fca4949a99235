"""Scratch directories, mirrors of trees, and links."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.adapters.renderers.workspace import inside, mirror, refuse_escaping_links, scratch
from common.core.errors import RenderFailed


def test_scratch_is_gone_afterwards(tmp_path: Path) -> None:
    """Whatever is in it, and however it ends."""

    def fail() -> None:
        with scratch(tmp_path) as place:
            (place / "deep").mkdir()
            (place / "deep" / "file").write_text("x")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_mirror_shares_files_but_not_directories(tmp_path: Path) -> None:
    """Hard links; what is left out can be written anew without touching the original."""
    source = tmp_path / "source"
    (source / "a").mkdir(parents=True)
    (source / "a" / "keep").write_text("1")
    (source / "a" / "replace").write_text("old")
    (source / "a" / "link").symlink_to("keep")
    (source / "dir").symlink_to("a")
    mirror(source, tmp_path / "made", without=[source / "a" / "replace"])
    (tmp_path / "made" / "a" / "replace").write_text("new")
    assert (source / "a" / "replace").read_text() == "old"
    assert (tmp_path / "made" / "a" / "keep").samefile(source / "a" / "keep")
    assert (tmp_path / "made" / "dir" / "link").read_text() == "1"


def test_a_copy_may_be_written(tmp_path: Path) -> None:
    """Of read-only files too."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_text("1")
    (source / "a").chmod(0o444)
    mirror(source, tmp_path / "made", copy=True)
    (tmp_path / "made" / "a").write_text("2")
    assert (source / "a").read_text() == "1"


def test_paths_are_judged_by_where_they_really_are(tmp_path: Path) -> None:
    """Links on the way are followed first."""
    (tmp_path / "root" / "deep").mkdir(parents=True)
    (tmp_path / "root" / "link").symlink_to("deep")
    (tmp_path / "root" / "out").symlink_to("..")
    root = tmp_path / "root"
    assert inside(root, "/deep/x", what="path") == root / "deep" / "x"
    for path in ("../x", "out/x", "link/../../x"):
        with pytest.raises(RenderFailed, match="outside of the repository"):
            inside(root, path, what="path")


def test_links_that_leave_are_named(tmp_path: Path) -> None:
    """Directories and files alike; those that stay are fine."""
    root = tmp_path / "root"
    (root / "c").mkdir(parents=True)
    (root / "c" / "fine").symlink_to("../c")
    refuse_escaping_links(root, root / "c")
    (root / "c" / "bad").symlink_to("/etc")
    with pytest.raises(RenderFailed, match="c/bad is a link that leaves the repository"):
        refuse_escaping_links(root, root / "c")
