"""Objects read from files and printed, for the commands that need no server."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from common.core.keys import Object

if TYPE_CHECKING:
    from common.core.model.engine_settings import EngineSettings

FILE = click.Path(dir_okay=False, path_type=Path, allow_dash=True)
"""A file, or `-` for standard input."""

settings_option = click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the ConfigMap argocd-cm.",
)


def read_objects(path: Path) -> list[Object]:
    """The objects of a YAML or JSON file.

    Raises:
        OSError: it cannot be read.
        InvalidManifest: it holds something else.
    """
    from common.core import yaml_documents

    data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    return yaml_documents.read_objects(data, str(path))


def read_settings(path: Path | None) -> EngineSettings:
    """What the ConfigMap argocd-cm of a file says; the defaults without a file.

    Raises:
        OSError, InvalidManifest: as `read_objects`.
        InvalidInput: the file holds no ConfigMap, or settings that cannot be read.
    """
    from common.core.errors import InvalidInput
    from common.core.model import engine_settings

    if path is None:
        return engine_settings.EngineSettings()
    for obj in read_objects(path):
        if obj.get("kind") == "ConfigMap":
            config = {str(key): str(value) for key, value in (obj.get("data") or {}).items()}
            settings = engine_settings.read_settings(config)
            if settings.errors:
                raise InvalidInput.of(settings.errors)
            return settings
    raise InvalidInput(str(path), "kind", found="no ConfigMap", expected="the ConfigMap argocd-cm")


def print_objects(objects: Iterable[Object], output: str) -> None:
    """As YAML documents, one JSON list, or `kind/name` lines."""
    if output == "json":
        print_json(list(objects))
    elif output == "name":
        for obj in objects:
            group = str(obj.get("apiVersion") or "").rpartition("/")[0]
            kind = str(obj.get("kind") or "").lower()
            name = (obj.get("metadata") or {}).get("name") or ""
            click.echo(f"{kind}{f'.{group}' if group else ''}/{name}")
    else:
        from common.core.compare.diff import as_yaml

        for obj in objects:
            click.echo(f"---\n{as_yaml(obj)}", nl=False)


def print_json(value: object) -> None:
    """Indented, keys in their order."""
    import orjson

    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
