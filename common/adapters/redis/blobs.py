"""Rendered output and other blobs by digest on Redis: compressed, encrypted when there is a key, and evicted
by us. Redis runs with `noeviction`: it would throw away the due set as readily as a cache.
"""

from __future__ import annotations

import os
import threading

import redis
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.adapters.redis.connection import PREFIX, Script, translating
from common.core.errors import CacheMiss

MAX_UNPACKED_BYTES = 256 * 1024 * 1024
_NONCE_BYTES = 12


class RedisBlobs:
    """`ports.Blobs`, of at most `max_bytes` as stored; what was used longest ago goes first.

    `key` (16, 24 or 32 bytes) encrypts with AES-GCM, bound to the namespace and digest; None stores plain.
    What was stored under another key is a miss.
    """

    def __init__(
        self, client: redis.Redis, *, max_bytes: int, key: bytes | None = None, prefix: str = PREFIX
    ) -> None:
        self._max_bytes = max_bytes
        self._cipher = AESGCM(key) if key else None
        self._prefix = f"{prefix}blobs:"
        self._local = threading.local()
        self._client = client
        self._put_script = Script(client, "blob_put")
        self._get_script = Script(client, "blob_get")

    def get(self, namespace: str, digest: str) -> bytes:
        """Raises CacheMiss, StoreUnavailable."""
        name = f"{namespace}:{digest}"
        packed = self._get_script([self._prefix], name)
        if packed is None:
            raise CacheMiss(f"no blob {name}")
        try:
            if self._cipher is not None:
                nonce, sealed = packed[:_NONCE_BYTES], packed[_NONCE_BYTES:]
                packed = self._cipher.decrypt(nonce, sealed, name.encode())
            return self._zstd()[1].decompress(packed, max_output_size=MAX_UNPACKED_BYTES)
        except (InvalidTag, ValueError, zstandard.ZstdError) as error:
            raise CacheMiss(f"blob {name} was stored under another key, or is broken") from error

    def put(self, namespace: str, digest: str, data: bytes) -> None:
        """Keep it, and drop the oldest beyond the limit. Raises StoreUnavailable."""
        name = f"{namespace}:{digest}"
        packed = self._zstd()[0].compress(data)
        if self._cipher is not None:
            nonce = os.urandom(_NONCE_BYTES)
            packed = nonce + self._cipher.encrypt(nonce, packed, name.encode())
        self._put_script([self._prefix], name, packed, self._max_bytes)

    def size(self) -> int:
        """Bytes stored now. Raises StoreUnavailable."""
        with translating:
            return int(self._client.get(f"{self._prefix}bytes") or 0)

    def _zstd(self) -> tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor]:
        try:
            pair: tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor] = self._local.pair
        except AttributeError:
            pair = (zstandard.ZstdCompressor(level=3), zstandard.ZstdDecompressor())
            self._local.pair = pair
        return pair
