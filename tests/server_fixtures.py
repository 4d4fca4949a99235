"""The server on a whole Moorings: on a loopback port, in a loop of its own, with its admin's password."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from common.adapters.redis.logins import RedisLogins
from common.core.keys import GroupVersionKind
from server.run import serve
from tests.engine_fixtures import NAMESPACE, Moored

_SECRET = GroupVersionKind("", "v1", "Secret")

DEPLOYMENT = b"""apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.29"}]}
"""
SECRET = b"""apiVersion: v1
kind: Secret
metadata: {name: credentials}
stringData: {password: sesame}
"""


class Served:
    """A running server and a client that is logged in."""

    def __init__(self, moored: Moored) -> None:
        self.moored = moored
        engine = moored.engine
        server = msgspec.structs.replace(engine.settings.server, port=0)
        engine.settings = msgspec.structs.replace(engine.settings, server=server)
        self.url = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="server")
        self._thread.start()
        assert self._ready.wait(10)
        secret = moored.home.get(_SECRET, NAMESPACE, "argocd-initial-admin-secret")
        self.password = base64.b64decode(secret["data"]["password"]).decode()
        self.anyone = httpx.Client(base_url=self.url, timeout=15)
        token = self.anyone.post("/api/v1/session", json={"username": "admin", "password": self.password})
        self.anyone.cookies.clear()
        self.token = token.json()["token"]
        self.client = httpx.Client(
            base_url=self.url, timeout=15, headers={"Authorization": f"Bearer {self.token}"}
        )

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(serve(self.moored.engine, ready=self._said, stop=self._stop))
        self._loop.close()

    def _said(self, url: str) -> None:
        self.url = url
        self._ready.set()

    @property
    def logins(self) -> RedisLogins:
        """What the server remembers of logins."""
        return RedisLogins(self.moored.engine.redis)

    def stop(self) -> None:
        """End it; fails when it does not end."""
        self.client.close()
        self.anyone.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def served(moored: Moored) -> Iterator[Served]:
    """A server, its fleet empty."""
    server = Served(moored)
    try:
        yield server
    finally:
        server.stop()
