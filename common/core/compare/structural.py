"""Desired against live without a request: the fields that desired names, compared as their schema says.

What desired does not name is no drift: the server's defaults, other managers' fields, what webhooks set.
Except for what we, or an applier before us, applied once and Git no longer has.

Live's managedFields tell what the values alone cannot: a field that we own and live does not have was
dropped by the server, not by anybody; the inside of an atomic value that we own is ours, defaults included.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from common.core.compare.atomic import fits_atomic
from common.core.compare.blame import Blame, blame, shown
from common.core.compare.fold import ROOT_SKIPPED, UNCOMPARED_METADATA, folded
from common.core.compare.masking import masked_pair
from common.core.compare.relinquished import given_up
from common.core.compare.values import equal_scalars
from common.core.errors import InvalidInput
from common.core.keys import Object
from common.core.typed.entries import APPLY, Entry, lenient_entries
from common.core.typed.fields import EMPTY, FieldSet, Path, render_path
from common.core.typed.items import ASSOCIATIVE, index_items
from common.core.typed.schema import Scalar, Schema, Shape

MANAGER = "moorings"
LEGACY_MANAGERS = ("argocd-controller", "kubectl-client-side-apply", "kubectl-last-applied")
"""Appliers whose fields become ours at the first apply."""


class DriftPath(msgspec.Struct, frozen=True, kw_only=True):
    """One field that differs. Values are JSON, None for none, and placeholders in Secrets."""

    path: Path
    desired: Any
    live: Any
    blame: Blame | None = None

    @property
    def text(self) -> str:
        """The path for people."""
        return render_path(self.path)

    def __str__(self) -> str:
        sentence = f"{self.text} {shown(self.desired)} → {shown(self.live)}"
        return f"{sentence}, {self.blame}" if self.blame else sentence


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How live differs from desired."""

    paths: tuple[DriftPath, ...] = ()
    certain: bool = True
    """False: the server may see it differently, both ways; a dry run tells."""

    def __bool__(self) -> bool:
        return bool(self.paths)


def structural(
    desired: Object,
    live: Object,
    schema: Schema,
    *,
    manager: str = MANAGER,
    legacy: Collection[str] = LEGACY_MANAGERS,
) -> Drift:
    """Compare an object with its live form, managedFields included; both without ignored paths."""
    desired = folded(desired)
    walk = _Walk(live, manager)
    for name, value in desired.items():
        if name == "metadata":
            walk.metadata(value or {}, live.get("metadata") or {}, schema.children["metadata"])
        elif name not in ROOT_SKIPPED:
            walk.field(value, live.get(name), schema.children[name], ("f:" + name,))
    try:
        for path, value in given_up(desired, live, schema, owned=walk.owned, legacy=legacy):
            walk.differs(path, None, value, certain=True)
    except InvalidInput:
        walk.certain = False
    if not walk.found:
        return Drift(certain=walk.certain)
    entries = lenient_entries(live)
    return Drift(
        paths=tuple(
            _drift_path(path, wanted, has, desired, entries, manager)
            for path, (wanted, has) in sorted(walk.found.items(), key=lambda item: item[0])
        ),
        certain=walk.certain,
    )


def _drift_path(
    path: Path, wanted: Any, has: Any, desired: Object, entries: tuple[Entry, ...], manager: str
) -> DriftPath:
    wanted, has = masked_pair(desired, path, wanted, has)
    return DriftPath(path=path, desired=wanted, live=has, blame=blame(path, entries, ours=manager))


class _Walk:
    """One comparison under way."""

    __slots__ = ("certain", "found", "owned", "raw")

    def __init__(self, live: Object, manager: str) -> None:
        self.certain = True
        self.found: dict[Path, tuple[Any, Any]] = {}
        self.raw: tuple[Any, ...] = tuple((live.get("metadata") or {}).get("managedFields") or ())
        # Unparsed, as servers spell paths as we do; what says drift is parsed first.
        self.owned = EMPTY
        for entry in self.raw:
            if entry.get("manager") == manager and entry.get("operation") == APPLY:
                self.owned = FieldSet(entry.get("fieldsV1") or {})

    def metadata(self, desired: Any, live: Any, schema: Schema) -> None:
        """Labels, annotations, finalizers and owners; not what only the server writes."""
        for name, value in desired.items():
            if name not in UNCOMPARED_METADATA:
                self.field(value, live.get(name), schema.children[name], ("f:metadata", "f:" + name))

    def field(self, desired: Any, live: Any, schema: Schema, path: Path) -> None:
        """One field that desired names."""
        if desired is None or desired is live:
            return
        shape = schema.shape
        if live is None:
            self._absent(desired, path)
        elif isinstance(desired, dict) and isinstance(live, dict):
            if shape is Shape.ATOMIC_MAP:
                self._atomic(desired, live, schema, path)
            else:
                self._map(desired, live, schema, path)
        elif isinstance(desired, list) and isinstance(live, list):
            if shape in ASSOCIATIVE:
                self._list(desired, live, schema, path)
            else:
                self._atomic(desired, live, schema, path)
        else:
            kind = schema.scalar if shape is Shape.SCALAR else Scalar.ANY
            equal = equal_scalars(desired, live, kind)
            if not equal:
                self.differs(path, desired, live, certain=equal is False)

    def _map(self, desired: dict[str, Any], live: dict[str, Any], schema: Schema, path: Path) -> None:
        children = schema.children
        for name, value in desired.items():
            has = live.get(name)
            if value.__class__ is str and value == has:
                continue
            here = (*path, "f:" + name)
            self.field(value, has, children[name], here)
            if not schema.allow_unknown and name not in schema.declared and here in self.found:
                self.certain = False  # servers drop such fields, or refuse them

    def _list(self, desired: list[Any], live: list[Any], schema: Schema, path: Path) -> None:
        try:
            wanted, has = index_items(schema, desired), index_items(schema, live)
        except InvalidInput:
            self._whole(desired, live, path)
            return
        if len(wanted) != len(desired) or len(has) != len(live):
            # Duplicates: server-side apply has no answer to them.
            self._whole(desired, live, path)
            return
        if schema.shape is Shape.SET:
            for key, items in wanted.items():
                if key not in has:
                    self._absent(items[0], (*path, key))
            return
        element = schema.element()
        for key, items in wanted.items():
            self.field(items[0], has[key][0] if key in has else None, element, (*path, key))
        order = [key for key in wanted if key in has]
        if len(order) > 1 and order != [key for key in has if key in wanted]:
            self.differs(path, desired, live, certain=True)

    def _whole(self, desired: list[Any], live: list[Any], path: Path) -> None:
        self.certain = False
        if desired != live:
            self.differs(path, desired, live, certain=False)

    def _atomic(self, desired: Any, live: Any, schema: Schema, path: Path) -> None:
        fits = fits_atomic(desired, live, schema)
        if fits is False:
            self.differs(path, desired, live, certain=True)
        elif fits is None and not self.owned.covers(path):
            # Live has more inside than desired: defaults, or somebody's edit.
            self.certain = False

    def _absent(self, desired: Any, path: Path) -> None:
        if desired == {} or desired == [] or self.owned.node(path) is not None:
            return
        # The server leaves out what is empty, for most fields and not for all.
        self.differs(path, desired, None, certain=bool(desired))

    def differs(self, path: Path, desired: Any, live: Any, *, certain: bool) -> None:
        self.found[path] = (desired, live)
        self.certain = self.certain and certain
