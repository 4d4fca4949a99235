"""The CustomResourceDefinitions of argoproj.io/v1alpha1, as package data.

They are written by `python -m common.crds.generate` from the typed models, so that what the code reads and
what the API server keeps are the same fields.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import orjson
import yaml

NAMES = ("application", "appproject", "applicationset")
"""The files, in the order in which they are applied."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C is ten times as quick; a build of PyYAML without it works too."""


def load() -> list[dict[str, Any]]:
    """The definitions, each call with copies of its own."""
    documents: list[dict[str, Any]] = orjson.loads(_documents())
    return documents


@cache
def _documents() -> bytes:
    folder = files(__name__)
    return orjson.dumps([_parsed((folder / f"{name}.yaml").read_bytes()) for name in NAMES])


def _parsed(text: bytes) -> Any:
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - both are safe loaders
