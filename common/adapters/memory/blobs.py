"""Blobs in this process."""

from __future__ import annotations

import threading
from collections import OrderedDict

from common.core.errors import CacheMiss


class MemoryBlobs:
    """`ports.Blobs`, of at most `max_bytes`; what was used longest ago goes first."""

    def __init__(self, *, max_bytes: int = 256_000_000) -> None:
        self._max_bytes = max_bytes
        self._blobs: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, namespace: str, digest: str) -> bytes:
        """Raises CacheMiss."""
        with self._lock:
            found = self._blobs.get((namespace, digest))
            if found is None:
                raise CacheMiss(f"no blob {namespace}:{digest}")
            self._blobs.move_to_end((namespace, digest))
            return found

    def put(self, namespace: str, digest: str, data: bytes) -> None:
        """Keep it, and drop the oldest beyond the limit."""
        with self._lock:
            self._blobs[namespace, digest] = data
            self._blobs.move_to_end((namespace, digest))
            while sum(map(len, self._blobs.values())) > self._max_bytes:
                self._blobs.popitem(last=False)
