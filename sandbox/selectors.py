"""Label and field selectors, as the API's query parameters write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.store import Entry

_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?"
_SET = re.compile(rf"^({_NAME})\s+(in|notin)\s*\(([^()]*)\)$")
_EQUALS = re.compile(rf"^({_NAME})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)$")
_EXISTS = re.compile(rf"^(!?)\s*({_NAME})$")
_COMPARE = re.compile(rf"^({_NAME})\s*(>|<)\s*(-?\d+)$")

Labels = Mapping[str, str]
Test = Callable[[Labels], bool]

_EXTRA: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("", "pods"): {
        "spec.nodeName": ("spec", "nodeName"),
        "spec.restartPolicy": ("spec", "restartPolicy"),
        "spec.schedulerName": ("spec", "schedulerName"),
        "spec.serviceAccountName": ("spec", "serviceAccountName"),
        "status.phase": ("status", "phase"),
        "status.podIP": ("status", "podIP"),
        "status.nominatedNodeName": ("status", "nominatedNodeName"),
    },
    ("", "events"): {
        **{
            f"involvedObject.{name}": ("involvedObject", name)
            for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        },
        "reason": ("reason",),
        "type": ("type",),
        "reportingComponent": ("reportingComponent",),
        "source": ("source", "component"),
    },
    ("", "secrets"): {"type": ("type",)},
    ("", "services"): {"spec.clusterIP": ("spec", "clusterIP"), "spec.type": ("spec", "type")},
    ("", "namespaces"): {"status.phase": ("status", "phase")},
    ("", "nodes"): {"spec.unschedulable": ("spec", "unschedulable")},
    ("", "replicationcontrollers"): {"status.replicas": ("status", "replicas")},
    ("apps", "replicasets"): {"status.replicas": ("status", "replicas")},
    ("batch", "jobs"): {"status.successful": ("status", "succeeded")},
    ("certificates.k8s.io", "certificatesigningrequests"): {"spec.signerName": ("spec", "signerName")},
}


class BadSelector(ValueError):
    """The text is no selector, or names a field that cannot be selected by."""


def extra_fields(storage: tuple[str, str], obj: Mapping[str, Any]) -> dict[str, str]:
    """The values of a kind's selectable fields beside its name and namespace."""
    return {name: _text(_at(obj, path)) for name, path in _EXTRA.get(storage, {}).items()}


def _at(obj: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        obj = obj.get(name) if isinstance(obj, dict) else None
    return obj


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _split(text: str) -> list[str]:
    """At the commas outside brackets."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return [part.strip() for part in parts]


def _label_test(part: str) -> Test:
    if found := _SET.match(part):
        key, operator, listed = found.groups()
        values = frozenset(value.strip() for value in listed.split(","))
        if operator == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUALS.match(part):
        key, operator, value = found.groups()
        if operator == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _COMPARE.match(part):
        key, operator, bound = found.groups()
        return lambda labels: _compare(labels.get(key), operator, int(bound))
    if found := _EXISTS.match(part):
        negated, key = found.groups()
        return lambda labels: (key in labels) != bool(negated)
    raise BadSelector(f"unable to parse requirement: {part!r} is no label selector")


def _compare(found: str | None, operator: str, bound: int) -> bool:
    try:
        value = int(found or "")
    except ValueError:
        return False
    return value > bound if operator == ">" else value < bound


@lru_cache(maxsize=512)
def label_selector(text: str) -> Test | None:
    """A test of labels; None when the selector is empty and everything passes.

    Raises:
        BadSelector: it cannot be read.
    """
    if not text.strip():
        return None
    tests = [_label_test(part) for part in _split(text)]
    if len(tests) == 1:
        return tests[0]
    return lambda labels: all(test(labels) for test in tests)


def match_selector(selector: Mapping[str, Any] | None, labels: Labels) -> bool:
    """Whether labels match a LabelSelector object; None matches nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression(each, labels) for each in selector.get("matchExpressions") or ())


def _expression(rule: Mapping[str, Any], labels: Labels) -> bool:
    key, operator, values = rule.get("key", ""), rule.get("operator"), rule.get("values") or ()
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    return (key in labels) == (operator == "Exists")


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """A LabelSelector object in its text form, as `status.selector` of a scale has it."""
    selector = selector or {}
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for rule in selector.get("matchExpressions") or ():
        key, operator, values = rule.get("key", ""), rule.get("operator"), rule.get("values") or ()
        if operator in ("In", "NotIn"):
            parts.append(f"{key} {operator.lower()} ({','.join(sorted(values))})")
        else:
            parts.append(key if operator == "Exists" else f"!{key}")
    return ",".join(parts)


def field_selector(text: str, storage: tuple[str, str]) -> Callable[[Entry], bool] | None:
    """A test of entries; None when everything passes.

    Raises:
        BadSelector: it cannot be read, or the kind has no such selectable field.
    """
    tests = []
    for part in (p.strip() for p in text.split(",")):
        if not part:
            continue
        name, operator, value = _field_requirement(part)
        if name not in ("metadata.name", "metadata.namespace") and name not in _EXTRA.get(storage, {}):
            raise BadSelector(f"field label not supported: {name}")
        tests.append((name, operator != "!=", value))
    if not tests:
        return None
    return lambda entry: all((_field(entry, name) == value) == equal for name, equal, value in tests)


def _field_requirement(part: str) -> tuple[str, str, str]:
    for operator in ("!=", "==", "="):
        name, found, value = part.partition(operator)
        if found:
            return name.strip(), operator, value.strip()
    raise BadSelector(f"invalid selector: '{part}'; can't understand '{part}'")


def _field(entry: Entry, name: str) -> str:
    if name == "metadata.name":
        return entry.key[1]
    if name == "metadata.namespace":
        return entry.key[0]
    return entry.fields.get(name, "")
