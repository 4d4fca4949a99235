"""Objects of an application: named on the command line, and desired beside live as the server has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import msgspec
import orjson

from cli.app_names import AppName
from cli.printing import at_path
from cli.rest import Api


class ResourceName(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One object; the namespace is empty when it was not named."""

    group: str = ""
    kind: str
    namespace: str = ""
    name: str


def resource_name(text: str) -> ResourceName:
    """`GROUP:KIND:NAME` or `GROUP:KIND:NAMESPACE/NAME`; the core group is empty.

    Raises:
        BadParameter: it is neither.
    """
    parts = text.split(":")
    if len(parts) < 3 or not parts[1]:
        raise click.BadParameter(f"--resource: found {text!r}, expected GROUP:KIND:[NAMESPACE/]NAME")
    namespace, _, name = ":".join(parts[2:]).rpartition("/")
    if not name:
        raise click.BadParameter(f"--resource: found {text!r}, which names no object")
    return ResourceName(group=parts[0], kind=parts[1], namespace=namespace, name=name)


def managed(api: Api, which: AppName, *, revision: str = "") -> list[dict[str, Any]]:
    """Every object of an application, desired beside live. Raises RestError."""
    found = api.get(f"{which.path}/managed-resources", appNamespace=which.namespace, revision=revision)
    return list(found.get("items") or [])


def side(item: dict[str, Any], name: str) -> dict[str, Any] | None:
    """One of an item's objects (`targetState`, `liveState`, …); None where there is none."""
    found = orjson.loads(item.get(name) or "null")
    return found if isinstance(found, dict) else None


def labelled(api: Api, which: AppName, labels: Sequence[str], *, revision: str = "") -> list[ResourceName]:
    """The objects with all of these labels, as desired or live.

    Raises:
        BadParameter: a label is not KEY=VALUE.
        ClickException: there is no such object.
    """
    wanted = dict(_pair(label) for label in labels)
    found = []
    for item in managed(api, which, revision=revision):
        obj = side(item, "targetState") or side(item, "liveState")
        if not item.get("hook") and wanted.items() <= at_path(obj, "metadata", "labels", default={}).items():
            fields = {name: str(item.get(name) or "") for name in ("group", "kind", "namespace", "name")}
            found.append(ResourceName(**fields))
    if not found:
        raise click.ClickException(f"{which}: no object has the labels {', '.join(labels)}")
    return found


def _pair(label: str) -> tuple[str, str]:
    name, equals, value = label.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"--label: found {label!r}, expected KEY=VALUE")
    return name, value
