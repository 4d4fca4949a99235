"""How applications are named on the command line, and where the API has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import click
import msgspec

from cli.printing import at_path
from cli.rest import Api

APPLICATIONS = "/api/v1/applications"

namespace_option = click.option(
    "-N", "--app-namespace", default="", metavar="NAMESPACE", help="Where the application lives."
)
selector_option = click.option("-l", "--selector", default="", help="Those with these labels: a=b,c!=d.")


class AppName(msgspec.Struct, frozen=True):
    """One application; the home namespace when the namespace is empty."""

    name: str
    namespace: str = ""

    @property
    def path(self) -> str:
        """Its path in the API."""
        return f"{APPLICATIONS}/{quote(self.name, safe='')}"

    def fetch(self, api: Api, **query: Any) -> dict[str, Any]:
        """The Application. Raises RestError."""
        return api.get(self.path, appNamespace=self.namespace, **query)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def app_name(text: str, namespace: str = "") -> AppName:
    """`NAME` or `NAMESPACE/NAME`.

    Raises:
        BadParameter: it is neither, or names another namespace than the option.
    """
    before, slash, name = text.rpartition("/")
    if not name or "/" in before or (slash and not before):
        raise click.BadParameter(f"found {text!r}, expected NAME or NAMESPACE/NAME")
    if before and namespace and before != namespace:
        raise click.BadParameter(f"{text!r} is not in the namespace {namespace!r} of --app-namespace")
    return AppName(name, before or namespace)


def name_of(app: dict[str, Any]) -> AppName:
    """The name of an Application."""
    return AppName(str(app["metadata"]["name"]), str(at_path(app, "metadata", "namespace")))


def chosen(api: Api, names: tuple[str, ...], selector: str, namespace: str) -> list[AppName]:
    """The applications that a command means: named, or with labels; sorted where selected.

    Raises:
        UsageError: neither a name nor a selector is given, or both are.
        ClickException: no application has these labels.
    """
    if bool(names) == bool(selector):
        raise click.UsageError("give names of applications, or a selector with -l")
    if names:
        return [app_name(text, namespace) for text in names]
    found = api.get(APPLICATIONS, selector=selector, appNamespace=namespace).get("items") or []
    if not found:
        raise click.ClickException(f"no application matches the selector {selector!r}")
    return [name_of(app) for app in found]


def several(command: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments of commands on one or several applications."""
    for decorate in (namespace_option, selector_option, click.argument("names", nargs=-1, metavar="NAME...")):
        command = decorate(command)
    return command


def one(command: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments of commands on one application."""
    return click.argument("name", metavar="NAME")(namespace_option(command))
