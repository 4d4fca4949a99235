"""What tools print and files hold, as documents."""

from __future__ import annotations

from typing import Any

import yaml

from common.core.errors import InvalidManifest
from common.core.keys import Object


def any_documents(data: bytes, name: str, *, limit: int = 10 << 20) -> list[Any]:
    """The YAML documents of a file, whatever they are."""
    try:
        return [d for d in yaml.load_all(data, Loader=yaml.CSafeLoader) if d is not None]
    except yaml.YAMLError as error:
        raise InvalidManifest(name, "", found=str(error), expected="YAML") from error


def objects_of(data: bytes, name: str) -> list[Object]:
    """The Kubernetes objects of a file."""
    return any_documents(data, name)
