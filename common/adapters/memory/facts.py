"""Facts in this process."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import orjson


class MemoryFacts:
    """`ports.Facts`; values go through JSON, as they do on Redis."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, bytes]] = {}
        self._versions: dict[str, int] = {}
        self._lock = threading.Lock()

    def get(self, namespace: str, names: Sequence[str]) -> list[Any | None]:
        """Values in the order asked."""
        with self._lock:
            found = self._values.get(namespace, {})
            return [orjson.loads(found[name]) if name in found else None for name in names]

    def put(self, namespace: str, values: Mapping[str, Any]) -> None:
        """Set several."""
        packed = {name: orjson.dumps(value) for name, value in values.items()}
        with self._lock:
            self._values.setdefault(namespace, {}).update(packed)

    def drop(self, namespace: str, names: Sequence[str]) -> None:
        """Remove several."""
        with self._lock:
            for name in names:
                self._values.get(namespace, {}).pop(name, None)

    def all(self, namespace: str) -> dict[str, Any]:
        """Every document of a namespace, sorted by name."""
        with self._lock:
            return {
                name: orjson.loads(value) for name, value in sorted(self._values.get(namespace, {}).items())
            }

    def version(self, name: str) -> int:
        """A counter, 0 at first."""
        with self._lock:
            return self._versions.get(name, 0)

    def bump(self, name: str) -> int:
        """Count on."""
        with self._lock:
            self._versions[name] = self._versions.get(name, 0) + 1
            return self._versions[name]
