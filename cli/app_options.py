"""The options of `app create` and `app set`, and what they make of a spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from cli.app_sources import change_source

Spec = dict[str, Any]
Command = Callable[..., Any]

_OPTIONS = (
    click.option("--repo", metavar="URL", help="The repository."),
    click.option("--path", metavar="DIR", help="The directory in it."),
    click.option("--helm-chart", metavar="NAME", help="The chart, of a Helm repository."),
    click.option("--revision", help="The branch, tag, commit or range of versions to follow."),
    click.option("--project", help="The project."),
    click.option("--dest-server", metavar="URL", help="The cluster, by address."),
    click.option("--dest-name", metavar="NAME", help="The cluster, by name."),
    click.option("--dest-namespace", metavar="NAMESPACE", help="Where objects without a namespace go."),
    click.option(
        "--sync-policy",
        type=click.Choice(["none", "manual", "auto", "automatic", "automated"]),
        help="Whether it syncs by itself.",
    ),
    click.option("--auto-prune/--no-auto-prune", default=None, help="Delete what is no longer desired."),
    click.option("--self-heal/--no-self-heal", default=None, help="Undo changes made by hand."),
    click.option("--allow-empty/--no-allow-empty", default=None, help="Allow a sync to nothing at all."),
    click.option(
        "--sync-option", "sync_options", multiple=True, metavar="NAME=VALUE", help="!NAME=VALUE removes."
    ),
    click.option("--sync-retry-limit", type=int, help="How often a sync is tried again; 0: never."),
    click.option("-p", "--parameter", "parameters", multiple=True, metavar="KEY=VALUE", help="Helm's --set."),
    click.option("--helm-set", multiple=True, metavar="KEY=VALUE", help="The same."),
    click.option(
        "--helm-set-string", multiple=True, metavar="KEY=VALUE", help="The same; the value stays text."
    ),
    click.option(
        "--values", "values_files", multiple=True, metavar="FILE", help="Values file in the repository."
    ),
    click.option(
        "--values-literal-file",
        type=click.File("r"),
        metavar="FILE",
        help="Take this file's text for values.",
    ),
    click.option("--release-name", help="Helm's release name."),
    click.option("--kustomize-image", multiple=True, metavar="[OLD=]NEW", help="Replace an image."),
    click.option("--nameprefix", help="Kustomize's name prefix."),
    click.option("--namesuffix", help="Kustomize's name suffix."),
    click.option("--directory-recurse/--no-directory-recurse", default=None, help="Read subdirectories too."),
    click.option("--directory-include", metavar="GLOB", help="Read only these files."),
    click.option("--directory-exclude", metavar="GLOB", help="Leave these files out."),
    click.option(
        "--source-position", type=click.IntRange(1), help="Which of several sources is meant, from 1."
    ),
)


def spec_options(command: Command) -> Command:
    """Everything that `changed` reads."""
    for decorate in reversed(_OPTIONS):
        command = decorate(command)
    return command


def changed(spec: Spec, given: Mapping[str, Any]) -> Spec:
    """A spec with what the options say; what they do not name stays.

    Raises:
        UsageError: options that contradict each other, or the spec.
        BadParameter: a value is malformed.
    """
    made = change_source(dict(spec), given)
    if given.get("project"):
        made["project"] = given["project"]
    _destination(made, given)
    _policy(made, given)
    return made


def _destination(spec: Spec, given: Mapping[str, Any]) -> None:
    if given.get("dest_server") and given.get("dest_name"):
        raise click.UsageError("give one of --dest-server and --dest-name")
    destination = dict(spec.get("destination") or {})
    if given.get("dest_server"):
        destination.pop("name", None)
        destination["server"] = given["dest_server"]
    if given.get("dest_name"):
        destination.pop("server", None)
        destination["name"] = given["dest_name"]
    if given.get("dest_namespace") is not None:
        destination["namespace"] = given["dest_namespace"]
    spec["destination"] = destination


def _policy(spec: Spec, given: Mapping[str, Any]) -> None:
    policy = dict(spec.get("syncPolicy") or {})
    wanted = given.get("sync_policy")
    if wanted in ("none", "manual"):
        policy.pop("automated", None)
    elif wanted:
        policy["automated"] = {
            name: value for name, value in (policy.get("automated") or {}).items() if name != "enabled"
        }
    _automated(policy, given)
    _sync_options(policy, given.get("sync_options") or ())
    if given.get("sync_retry_limit") == 0:
        policy.pop("retry", None)
    elif given.get("sync_retry_limit") is not None:
        policy["retry"] = {**(policy.get("retry") or {}), "limit": given["sync_retry_limit"]}
    if policy:
        spec["syncPolicy"] = policy
    else:
        spec.pop("syncPolicy", None)


def _automated(policy: Spec, given: Mapping[str, Any]) -> None:
    switches = {"auto_prune": "prune", "self_heal": "selfHeal", "allow_empty": "allowEmpty"}
    said = {name: given[option] for option, name in switches.items() if given.get(option) is not None}
    if not said:
        return
    if policy.get("automated") is None:
        flags = ", ".join(
            f"--{option.replace('_', '-')}" for option in switches if given.get(option) is not None
        )
        raise click.UsageError(f"{flags} means something only with --sync-policy automated")
    policy["automated"] = {**policy["automated"], **said}


def _sync_options(policy: Spec, wanted: tuple[str, ...]) -> None:
    options = list(policy.get("syncOptions") or [])
    for text in wanted:
        option, remove = text.removeprefix("!"), text.startswith("!")
        name, equals, _ = option.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"--sync-option: found {text!r}, expected NAME=VALUE")
        options = [one for one in options if (one != option if remove else one.partition("=")[0] != name)]
        if not remove:
            options.append(option)
    if options:
        policy["syncOptions"] = options
    else:
        policy.pop("syncOptions", None)
