"""The ports that operations work through, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from common import ports


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything an operation may reach. Made once a process, by `common.wiring`."""

    clock: ports.Clock
    git: ports.GitReader
    renderer: ports.Renderer
    clusters: ports.Clusters
    applications: ports.Applications
    due: ports.DueSet
    live: ports.LiveStore
    blobs: ports.Blobs
    facts: ports.Facts
    queue: ports.TaskQueue
    leases: ports.Leases
    jq: ports.Jq
    namespace: str
    """The home namespace: where the settings, Secrets and projects are."""
    secrets_key: bytes
    """Of the digests that stand for Secrets' values."""
