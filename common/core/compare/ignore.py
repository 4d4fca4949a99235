"""`spec.ignoreDifferences` and its kin: which fields of which objects a comparison leaves out.

The meaning of the fields is that of Argo CD's "Diff Customization": pointers as RFC 6901 writes them, without
wildcards; `*` for any group or kind; managers by their name in managedFields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from common.core.errors import InvalidInput
from common.core.keys import Object, ObjectKey
from common.core.typed.entries import lenient_entries
from common.core.typed.fields import EMPTY, FieldSet
from common.core.typed.merge import remove
from common.core.typed.nulls import without_nulls
from common.core.typed.schema import Schema

DeletePaths = Callable[[str, object], object]
"""`ports.Jq.delete_paths`: the document without what the expression selects."""


class IgnoreRule(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One row of ignoreDifferences. Empty name or namespace: any."""

    kind: str
    group: str = ""
    name: str = ""
    namespace: str = ""
    json_pointers: tuple[str, ...] = ()
    jq_path_expressions: tuple[str, ...] = ()
    managed_fields_managers: tuple[str, ...] = ()

    def selects(self, key: ObjectKey) -> bool:
        """Whether the rule is about this object."""
        return (
            self.group in ("*", key.group)
            and self.kind in ("*", key.kind)
            and self.name in ("", key.name)
            and self.namespace in ("", key.namespace)
        )


class Ignored(msgspec.Struct, frozen=True, kw_only=True):
    """All that the rules say of one object."""

    pointers: tuple[tuple[str, ...], ...] = ()
    expressions: tuple[str, ...] = ()
    managers: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.pointers or self.expressions or self.managers)


def ignored_for(key: ObjectKey, rules: Iterable[IgnoreRule]) -> Ignored:
    """What the rules that select the object leave out of its comparison.

    Raises:
        InvalidInput: a pointer that is none.
    """
    chosen = [rule for rule in rules if rule.selects(key)]
    return Ignored(
        pointers=tuple(parse_pointer(text) for rule in chosen for text in rule.json_pointers),
        expressions=tuple(text for rule in chosen for text in rule.jq_path_expressions),
        managers=frozenset(name for rule in chosen for name in rule.managed_fields_managers),
    )


def parse_pointer(text: str) -> tuple[str, ...]:
    """The tokens of a JSON pointer (RFC 6901).

    Raises:
        InvalidInput: it does not start with `/`, or has a `~` that is neither `~0` nor `~1`.
    """
    if not text.startswith("/"):
        raise InvalidInput(
            "ignoreDifferences", "jsonPointers", found=text, expected="a pointer that begins with /"
        )
    tokens = []
    for token in text[1:].split("/"):
        if "~" in token.replace("~0", "").replace("~1", ""):
            raise InvalidInput(
                "ignoreDifferences", "jsonPointers", found=text, expected="~0 for ~ and ~1 for /"
            )
        tokens.append(token.replace("~1", "/").replace("~0", "~"))
    return tuple(tokens)


def owned_by(live: Object | None, managers: Iterable[str]) -> FieldSet:
    """The fields of live that any of these managers owns."""
    names = frozenset(managers)
    owned = EMPTY
    for entry in lenient_entries(live) if names else ():
        if entry.manager in names:
            owned |= entry.fields
    return owned


def without_ignored(
    obj: Object, ignored: Ignored, schema: Schema, *, foreign: FieldSet, delete_paths: DeletePaths
) -> Object:
    """The object without what is ignored. `foreign` is what the ignored managers own in live.

    Raises:
        InvalidInput: an expression that jq refuses, or a list item without its keys.
    """
    out: Any = obj
    for tokens in ignored.pointers:
        out = _cut(out, tokens)
    if foreign:
        out = without_nulls(remove(out, foreign, schema) or {}, schema)
    for expression in ignored.expressions:
        out = delete_paths(expression, out)
    return out if isinstance(out, dict) else {}


def _cut(value: Any, tokens: tuple[str, ...]) -> Any:
    """The value without what the pointer names; itself when there is nothing."""
    token, rest = tokens[0], tokens[1:]
    if isinstance(value, dict) and token in value:
        if not rest:
            return {name: inner for name, inner in value.items() if name != token}
        inner = _cut(value[token], rest)
        return value if inner is value[token] else {**value, token: inner}
    if isinstance(value, list) and token.isdecimal() and int(token) < len(value):
        index = int(token)
        if not rest:
            return value[:index] + value[index + 1 :]
        inner = _cut(value[index], rest)
        return value if inner is value[index] else [*value[:index], inner, *value[index + 1 :]]
    return value
