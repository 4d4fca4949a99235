"""YAML and JSON files read as `kubectl` and Helm read them (sigs.k8s.io/yaml), under bounds of size, depth
and aliases, with the file and the line in every error.

The events of libyaml are made into values directly, with a stack of our own: a hostile file can neither
exhaust the C stack nor expand aliases without end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec
import orjson
import yaml

from common.core.errors import InvalidManifest, RenderLimitExceeded
from common.core.keys import Object
from common.core.yaml_scalars import MERGE, WrongTag, as_json, as_key, resolve, resolve_tagged

_UTF8_BOM = b"\xef\xbb\xbf"


class ReadLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How large and how involved one file may be."""

    max_bytes: int = 10 << 20
    max_depth: int = 200
    """Nested lists and mappings; JSON written by orjson ends at 254."""
    max_values: int = 2_000_000
    """Values in the file, aliases counted as what they stand for."""
    unique_keys: bool = False
    """Refuse a mapping with one key twice. Kubernetes' tools take the last one without a word."""


LIMITS = ReadLimits()


def read_documents(data: bytes, name: str, limits: ReadLimits = LIMITS) -> list[Any]:
    """The documents of a file as JSON values; empty ones are left out.

    Args:
        data: the file.
        name: for errors.
        limits: bounds.

    Raises:
        InvalidManifest: it is neither YAML nor JSON; names the file and the line.
        RenderLimitExceeded: it is larger, deeper or more involved than the limits allow.
    """
    return [document for document, _ in _documents(data, name, limits) if document is not None]


def read_objects(
    data: bytes, name: str, limits: ReadLimits = LIMITS, *, ignore_unrelated: bool = False
) -> list[Object]:
    """The Kubernetes objects of a file, those within Lists one by one.

    Args:
        data: the file.
        name: for errors.
        limits: bounds.
        ignore_unrelated: answer nothing for a file that is no manifest at all (directories hold others too):
            no document of it has an apiVersion or a kind.

    Raises:
        InvalidManifest: a document is no object; names the file, the document and its line.
        RenderLimitExceeded: as for `read_documents`.
    """
    try:
        found = [pair for pair in _documents(data, name, limits) if pair[0] is not None]
    except InvalidManifest:
        if ignore_unrelated and not all(word in data for word in (b"apiVersion:", b"kind:", b"metadata:")):
            return []
        raise
    if ignore_unrelated and not any(_looks_related(document) for document, _ in found):
        return []
    objects: list[Object] = []
    for number, (document, line) in enumerate(found, 1):
        objects.extend(_objects(document, f"{name}: document {number} (line {line})"))
    return objects


def _looks_related(document: Any) -> bool:
    return isinstance(document, dict) and ("apiVersion" in document or "kind" in document)


def _objects(document: Any, place: str) -> Iterator[Object]:
    if not isinstance(document, dict):
        raise InvalidManifest(place, "", found=document, expected="a Kubernetes object")
    for field in ("apiVersion", "kind"):
        if not isinstance(document.get(field), str) or not document[field]:
            raise InvalidManifest(place, field, found=document.get(field), expected="a text")
    if document["kind"].endswith("List") and isinstance(document.get("items", []), list | None):
        for number, item in enumerate(document.get("items") or ()):
            yield from _objects(_with_kind(item, document), f"{place}: items[{number}]")
        return
    meta = document.get("metadata")
    if not isinstance(meta, dict) or not (_named(meta, "name") or _named(meta, "generateName")):
        found = meta.get("name") if isinstance(meta, dict) else meta
        raise InvalidManifest(f"{place}: {document['kind']}", "metadata.name", found=found, expected="a name")
    yield document


def _named(meta: dict[str, Any], field: str) -> bool:
    return isinstance(meta.get(field), str) and bool(meta[field])


def _with_kind(item: Any, parent: Object) -> Any:
    """Entries of a typed list (ConfigMapList) may leave their kind to it."""
    if isinstance(item, dict) and parent["kind"] != "List" and not item.get("kind"):
        return {"apiVersion": parent["apiVersion"], "kind": parent["kind"][:-4], **item}
    return item


def _documents(data: bytes, name: str, limits: ReadLimits) -> Iterator[tuple[Any, int]]:
    """Documents with the lines that they begin on."""
    if len(data) > limits.max_bytes:
        raise RenderLimitExceeded(f"{name}: {len(data)} bytes, more than {limits.max_bytes}")
    if not limits.unique_keys and _is_flat_json(data, limits):
        try:
            yield orjson.loads(data.removeprefix(_UTF8_BOM)), 1
        except orjson.JSONDecodeError:
            pass
        else:
            return
    yield from _Builder(data, name, limits).documents()


def _is_flat_json(data: bytes, limits: ReadLimits) -> bool:
    """Whether it may be JSON, and has too few braces and brackets to be too deep."""
    first = data.lstrip(_UTF8_BOM + b" \t\r\n")[:1]
    return first in (b"{", b"[") and data.count(b"{") + data.count(b"[") <= limits.max_depth


def _line(mark: Any) -> str:
    return f"line {_number(mark)}" if mark else ""


def _number(mark: Any) -> int:
    return int(mark.line) + 1


class _Frame:
    """A list or mapping that is being filled."""

    __slots__ = ("anchor", "key", "merged", "size_before", "value")

    def __init__(self, value: Any, anchor: str | None, size_before: int) -> None:
        self.value = value
        self.anchor = anchor
        self.size_before = size_before
        self.key: str | None = None
        self.merged = False


class _Builder:
    """Makes values of one file's events."""

    def __init__(self, data: bytes, name: str, limits: ReadLimits) -> None:
        self._name, self._limits = name, limits
        self._parser: Any = None
        self._data = data
        self._size = 0
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._aliased = False

    def documents(self) -> Iterator[tuple[Any, int]]:
        """Each document and its first line."""
        try:
            self._parser = yaml.CSafeLoader(self._data)
            yield from self._read()
        except yaml.MarkedYAMLError as error:
            line = _line(error.problem_mark)
            words = ": ".join(part for part in (error.context, error.problem) if part)
            raise InvalidManifest(self._name, line, found=words, expected="YAML") from error
        except (yaml.YAMLError, UnicodeError) as error:
            raise InvalidManifest(self._name, "", found=str(error), expected="YAML in UTF-8") from error

    def _read(self) -> Iterator[tuple[Any, int]]:
        line = 1
        while True:
            event = self._parser.get_event()
            if isinstance(event, yaml.StreamEndEvent):
                return
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors.clear()
                self._aliased = False
                line = _number(event.start_mark)
                document = self._document()
                yield (orjson.loads(orjson.dumps(document)) if self._aliased else document), line

    def _document(self) -> Any:
        root = _Frame([], None, 0)
        self._stack = [root]
        while True:
            event = self._parser.get_event()
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.SequenceStartEvent):
                self._open(event, [])
            elif isinstance(event, yaml.MappingStartEvent):
                self._open(event, {})
            elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
                self._close(event)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            else:  # the end of the document
                return root.value[0]

    def _open(self, event: Any, value: Any) -> None:
        self._count(event, 1)
        if len(self._stack) > self._limits.max_depth:
            raise RenderLimitExceeded(f"{self._place(event)}: deeper than {self._limits.max_depth} levels")
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        self._stack.append(_Frame(value, event.anchor, self._size))

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, self._size - frame.size_before + 1)
        self._add(event, frame.value)

    def _scalar(self, event: Any) -> None:
        self._count(event, 1)
        frame = self._stack[-1]
        as_a_key = isinstance(frame.value, dict) and frame.key is None
        plain = event.implicit[0] and not event.tag
        if as_a_key and event.value == "<<" and (plain or event.tag == MERGE):
            frame.key, frame.merged = "<<", True
            return
        try:
            value: Any = event.value
            if event.tag:
                value = resolve_tagged(event.tag, event.value)
            elif plain:
                value = resolve(event.value)
            value = as_key(value) if as_a_key else as_json(value)
        except WrongTag as error:
            self._refuse(event, str(error), "a value that JSON has")
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._add(event, value)

    def _alias(self, event: Any) -> None:
        try:
            value, size = self._anchors[event.anchor]
        except KeyError:
            self._refuse(event, f"*{event.anchor}", "an anchor that stands before it, complete")
        self._aliased = True
        self._count(event, size)
        frame = self._stack[-1]
        if isinstance(frame.value, dict) and frame.key is None:
            if isinstance(value, dict | list) or value is None:
                self._refuse(event, f"the key *{event.anchor}", "a scalar")
            value = as_key(value)
        self._add(event, value)

    def _add(self, event: Any, value: Any) -> None:
        """Put a finished value into what is being filled."""
        frame = self._stack[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is None:
            if not isinstance(value, str):
                self._refuse(event, "a list or mapping as a key", "a scalar")
            if self._limits.unique_keys and value in frame.value:
                self._refuse(event, f"the key {value!r} a second time", "each key once")
            frame.key = value
        elif frame.merged:
            self._merge(event, frame, value)
        else:
            frame.value[frame.key] = value
            frame.key = None

    def _merge(self, event: Any, frame: _Frame, value: Any) -> None:
        """`<<`: of several mappings the first counts. What stands above it is replaced, as go-yaml 2 does."""
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in mappings):
            self._refuse(event, value, "a mapping, or a list of mappings, to merge")
        for one in reversed(mappings):
            frame.value.update(one)
        frame.key, frame.merged = None, False

    def _count(self, event: Any, size: int) -> None:
        self._size += size
        if self._size > self._limits.max_values:
            raise RenderLimitExceeded(f"{self._place(event)}: more than {self._limits.max_values} values")

    def _place(self, event: Any) -> str:
        return f"{self._name}: line {event.start_mark.line + 1}"

    def _refuse(self, event: Any, found: object, expected: str) -> NoReturn:
        raise InvalidManifest(self._name, f"line {event.start_mark.line + 1}", found=found, expected=expected)
