"""The paths that an Application says it is made of: `argocd.argoproj.io/manifest-generate-paths`."""

from __future__ import annotations

import posixpath
import re

from common.core.annotations import MANIFEST_GENERATE_PATHS, annotation
from common.core.errors import InvalidInput
from common.core.keys import Object

_GLOB = re.compile(r"[*?\[{]")


def generate_paths(app: Object, source_path: str) -> tuple[str, ...] | None:
    """The paths, from the repository's root and sorted, that the annotation names; None without it.

    Parts are separated by `;`. `.` and other relative ones start at the source's path, `/…` at the root. A
    part with wildcards counts as the directory above the first of them, which holds all that it can match.

    Raises:
        InvalidInput: a part leaves the repository.
    """
    text = annotation(app, MANIFEST_GENERATE_PATHS)
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if not parts:
        return None
    return tuple(sorted({_resolved(part, source_path) for part in parts}))


def _resolved(part: str, source_path: str) -> str:
    """`""` is the root."""
    base = "" if part.startswith("/") else source_path
    joined = posixpath.normpath(posixpath.join("/", base.strip("/"), _without_glob(part).lstrip("/")))
    if _leaves(posixpath.join(base.strip("/"), part.lstrip("/"))):
        raise InvalidInput(
            "Application",
            f"metadata.annotations[{MANIFEST_GENERATE_PATHS}]",
            found=part,
            expected="a path in the repository",
        )
    return joined.lstrip("/")


def _without_glob(part: str) -> str:
    names: list[str] = []
    for name in part.split("/"):
        if _GLOB.search(name):
            break
        names.append(name)
    return "/".join(names)


def _leaves(path: str) -> bool:
    return posixpath.normpath(path).split("/")[0] == ".."
