"""Makes `protobuf_fields.json` from the published Go modules `k8s.io/api` and `k8s.io/apimachinery`.

    python -m sandbox.protobuf_table API_FOLDER APIMACHINERY_FOLDER > sandbox/protobuf_fields.json

The numbers and types are in `generated.proto`; the JSON names, and whether a zero value means "absent"
(a field that is no pointer), are in the struct tags of `types.go`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import orjson

from sandbox.builtin import BUILTIN

_MESSAGE = re.compile(r"^message (\w+) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\s+(optional|repeated|map<(\w+), ?([.\w]+)>)\s*([.\w]*)\s+(\w+) = (\d+)", re.MULTILINE)
_PACKAGE = re.compile(r"^package ([\w.]+);", re.MULTILINE)
_STRUCT = re.compile(r"^type (\w+) struct \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_TAG = re.compile(r'^\s+(?:\w+\s+)?(\*?)[\w.\[\]*]+\s+`json:"([^"]*)".*?protobuf:"\w+,(\d+)', re.MULTILINE)
_CORE_META = "k8s.io.apimachinery.pkg.apis.meta.v1."

Field = list[str]
"""JSON name (empty: inlined), type, flags: r repeated, m map, p pointer."""


def _names(folder: Path) -> dict[str, dict[str, tuple[str, bool]]]:
    """Struct to field number to JSON name and whether it is a pointer."""
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    for file in sorted(folder.glob("*.go")):
        for name, body in _STRUCT.findall(file.read_text()):
            tags = {number: (json.partition(",")[0], bool(star)) for star, json, number in _TAG.findall(body)}
            found.setdefault(name, {}).update(tags)
    return found


def _messages(file: Path) -> dict[str, dict[str, Field]]:
    text = re.sub(r"//.*", "", file.read_text())
    package = next(iter(_PACKAGE.findall(text)))
    names = _names(file.parent)
    found = {}
    for message, body in _MESSAGE.findall(text):
        fields: dict[str, Field] = {}
        for label, _key, value, kind, name, number in _FIELD.findall(body):
            json_name, pointer = names.get(message, {}).get(number, (name, False))
            flags = ("m" if value else "r" if label == "repeated" else "") + ("p" if pointer else "")
            type_name = value or kind
            if type_name.startswith("."):
                type_name = type_name[1:]
            elif type_name[0].isupper():
                type_name = f"{package}.{type_name}"
            fields[number] = [json_name, type_name, flags]
        found[f"{package}.{message}"] = fields
    return found


def _reachable(table: dict[str, dict[str, Field]], roots: list[str]) -> dict[str, dict[str, Field]]:
    found: dict[str, dict[str, Field]] = {}
    queue = [root for root in roots if root in table]
    while queue:
        name = queue.pop()
        if name in found:
            continue
        found[name] = table[name]
        queue += [field[1] for field in table[name].values() if field[1] in table]
    return dict(sorted(found.items()))


def main(folders: list[str]) -> None:
    """Write the table to stdout."""
    table: dict[str, dict[str, Field]] = {}
    for folder in folders:
        for file in sorted(Path(folder).rglob("generated.proto")):
            table |= _messages(file)
    roots = [f"k8s.io.api.{(r.group.split('.')[0] or 'core')}.{r.version}.{r.kind}" for r in BUILTIN]
    roots += [
        f"{_CORE_META}DeleteOptions",
        "k8s.io.api.autoscaling.v1.Scale",
        "k8s.io.api.policy.v1.Eviction",
    ]
    sys.stdout.buffer.write(orjson.dumps(_reachable(table, roots), option=orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main(sys.argv[1:])
