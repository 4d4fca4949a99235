"""The fixture of this folder: a Moorings of real processes beside clusters that obey the test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.adapters.clock import SystemClock
from common.adapters.cluster.client import HttpCluster
from common.operations.bootstrap import bootstrap
from sandbox.run import running_sandbox
from tests.chaos.harbour import Harbour
from tests.engine_fixtures import NAMESPACE
from tests.git_fixtures import HostedRepositories


@pytest.fixture
def harbour(tmp_path: Path, git_host: HostedRepositories) -> Iterator[Harbour]:
    """Two clusters and a Redis of its own; no process of Moorings runs yet."""
    with running_sandbox(2, ready_after_seconds=0.02) as clusters:
        home = HttpCluster(clusters[0].access())
        bootstrap(home, NAMESPACE, clock=SystemClock(), wait=time.sleep)
        home.close()
        made = Harbour(tmp_path, clusters, git_host)
        try:
            yield made
        finally:
            made.close()
