"""Open repositories are used again only as long as they are what is on disk."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest

from common.adapters.git.open_mirrors import OpenMirrors


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """An empty bare repository."""
    path = tmp_path / "mirror"
    pygit2.init_repository(str(path), bare=True).free()
    return path


def test_a_handle_is_used_again(bare: Path) -> None:
    """What was given back is what is taken next."""
    kept = OpenMirrors()
    state, first = kept.take(bare)
    kept.give_back(bare, state, first)
    assert kept.take(bare)[1] is first


def test_a_handle_in_use_is_nobody_elses(bare: Path) -> None:
    """Two threads that read at once have two handles."""
    kept = OpenMirrors()
    assert kept.take(bare)[1] is not kept.take(bare)[1]


def test_a_new_pack_makes_handles_stale(bare: Path) -> None:
    """After a fetch or a repack the repository is opened anew."""
    kept = OpenMirrors()
    state, first = kept.take(bare)
    kept.give_back(bare, state, first)
    (bare / "objects" / "pack" / "pack-1.pack").touch()
    assert kept.take(bare)[1] is not first


def test_no_repository_is_an_error(tmp_path: Path) -> None:
    """As opening it is."""
    with pytest.raises(OSError, match="No such file"):
        OpenMirrors().take(tmp_path / "none")
