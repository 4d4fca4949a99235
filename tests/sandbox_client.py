"""A bare client for tests of the sandbox's own API: what goes over the wire, and nothing else."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from sandbox.run import SandboxCluster

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


class Client:
    """Requests to one cluster. Bodies and answers are JSON."""

    def __init__(self, cluster: SandboxCluster, *, token: str | None = None) -> None:
        context = ssl.create_default_context(cadata=cluster.ca_data) if cluster.tls else False
        self.http = httpx.Client(
            base_url=cluster.server,
            verify=context,
            headers={"authorization": f"Bearer {cluster.token if token is None else token}"},
            timeout=10,
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def call(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json", **query: str
    ) -> httpx.Response:
        """One request."""
        return self.http.request(
            method,
            path,
            content=None if body is None else json.dumps(body),
            headers={"content-type": kind},
            params=query,
        )

    def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """One request that must succeed; its answer."""
        answer = self.call(method, path, body, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def apply(self, path: str, body: Any, *, manager: str = "test", **query: str) -> Any:
        """A server-side apply that must succeed."""
        return self.ok("PATCH", path, body, kind=APPLY, fieldManager=manager, **query)

    @contextmanager
    def watch(self, path: str, **query: str) -> Iterator[Iterator[dict[str, Any]]]:
        """A watch's events, as they come."""
        with self.http.stream("GET", path, params={"watch": "true", **query}) as answer:
            assert answer.status_code == 200, answer.read()
            yield (json.loads(line) for line in answer.iter_lines())


def config_map(name: str, **fields: Any) -> dict[str, Any]:
    """A ConfigMap; `metadata` adds to its metadata."""
    meta = {"name": name, **fields.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, **fields}
