"""What options make of a source: where it is, and its parameters for Helm, Kustomize and directories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

Source = dict[str, Any]


def change_source(spec: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The spec with its (chosen) source changed.

    Raises:
        UsageError: the position of a source is missing, or there is none at it.
        BadParameter: a value is malformed.
    """
    position, several = given.get("source_position"), spec.get("sources") or []
    if not several:
        if position not in (None, 1):
            raise click.UsageError(f"--source-position {position}: the application has one source")
        return {**spec, "source": changed_source(spec.get("source") or {}, given)}
    if position is None:
        if changed_source({}, given):
            raise click.UsageError(
                f"the application has {len(several)} sources: say which by --source-position"
            )
        return spec
    if position > len(several):
        raise click.UsageError(f"--source-position {position}: the application has {len(several)} sources")
    made = changed_source(several[position - 1], given)
    return {**spec, "sources": [*several[: position - 1], made, *several[position:]]}


def changed_source(source: Source, given: Mapping[str, Any]) -> Source:
    """A source with what the options say. Raises BadParameter."""
    made = dict(source)
    places = {"repo": "repoURL", "path": "path", "helm_chart": "chart", "revision": "targetRevision"}
    for option, name in places.items():
        if given.get(option) is not None:
            made[name] = given[option]
    for name, change in (("helm", _helm), ("kustomize", _kustomize), ("directory", _directory)):
        if options := change(dict(made.get(name) or {}), given):
            made[name] = options
    return made


def _helm(helm: Source, given: Mapping[str, Any]) -> Source:
    plain = [*(given.get("parameters") or ()), *(given.get("helm_set") or ())]
    texts = list(given.get("helm_set_string") or ())
    if plain or texts:
        helm["parameters"] = _parameters(helm.get("parameters") or [], plain, texts)
    if given.get("values_files"):
        helm["valueFiles"] = list(given["values_files"])
    if given.get("values_literal_file") is not None:
        helm.pop("valuesObject", None)  # it would win
        helm["values"] = given["values_literal_file"].read()
    if given.get("release_name") is not None:
        helm["releaseName"] = given["release_name"]
    return helm


def _parameters(had: Iterable[Source], plain: Iterable[str], texts: Iterable[str]) -> list[Source]:
    """In their order, a new value in the old one's place."""
    found = {str(one.get("name")): dict(one) for one in had}
    for text, as_text in [*((one, False) for one in plain), *((one, True) for one in texts)]:
        name, value = pair(text, "a parameter")
        found[name] = {"name": name, "value": value, **({"forceString": True} if as_text else {})}
    return list(found.values())


def _kustomize(kustomize: Source, given: Mapping[str, Any]) -> Source:
    if given.get("kustomize_image"):
        images = {_image_name(one): one for one in kustomize.get("images") or []}
        images |= {_image_name(one): one for one in given["kustomize_image"]}
        kustomize["images"] = list(images.values())
    for option, name in (("nameprefix", "namePrefix"), ("namesuffix", "nameSuffix")):
        if given.get(option) is not None:
            kustomize[name] = given[option]
    return kustomize


def _image_name(image: str) -> str:
    """What an override replaces: the left of `=`, else the image without tag and digest."""
    old, equals, _ = image.partition("=")
    if equals:
        return old
    name = image.partition("@")[0]
    before, slash, last = name.rpartition("/")
    return f"{before}{slash}{last.partition(':')[0]}"


def _directory(directory: Source, given: Mapping[str, Any]) -> Source:
    options = {"directory_recurse": "recurse", "directory_include": "include", "directory_exclude": "exclude"}
    for option, name in options.items():
        if given.get(option) is not None:
            directory[name] = given[option]
    return directory


def pair(text: str, what: str) -> tuple[str, str]:
    """`KEY=VALUE`. Raises BadParameter."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{what}: found {text!r}, expected KEY=VALUE")
    return name, value
