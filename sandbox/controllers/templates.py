"""Pods from templates, and the hashes that tell templates apart."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from sandbox.controllers.actor import owner_reference
from sandbox.state import NAME_LETTERS
from sandbox.store import Entry

Fields = dict[str, Any]
PODS = ("", "pods")
HASH_LABEL = "pod-template-hash"
REVISION_LABEL = "controller-revision-hash"


def template_hash(template: Fields) -> str:
    """Ten letters that are the same for equal templates."""
    digest = hashlib.sha256(orjson.dumps(template, option=orjson.OPT_SORT_KEYS)).digest()
    return "".join(NAME_LETTERS[byte % len(NAME_LETTERS)] for byte in digest[:10])


def pod_from(template: Fields, owner: Fields, *, name: str = "", labels: Fields | None = None) -> Fields:
    """A pod of an owner; without a name it gets one that begins with the owner's."""
    meta = template.get("metadata") or {}
    made: Fields = {
        "labels": {**(meta.get("labels") or {}), **(labels or {})},
        "ownerReferences": [owner_reference(owner)],
        "namespace": owner["metadata"]["namespace"],
    }
    if meta.get("annotations"):
        made["annotations"] = meta["annotations"]
    if name:
        made["name"] = name
    else:
        made["generateName"] = f"{owner['metadata']['name']}-"
    return {"metadata": made, "spec": dict(template.get("spec") or {})}


def is_ready(pod: Fields) -> bool:
    """Whether a pod's Ready condition is true."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def is_over(pod: Fields) -> bool:
    """Whether a pod has ended, well or badly."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def active(entries: list[Entry]) -> list[Fields]:
    """The pods that run or will, as fresh copies."""
    loaded = [entry.load() for entry in entries if not entry.deleting]
    return [pod for pod in loaded if not is_over(pod)]


def share(value: Any, whole: int, *, up: bool) -> int:
    """A number, or a percentage of `whole` rounded up or down."""
    if isinstance(value, str) and value.endswith("%"):
        portion = int(value[:-1]) * whole
        return -(-portion // 100) if up else portion // 100
    return int(value or 0)
