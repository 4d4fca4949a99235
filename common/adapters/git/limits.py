"""How long a repository may take, and how much of it we take in."""

from __future__ import annotations

import msgspec

MIB = 1 << 20


class GitLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one reader. libgit2 has one pair of network timeouts a process: the last reader sets it."""

    connect_timeout_seconds: float = 10.0
    silence_timeout_seconds: float = 15.0
    """Without a byte from the server. Argo CD: reposerver.git.request.timeout."""
    ls_remote_timeout_seconds: float = 30.0
    """For the whole request, however slowly it drips."""
    fetch_timeout_seconds: float = 300.0
    """For one fetch; also how long to wait for another process that fetches the same repository."""
    max_fetch_bytes: int = 1024 * MIB
    """Received by one fetch."""
    max_tree_bytes: int = 256 * MIB
    """Written by one export, and the largest tree that is read."""
    max_tree_files: int = 50_000
    max_tree_depth: int = 64
    max_file_bytes: int = 64 * MIB
    packs_before_repack: int = 40
    """Each fetch adds a pack; many make look-ups slow."""
    kept_commits: int = 200
    """At a repack, commits fetched longest ago beyond this many lose their ref (they are fetched again on
    demand).
    """
    allow_local: bool = False
    """Accept `file://` addresses and paths: for `moor render` and tests, never for what users name."""
