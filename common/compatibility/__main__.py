"""`python -m common.compatibility --write | --check`: the page in docs/, from the table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from common.compatibility.page import page

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"


def main(arguments: list[str] | None = None, *, path: Path = PAGE) -> int:
    """Write the page, or say whether it is current (exit code 1 when it is not)."""
    parser = argparse.ArgumentParser(prog="python -m common.compatibility")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="write the page")
    action.add_argument("--check", action="store_true", help="fail when the page is not current")
    if parser.parse_args(arguments).write:
        path.write_text(page(), encoding="utf-8")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == page():
        return 0
    sys.stderr.write(f"{path.name} is not current: python -m common.compatibility --write\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
