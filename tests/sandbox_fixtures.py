"""Fixtures that start sandbox clusters. A cluster starts in some 50 ms, so each test has its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.run import Fleet, SandboxCluster, running_sandbox

READY_AFTER_SECONDS = 0.02


@pytest.fixture
def sandbox() -> Iterator[SandboxCluster]:
    """One cluster whose pods are ready almost at once."""
    with running_sandbox(1, ready_after_seconds=READY_AFTER_SECONDS) as fleet:
        yield fleet[0]


@pytest.fixture
def sandbox_pair() -> Iterator[Fleet]:
    """Two clusters in one process."""
    with running_sandbox(2, ready_after_seconds=READY_AFTER_SECONDS) as fleet:
        yield fleet
