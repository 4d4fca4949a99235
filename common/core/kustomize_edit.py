"""An Application's Kustomize options written into a kustomization, as `kustomize edit` would.

The options change the kustomization itself (a prefix replaces its prefix, an image replaces the entry of the
same name): an overlay above it would mean something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from common.core.build_env import substitute
from common.core.errors import InvalidInput, RenderFailed
from common.core.model.source import KustomizeOptions

Document = dict[str, Any]

_KEEP = "*"
_IMAGE = re.compile(r"^(?P<name>[^@=]+?)(?::(?P<tag>[^:/@]*))?(?:@(?P<digest>[^@]+))?$")


def changes_anything(options: KustomizeOptions) -> bool:
    """Whether the kustomization must be written anew at all."""
    return any(
        (
            options.name_prefix,
            options.name_suffix,
            options.namespace,
            options.images,
            options.replicas,
            options.common_labels,
            options.common_annotations,
            options.patches,
            options.components,
        )
    )


def edited(
    document: Mapping[str, Any],
    options: KustomizeOptions,
    *,
    environment: Mapping[str, str],
    exists: Callable[[str], bool],
) -> Document:
    """The kustomization with the options in it. `exists` says whether a component's path is there.

    Raises:
        InvalidInput: an image or a number of replicas that means nothing.
        RenderFailed: a label or annotation is already set to something else, and not forced.
    """
    made: Document = orjson.loads(orjson.dumps(document))
    for field, value in (
        ("namePrefix", options.name_prefix),
        ("nameSuffix", options.name_suffix),
        ("namespace", options.namespace),
    ):
        if value:
            made[field] = value
    if options.images:
        made["images"] = _images(made.get("images") or [], options.images)
    if options.replicas:
        made["replicas"] = _replicas(made.get("replicas") or [], options)
    _add_labels(made, options)
    _add_annotations(made, options, environment)
    if options.patches:
        made["patches"] = [*(made.get("patches") or []), *map(_patch, options.patches)]
    components = [c for c in options.components if not options.ignore_missing_components or exists(c)]
    if components:
        made["components"] = [*(made.get("components") or []), *components]
    return made


def image_entry(text: str) -> dict[str, str]:
    """`[name=]new-name[:tag|@digest]` as an entry of `images`; `*` keeps what the kustomization says.

    Raises:
        InvalidInput: it is none of these.
    """
    name, equals, new = text.partition("=")
    match = _IMAGE.match(new if equals else name)
    if match is None or (equals and not name):
        raise InvalidInput("kustomize.images", "", found=text, expected="[name=]image[:tag|@digest]")
    entry = {"name": name if equals else match["name"]}
    if equals:
        entry["newName"] = match["name"]
    if match["tag"]:
        entry["newTag"] = match["tag"]
    if match["digest"]:
        entry["digest"] = match["digest"]
    return entry


def _images(existing: list[Document], images: tuple[str, ...]) -> list[Document]:
    by_name: dict[str, Document] = {str(e.get("name")): e for e in existing}
    for text in images:
        entry: Document = dict(image_entry(text))
        old = by_name.get(entry["name"], {})
        for field in ("newName", "newTag", "digest"):
            if entry.get(field) == _KEEP:
                entry.pop(field)
                if field in old:
                    entry[field] = old[field]
        by_name[entry["name"]] = entry
    return [by_name[name] for name in sorted(by_name)]


def _replicas(existing: list[Document], options: KustomizeOptions) -> list[Document]:
    by_name: dict[str, Document] = {str(e.get("name")): e for e in existing}
    for replica in options.replicas:
        try:
            count = int(replica.count)
        except ValueError:
            raise InvalidInput(
                "kustomize.replicas", replica.name, found=replica.count, expected="a whole number"
            ) from None
        by_name[replica.name] = {"name": replica.name, "count": count}
    return [by_name[name] for name in sorted(by_name)]


def _add_labels(made: Document, options: KustomizeOptions) -> None:
    labels = dict(options.common_labels)
    if not labels:
        return
    if options.label_without_selector:
        entry: Document = {"pairs": labels, "includeSelectors": False}
        if options.label_include_templates:
            entry["includeTemplates"] = True
        taken = {k for e in made.get("labels") or [] for k in e.get("pairs") or {}}
        _refuse_taken("commonLabels", labels, taken, forced=options.force_common_labels)
        kept = [_without(e, labels) for e in made.get("labels") or []]
        made["labels"] = [*(e for e in kept if e.get("pairs")), entry]
        return
    existing = made.get("commonLabels") or {}
    _refuse_taken("commonLabels", labels, set(existing), forced=options.force_common_labels)
    made["commonLabels"] = {**existing, **labels}


def _without(entry: Document, labels: Mapping[str, str]) -> Document:
    return {**entry, "pairs": {k: v for k, v in (entry.get("pairs") or {}).items() if k not in labels}}


def _add_annotations(made: Document, options: KustomizeOptions, environment: Mapping[str, str]) -> None:
    annotations = {
        key: substitute(value, environment) if options.common_annotations_envsubst else value
        for key, value in options.common_annotations.items()
    }
    if not annotations:
        return
    existing = made.get("commonAnnotations") or {}
    _refuse_taken("commonAnnotations", annotations, set(existing), forced=options.force_common_annotations)
    made["commonAnnotations"] = {**existing, **annotations}


def _refuse_taken(field: str, added: Mapping[str, str], taken: set[str], *, forced: bool) -> None:
    clash = sorted(set(added) & taken)
    if clash and not forced:
        force = "forceCommonLabels" if field == "commonLabels" else "forceCommonAnnotations"
        raise RenderFailed(
            f"{field}: {', '.join(clash)} is already in the kustomization; {force} replaces it"
        )


def _patch(patch: Any) -> Document:
    return {key: value for key, value in patch.items() if value}
