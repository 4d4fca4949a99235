"""A cluster on disk: a snapshot and a log of what changed since, one line an object.

Each line is written by one `write` call as the change commits, so a killed process loses nothing (a machine
that loses power may). A line that was cut short is the last one and is dropped. A snapshot replaces the
old one by a rename, and starts a new log.
"""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path

import msgspec

from sandbox.admission import held
from sandbox.state import ClusterState
from sandbox.store import Event, Storage, Store
from sandbox.tls import Identity

_COMPACT_AT_LEAST = 4 * 1024 * 1024
_COMPACT_FACTOR = 4


class Kept(msgspec.Struct, frozen=True):
    """What stays the same over restarts, so that a kubeconfig stays good."""

    identity: Identity
    token: str


class Journal:
    """Reads and writes one cluster's folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._log: FileIO | None = None
        self._store: Store | None = None
        self._live_bytes = 0
        self._log_bytes = 0

    def identity(self) -> Kept | None:
        """The certificate and token of the last run; None on the first."""
        file = self._folder / "identity.json"
        if not file.exists():
            return None
        return msgspec.json.decode(file.read_bytes(), type=Kept)

    def keep_identity(self, identity: Identity, token: str) -> None:
        """Write them down."""
        self._replace(self._folder / "identity.json", msgspec.json.encode(Kept(identity, token)))

    def load(self, state: ClusterState) -> None:
        """Bring back what was stored, and begin a new log."""
        self._store = state.store
        if (self._folder / "snapshot").exists():
            state.store.rv = 0
        for name in ("snapshot", "log"):
            file = self._folder / name
            if file.exists():
                _read(file.read_bytes(), state.store)
        state.store.since = state.store.rv
        for collection in state.store.collections.values():
            collection.since = state.store.rv
        for storage in (("", "services"), ("", "pods")):
            for entry in state.store.collection(storage).select(""):
                held(state, entry.load())
        self.compact()

    def on_event(self, storage: Storage, event: Event) -> None:
        """Write one change down."""
        if self._log is None:
            return
        if event.type == "DELETED":
            namespace, name = event.entry.key
            line = _line(storage, event.rv, b"-", f"{namespace}/{name}".encode())
        else:
            line = _line(storage, event.rv, b"+", event.entry.raw)
        self._log.write(line)
        self._log_bytes += len(line)
        if self._log_bytes > max(_COMPACT_AT_LEAST, _COMPACT_FACTOR * self._live_bytes):
            self.compact()

    def compact(self) -> None:
        """Write a new snapshot and begin a new log."""
        store = self._store
        if store is None:
            return
        lines = [_line(storage, entry.rv, b"+", entry.raw) for storage, entry in store.everything()]
        lines.append(_line(("", ""), store.rv, b"v", b""))
        snapshot = b"".join(lines)
        self._replace(self._folder / "snapshot", snapshot)
        self._live_bytes = len(snapshot)
        if self._log is not None:
            self._log.close()
        # A crash between the two leaves the old log: replaying it over the new snapshot changes nothing.
        self._log = (self._folder / "log").open("wb", buffering=0)
        self._log_bytes = 0

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()
            self._log = None

    @staticmethod
    def _replace(file: Path, content: bytes) -> None:
        fresh = file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(content)
        os.replace(fresh, file)  # noqa: PTH105 - the atomic one, named as such


def _line(storage: Storage, rv: int, mark: bytes, rest: bytes) -> bytes:
    return b"%b %b/%b %d %b\n" % (mark, storage[0].encode(), storage[1].encode(), rv, rest)


def _read(content: bytes, store: Store) -> None:
    lines = content.split(b"\n")
    for line in lines[:-1]:  # what follows the last newline was cut short
        mark, place, number, rest = line.split(b" ", 3)
        group, _, plural = place.decode().rpartition("/")
        storage, rv = (group, plural), int(number)
        if mark == b"+":
            store.restore(storage, rest)
        elif mark == b"-":
            namespace, _, name = rest.decode().partition("/")
            held_now = store.get(storage, (namespace, name))
            if held_now is not None and held_now.rv < rv:
                store.take(storage, (namespace, name))
        store.rv = max(store.rv, rv)
