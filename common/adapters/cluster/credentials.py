"""Who we are to an API server: tokens, token files, passwords and credential plugins."""

from __future__ import annotations

import base64
import threading
import time
from pathlib import Path

import msgspec

from common.adapters.cluster.exec_plugin import PluginCredential, run_plugin
from common.core.access import ClusterAccess
from common.core.errors import Unauthorized

TOKEN_FILE_SECONDS = 30.0
"""How long a token file's content is kept; the kubelet rotates them long before they end."""

EXPIRY_MARGIN_SECONDS = 60.0
"""A plugin's credential is replaced this long before it expires."""


class Credential(msgspec.Struct, frozen=True):
    """What one connection shows: an `Authorization` header (empty for none) and a client certificate."""

    authorization: str = ""
    client_cert: str = ""
    client_key: str = ""

    def __repr__(self) -> str:
        return "Credential(***)"


class Credentials:
    """Gives the current credential of one cluster; safe to call from several threads."""

    def __init__(self, access: ClusterAccess) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._kept: Credential | None = None
        self._until = 0.0
        """On the monotonic clock."""

    @property
    def can_change(self) -> bool:
        """Whether asking again after a 401 may give something else."""
        return bool(self._access.bearer_token_file or self._access.exec_plugin)

    def current(self) -> Credential:
        """The credential to use now.

        Raises:
            Unauthorized: the plugin fails or the token file cannot be read.
        """
        kept = self._kept
        if kept is not None and time.monotonic() < self._until:
            return kept
        with self._lock:
            if self._kept is None or time.monotonic() >= self._until:
                self._kept, self._until = self._make()
            return self._kept

    def forget(self, refused: Credential) -> None:
        """The server refused it: the next call makes a new one, unless somebody already has."""
        with self._lock:
            if self._kept == refused:
                self._until = 0.0

    def _make(self) -> tuple[Credential, float]:
        access = self._access
        if access.exec_plugin:
            return self._from_plugin(run_plugin(access))
        if access.bearer_token_file:
            return self._from_file(access.bearer_token_file), time.monotonic() + TOKEN_FILE_SECONDS
        if access.bearer_token:
            return Credential(f"Bearer {access.bearer_token.reveal()}"), float("inf")
        if access.username:
            password = access.password.reveal() if access.password else ""
            pair = base64.b64encode(f"{access.username}:{password}".encode()).decode()
            return Credential(f"Basic {pair}"), float("inf")
        return Credential(), float("inf")

    def _from_file(self, path: str) -> Credential:
        try:
            token = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Unauthorized(f"cluster {self._access.id}: token file {path}: {error}") from error
        if not token:
            raise Unauthorized(f"cluster {self._access.id}: token file {path} is empty")
        return Credential(f"Bearer {token}")

    def _from_plugin(self, made: PluginCredential) -> tuple[Credential, float]:
        until = float("inf")
        if made.expires_at is not None:
            left = made.expires_at.timestamp() - time.time()
            until = time.monotonic() + max(left - EXPIRY_MARGIN_SECONDS, min(left, 1.0))
        header = f"Bearer {made.token.reveal()}" if made.token else ""
        key = made.client_key.reveal() if made.client_key else ""
        return Credential(header, made.client_cert, key), until
