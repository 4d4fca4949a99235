"""A small smart-HTTP Git server: every repository below one directory, on loopback.

`git http-backend` does the work, one process a request; bodies are streamed both ways. A working copy is
served by its `.git`, so what is committed there can be fetched at once, and a push updates its files.

    python -m sandbox.githost --root DIR --port 0 -o json
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hmac
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
import orjson
import uvicorn

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_SERVICE = re.compile(r"^/(?P<repo>.+?)/(?P<what>info/refs|git-upload-pack|git-receive-pack|HEAD)$")
_CHUNK = 1 << 16
_MAX_HEADER_BYTES = 16_384
_GONE = (BrokenPipeError, ConnectionResetError, RuntimeError)
"""What a write to a backend that has ended raises; RuntimeError is uvloop's."""


class GitHostError(Exception):
    """The host cannot start; the message says what is missing."""


class HostOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do what."""

    username: str = ""
    """With `password`: basic authentication is required. Empty for none."""
    password: str = ""
    bearer_token: str = ""
    """This token is accepted too (or alone, when there is no user)."""
    only: tuple[str, ...] = ()
    """Names of the repositories to serve; empty for all below the root."""
    allow_push: bool = True
    any_commit: bool = True
    """Serve any commit by its id, as GitHub does; without it only what refs point to (protocol v0)."""


def find_backend() -> str:
    """The path of `git http-backend`.

    Raises:
        GitHostError: git is not installed, or was packaged without it.
    """
    git = shutil.which("git")
    if git is None:
        raise GitHostError("git is not installed: the example repository is served by it")
    answer = subprocess.run([git, "--exec-path"], capture_output=True, text=True, check=False)
    backend = Path(answer.stdout.strip()) / "git-http-backend"
    if answer.returncode or not os.access(backend, os.X_OK):
        raise GitHostError(f"this git has no http-backend ({backend}): install the full git package")
    return str(backend)


class GitHost:
    """The ASGI application."""

    def __init__(self, root: Path, options: HostOptions | None = None) -> None:
        """Serve what is below `root`.

        Raises:
            GitHostError: `git http-backend` is missing.
        """
        self.root = root.resolve()
        self.options = options or HostOptions()
        self._backend = find_backend()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._respond(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        if not self._authorised(headers.get("authorization", "")):
            challenge = b'Basic realm="git"' if self.options.username else b'Bearer realm="git"'
            await _answer(send, 401, "authentication required\n", [(b"www-authenticate", challenge)])
            return
        found = self._locate(scope["path"])
        if found is None:
            await _answer(send, 404, "repository not found\n")
            return
        if (
            not self.options.allow_push
            and b"git-receive-pack" in scope["query_string"] + scope["path"].encode()
        ):
            await _answer(send, 403, "pushing is not allowed\n")
            return
        await _run_backend(self._backend, self._environment(scope, headers, found), receive, send)

    def _authorised(self, header: str) -> bool:
        options = self.options
        if not options.username and not options.bearer_token:
            return True
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "bearer" and options.bearer_token:
            return hmac.compare_digest(value.strip().encode(), options.bearer_token.encode())
        if scheme.lower() == "basic" and options.username:
            expected = f"{options.username}:{options.password}".encode()
            with contextlib.suppress(binascii.Error, ValueError):
                return hmac.compare_digest(base64.b64decode(value, validate=True), expected)
        return False

    def _locate(self, path: str) -> str | None:
        """PATH_INFO for the backend; None for what is no repository below the root."""
        match = _SERVICE.match(path)
        if match is None:
            return None
        name = match["repo"]
        if self.options.only and name.removesuffix(".git") not in self.options.only:
            return None
        for candidate in (name, f"{name}.git", name.removesuffix(".git")):
            place = (self.root / candidate).resolve()
            if place.is_relative_to(self.root) and place != self.root and _is_repository(place):
                return f"/{place.relative_to(self.root)}/{match['what']}"
        return None

    def _environment(self, scope: Scope, headers: Mapping[str, str], path_info: str) -> dict[str, str]:
        config = {
            "http.receivepack": str(self.options.allow_push).lower(),
            "receive.denyCurrentBranch": "updateInstead",
            "uploadpack.allowAnySHA1InWant": str(self.options.any_commit).lower(),
            "safe.directory": "*",
        }
        built = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.root),
            "LC_ALL": "C",
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_COUNT": str(len(config)),
            "GIT_PROTOCOL": headers.get("git-protocol", ""),
            "PATH_INFO": path_info,
            "QUERY_STRING": scope["query_string"].decode("latin-1"),
            "REQUEST_METHOD": scope["method"],
            "CONTENT_TYPE": headers.get("content-type", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        for number, (key, value) in enumerate(config.items()):
            built[f"GIT_CONFIG_KEY_{number}"] = key
            built[f"GIT_CONFIG_VALUE_{number}"] = value
        if headers.get("content-encoding") in {"gzip", "x-gzip"}:
            built["HTTP_CONTENT_ENCODING"] = "gzip"
        if self.options.username or self.options.bearer_token:
            built["REMOTE_USER"] = self.options.username or "token"
        if "content-length" in headers:
            built["CONTENT_LENGTH"] = headers["content-length"]
        return built


def _is_repository(place: Path) -> bool:
    return (place / "HEAD").is_file() or (place / ".git").exists()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def _answer(
    send: Send, status: int, text: str, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    plain = [(b"content-type", b"text/plain"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": plain + (headers or [])})
    await send({"type": "http.response.body", "body": text.encode()})


async def _run_backend(backend: str, environment: dict[str, str], receive: Receive, send: Send) -> None:
    process = await asyncio.create_subprocess_exec(
        backend,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None  # noqa: S101 - PIPE was asked for
    assert process.stdout is not None  # noqa: S101
    feeding = asyncio.create_task(_feed(receive, process))
    try:
        status, headers = await _read_head(process.stdout)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        async for piece in _pieces(process.stdout):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        feeding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await feeding
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()


async def _feed(receive: Receive, process: asyncio.subprocess.Process) -> None:
    """The request's body into the backend; the backend ends with a client that goes away."""
    stdin = process.stdin
    assert stdin is not None  # noqa: S101
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            return
        with contextlib.suppress(*_GONE):
            stdin.write(message.get("body", b""))
            await stdin.drain()
        more = message.get("more_body", False)
    with contextlib.suppress(*_GONE):
        stdin.close()
        await stdin.wait_closed()
    while (await receive())["type"] != "http.disconnect":
        pass
    with contextlib.suppress(ProcessLookupError):
        process.kill()


async def _read_head(stdout: asyncio.StreamReader) -> tuple[int, list[tuple[bytes, bytes]]]:
    status, headers, size = 200, [], 0
    while line := (await stdout.readline()).rstrip(b"\r\n"):
        size += len(line)
        name, _, value = line.partition(b":")
        if size > _MAX_HEADER_BYTES or not name:
            break
        if name.lower() == b"status":
            status = int(value.split()[0])
        else:
            headers.append((name.strip().lower(), value.strip()))
    return (status if headers or status != 200 else 502), headers


async def _pieces(stdout: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await stdout.read(_CHUNK):
        yield piece


def listen(port: int) -> socket.socket:
    """A socket on loopback; 0 for a free port.

    Raises:
        GitHostError: the port is in use.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError as error:
        sock.close()
        raise GitHostError(f"port {port} on 127.0.0.1 is in use") from error
    return sock


def server(
    app: GitHost, *, tls_cert: str | None = None, tls_key: str | None = None, client_ca: str | None = None
) -> uvicorn.Server:
    """A server for the application; serve it on a socket of `listen`. With `client_ca` clients must show a
    certificate that it signed.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        ssl_certfile=tls_cert,
        ssl_keyfile=tls_key,
        ssl_ca_certs=client_ca,
        ssl_cert_reqs=2 if client_ca else 0,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=30,
    )
    return uvicorn.Server(config)


def _read_secret(path: Path | None) -> str:
    return path.read_text().strip() if path else ""


@click.command()
@click.option("--root", type=click.Path(path_type=Path, file_okay=False, exists=True), required=True)
@click.option("--port", default=0, show_default=True, help="0 takes a free one.")
@click.option("--username", default="", help="Require basic authentication.")
@click.option("--password-file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--bearer-file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--only", multiple=True, help="Serve this repository (below the root) and no other.")
@click.option("--push/--no-push", default=True, show_default=True)
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text")
def main(
    root: Path,
    port: int,
    username: str,
    password_file: Path | None,
    bearer_file: Path | None,
    only: tuple[str, ...],
    push: bool,
    output: str,
) -> None:
    """Serve the Git repositories below a directory on 127.0.0.1 by smart HTTP."""
    options = HostOptions(
        username=username,
        password=_read_secret(password_file),
        bearer_token=_read_secret(bearer_file),
        only=tuple(name.removesuffix(".git") for name in only),
        allow_push=push,
    )
    try:
        app = GitHost(root, options)
        sock = listen(port)
    except GitHostError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    bound = sock.getsockname()[1]
    url = f"http://127.0.0.1:{bound}"
    sock.listen(128)
    click.echo(orjson.dumps({"url": url, "port": bound}).decode() if output == "json" else f"serving {url}")
    sys.stdout.flush()
    with sock:
        server(app).run(sockets=[sock])


if __name__ == "__main__":
    main()
