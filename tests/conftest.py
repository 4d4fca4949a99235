"""What every test shares: programs that tests need, skipped by name or required."""

from __future__ import annotations

import os
import shutil

import pytest

pytest_plugins = [
    "tests.git_fixtures",
    "tests.tool_fixtures",
    "tests.render_fixtures",
    "tests.sandbox_fixtures",
    "tests.redis_fixtures",
    "tests.engine_fixtures",
    "tests.server_fixtures",
]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose program is missing, or fail it under MOORINGS_REQUIRE=all."""
    wanted = [program for mark in item.iter_markers("requires") for program in mark.args]
    missing = [program for program in wanted if not shutil.which(program)]
    if not missing:
        return
    reason = f"needs {', '.join(missing)} on PATH"
    if os.environ.get("MOORINGS_REQUIRE") == "all":
        pytest.fail(f"MOORINGS_REQUIRE=all: {reason}")
    pytest.skip(reason)
