"""What a CustomResourceDefinition among other objects says about them."""

from __future__ import annotations

from common.core.keys import GroupKind, Object


def defined_kind(obj: Object) -> GroupKind | None:
    """The kind that a CustomResourceDefinition defines; None for any other object, or an incomplete one."""
    spec = obj.get("spec")
    names = spec.get("names") if isinstance(spec, dict) else None
    if obj.get("kind") != "CustomResourceDefinition" or not isinstance(names, dict):
        return None
    return GroupKind(str(obj["spec"].get("group") or ""), str(names.get("kind") or ""))
