"""Join a mirror's packs into one when there are many, without keeping readers waiting."""

from __future__ import annotations

import os
from pathlib import Path

from common.adapters.git.command import run_git
from common.adapters.git.deadline import Deadline
from common.adapters.git.limits import GitLimits
from common.adapters.git.mirror import Mirror
from common.core.errors import GitError, ToolMissing


def repack_if_needed(mirror: Mirror, limits: GitLimits, home: Path, *, deadline: Deadline, lock: int) -> bool:
    """Called by the holder of the fetch lock. A new pack of everything that refs reach is made first, then
    the packs that were there before go; killed in between, there is only a pack too many. Returns whether it
    was done; a repack that fails costs nothing but the time.
    """
    before = mirror.packs()
    if len(before) < limits.packs_before_repack:
        return False
    mirror.forget_old_commits(limits.kept_commits)
    variables = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    target = mirror.path / "objects" / "pack" / "pack"
    words = [
        f"--git-dir={mirror.path}",
        "pack-objects",
        "--all",
        "--non-empty",
        "--quiet",
        "--threads=1",
        str(target),
    ]
    try:
        code, output, _ = run_git(words, variables, home, deadline, keep=(lock,))
    except (ToolMissing, GitError):
        return False
    made = output.decode().strip()
    if code or not made:
        return False
    mirror.drop_packs([pack for pack in before if pack.stem != f"pack-{made}"])
    return True
