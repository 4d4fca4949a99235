"""The benchmarks' runner works; what it measures is no test's business."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main

FIVE = ("--applications", "5", "--idle-seconds", "0.5", "--attempts", "2")


@pytest.mark.requires("git")
def test_one_run_measures_a_first_sync_beside_its_floor(tmp_path: Path) -> None:
    """Real processes sync five applications; the figures come as JSON and as a page."""
    page = tmp_path / "benchmarks.md"
    answer = CliRunner().invoke(main, ["first-sync", *FIVE, "-o", "json", "--write", str(page)])
    assert answer.exit_code == 0, answer.output
    (synced,) = orjson.loads(answer.stdout)["first_sync"]
    assert synced["applications"] == 5
    assert synced["floor_seconds"] > 0
    assert synced["ratio"] == pytest.approx(synced["seconds"] / synced["floor_seconds"], abs=0.2)
    assert set(synced["costs"]) == {"moorings", "valkey", "sandbox", "git"}
    assert "| 5 | 1 | 0 ms |" in page.read_text()


@pytest.mark.requires("git")
def test_a_synced_fleet_is_healed_and_follows_a_push() -> None:
    """Changes by hand are undone, and a push is live, with the benchmark's own processes."""
    healed = CliRunner().invoke(main, ["drift", *FIVE, "-o", "json"])
    assert healed.exit_code == 0, healed.output
    assert orjson.loads(healed.stdout)["healing"]["attempts"] == 2
    pushed = CliRunner().invoke(main, ["push", *FIVE, "-o", "json"])
    assert pushed.exit_code == 0, pushed.output
    assert orjson.loads(pushed.stdout)["push"]["applications"] == 5


def test_a_wrong_part_is_refused() -> None:
    """Exit code 2, and the parts that there are."""
    answer = CliRunner().invoke(main, ["nothing"])
    assert answer.exit_code == 2
    assert "first-sync" in answer.output
