"""A server's side of the API for the commands' tests: answers by path, and remembers what was asked."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
from click.testing import CliRunner, Result

from cli.main import cli

ADDRESS = "http://moorings.test"


class Server:
    """Answers set by `METHOD path`; a list of them is taken one after the other, the last one stays."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        self.asked.append(request)
        path = request.url.raw_path.decode().partition("?")[0]
        said = self.answers.get(f"{request.method} {path}")
        if isinstance(said, list):
            said = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(said, httpx.Response):
            return said
        if isinstance(said, Exception):
            raise said
        if said is None:
            return refusal(404, f"{path} not found")
        return httpx.Response(200, content=orjson.dumps(said))

    def body(self, place: int = -1) -> Any:
        """What a request carried."""
        return orjson.loads(self.asked[place].content)

    def run(self, *arguments: str, environ: dict[str, str] | None = None, given: str = "") -> Result:
        """Run the command against this server."""
        settings = {
            "MOORINGS_SERVER": ADDRESS,
            "MOORINGS_TOKEN": "token",
            "XDG_CONFIG_HOME": "/nonexistent",
            "MOORINGS_DATA_DIR": "/nonexistent",
            "MOORINGS_PASSWORD": "",
        }
        return CliRunner().invoke(
            cli,
            list(arguments),
            obj=httpx.MockTransport(self),
            env={**settings, **(environ or {})},
            input=given,
        )


def refusal(status: int, message: str) -> httpx.Response:
    """An error as the server says it."""
    return httpx.Response(status, json={"error": message, "code": 5, "message": message})


def application(name: str = "shop", **status: Any) -> dict[str, Any]:
    """A small one that is synced, healthy and idle."""
    return {
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {"repoURL": "https://git.test/a", "path": "shop", "targetRevision": "main"},
            "destination": {"name": "east", "namespace": "shop"},
        },
        "status": {
            "sync": {"status": "Synced", "revision": "a" * 40},
            "health": {"status": "Healthy"},
            "operationState": {"phase": "Succeeded", "message": "all done"},
            **status,
        },
    }
