"""`resource.customizations` of argocd-cm, as one document or as split keys.

https://argo-cd.readthedocs.io/en/stable/operator-manual/argocd-cm-yaml/ has both forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from common.core.compare.ignore import IgnoreRule
from common.core.errors import FieldError
from common.core.model.reading import field_error, read
from common.core.model.record import Record

DOCUMENT = "resource.customizations"
ASPECTS = (
    "health",
    "useOpenLibs",
    "actions",
    "ignoreDifferences",
    "ignoreResourceUpdates",
    "knownTypeFields",
)
_ALL = "all"


class IgnoredFields(Record, frozen=True, kw_only=True):
    """Fields that a comparison, or a watch, leaves out."""

    json_pointers: tuple[str, ...] = ()
    jq_path_expressions: tuple[str, ...] = ()
    managed_fields_managers: tuple[str, ...] = ()


class KnownTypeField(Record, frozen=True, kw_only=True):
    """A field of a custom resource that holds a built-in type, such as a quantity."""

    field: str = ""
    type: str = ""


class Customization(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say of one kind. `*` in group or kind stands for any text."""

    group: str
    kind: str
    health_lua: str = ""
    use_open_libs: bool = False
    actions: str = ""
    """YAML, read when an action is asked for."""
    ignore_differences: IgnoredFields = IgnoredFields()
    ignore_resource_updates: IgnoredFields = IgnoredFields()
    known_type_fields: tuple[KnownTypeField, ...] = ()

    def ignore_rule(self) -> IgnoreRule:
        """What comparisons of this kind leave out."""
        fields = self.ignore_differences
        return IgnoreRule(
            group=self.group,
            kind=self.kind,
            json_pointers=fields.json_pointers,
            jq_path_expressions=fields.jq_path_expressions,
            managed_fields_managers=fields.managed_fields_managers,
        )


def read_customizations(
    settings: Mapping[str, str], name: str
) -> tuple[tuple[Customization, ...], list[FieldError]]:
    """All customizations, sorted by group and kind; a split key wins over the document for its aspect."""
    reader = _Reader(name)
    document = reader.yaml(DOCUMENT, settings.get(DOCUMENT, ""), dict)
    for key, aspects in (document or {}).items():
        reader.document_entry(str(key), aspects)
    for key, text in sorted(settings.items()):
        aspect, _, kind = key.removeprefix(f"{DOCUMENT}.").partition(".")
        if key.startswith(f"{DOCUMENT}.") and aspect in ASPECTS:
            reader.take(_split_name(kind), aspect, text, key)
        elif key.startswith(f"{DOCUMENT}."):
            reader.errors.append(field_error(name, key, aspect, f"one of {', '.join(ASPECTS)}"))
    made = (Customization(group=group, kind=kind, **found) for (group, kind), found in reader.found.items())
    return tuple(sorted(made, key=lambda one: (one.group, one.kind))), reader.errors


def _split_name(text: str) -> tuple[str, str]:
    """`group_Kind`, or `Kind` of the core group, or `all`."""
    if text == _ALL:
        return "*", "*"
    group, _, kind = text.rpartition("_")
    return group, kind


class _Reader:
    """Collects what is said of each kind, and the errors."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: dict[tuple[str, str], dict[str, Any]] = {}
        self.errors: list[FieldError] = []

    def yaml(self, key: str, text: str, kind: type) -> Any:
        """The YAML of a value; None where it is empty, or no YAML, or another type."""
        try:
            made = yaml.safe_load(text)
        except yaml.YAMLError as error:
            self.errors.append(field_error(self.name, key, " ".join(str(error).split()), "YAML"))
            return None
        if made is None or isinstance(made, kind):
            return made
        expected = "a mapping" if kind is dict else "a list"
        self.errors.append(field_error(self.name, key, made, expected))
        return None

    def document_entry(self, key: str, aspects: Any) -> None:
        """One entry of the whole document: `group/Kind`, or `Kind`, or `*/*`."""
        group, _, kind = key.rpartition("/")
        if not isinstance(aspects, dict):
            self.errors.append(field_error(self.name, f"{DOCUMENT}.{key}", aspects, "a mapping"))
            return
        for aspect, value in aspects.items():
            named = str(aspect).removesuffix(".lua")
            place = f"{DOCUMENT}.{key}.{aspect}"
            if named not in ASPECTS:
                self.errors.append(field_error(self.name, place, aspect, f"one of {', '.join(ASPECTS)}"))
            else:
                self.take((group, kind), named, _as_text(value), place)

    def take(self, kind: tuple[str, str], aspect: str, text: str, key: str) -> None:
        """One aspect of one kind."""
        into = self.found.setdefault(kind, {})
        if aspect == "health":
            into["health_lua"] = text
        elif aspect == "actions":
            into["actions"] = text
        elif aspect == "useOpenLibs":
            into["use_open_libs"] = text.strip().lower() == "true"
        elif aspect == "knownTypeFields":
            fields = self.yaml(key, text, list) or []
            into["known_type_fields"] = self._typed({"fields": fields}, _Fields, key).fields
        else:
            field = "ignore_differences" if aspect == "ignoreDifferences" else "ignore_resource_updates"
            into[field] = self._typed(self.yaml(key, text, dict) or {}, IgnoredFields, key)

    def _typed(self, raw: Any, kind: type[Any], key: str) -> Any:
        made, errors = read(raw, kind, name=self.name, at=key)
        self.errors += errors
        return made


class _Fields(Record, frozen=True, kw_only=True):
    fields: tuple[KnownTypeField, ...] = ()


def _as_text(value: Any) -> str:
    """A value of the document: usually a block of text, but YAML in place is taken too."""
    return value if isinstance(value, str) else yaml.safe_dump(value)
