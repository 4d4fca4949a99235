"""helm and kubectl for tests: installed once, as `moor tools install` does, into a cache of the user's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from common.adapters.tool_installer import install
from common.adapters.tools import Tools
from common.core.errors import ToolMissing

CACHE = Path.home() / ".cache" / "moorings-tests"


@pytest.fixture(scope="session")
def tools() -> Tools:
    """The pinned programs; those on PATH where the pinned ones cannot be had. Without either the test is
    skipped by name, or fails under MOORINGS_REQUIRE=all.
    """
    pinned = Tools(CACHE, search_path="/nonexistent")
    try:
        install(pinned)
    except ToolMissing as error:
        found = Tools(CACHE)
        try:
            found.find("helm")
            found.find_kustomize()
        except ToolMissing:
            reason = f"needs helm and kubectl: {error}"
            if os.environ.get("MOORINGS_REQUIRE") == "all":
                pytest.fail(f"MOORINGS_REQUIRE=all: {reason}")
            pytest.skip(reason)
        return found
    return pinned
