"""Bring everything up, in order, and say how to reach it."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import orjson

from cli.up import home
from cli.up.home import Prepared, SandboxCluster
from cli.up.part import PartFailed
from cli.up.parts import Parts
from cli.up.settings import UpSettings, remembered_ports, require_free
from cli.up.supervisor import Supervisor
from common.adapters.redis.connection import connect
from common.adapters.redis.logins import RedisLogins
from common.adapters.tool_installer import install
from common.adapters.tools import Tools
from common.core.convert import convert
from common.core.errors import ToolMissing
from sandbox.example import create_example
from sandbox.notify import install_webhook_hook

LOGIN_LINK_SECONDS = 900

Progress = Callable[[str], None]


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What scripts need once everything runs; `moor up -o json` prints it."""

    url: str
    username: str
    password: str
    token: str
    kubeconfig: str
    redis_url: str
    repository_path: str
    repository_url: str
    metrics_urls: tuple[str, ...]
    login_url: str
    """Works once, for fifteen minutes."""
    kubectl: str
    """The program, where it is not on PATH; empty where it is."""
    data_dir: str
    pid: int


async def bring_up(settings: UpSettings, supervisor: Supervisor, progress: Progress) -> Ready:
    """Start every part and wait until all are ready.

    Raises:
        PartFailed: a part did not start.
        PortInUse: the page's port is taken.
        MooringsError: the home cluster refused something.
    """
    require_free(settings.host, settings.port)
    workers = tuple(f"worker-{number}" for number in range(1, settings.workers + 1))
    ports = remembered_ports(
        settings.data_dir / "ports.json", ("redis", "git", "control", *workers), sandboxes=settings.clusters
    )
    parts = Parts(settings, ports)
    if settings.kubeconfig is None or settings.example:
        await asyncio.to_thread(_tools, settings, progress)
    progress("starting Valkey, sandbox clusters and the example repository")
    redis_url, clusters, repository = await _foundations(settings, supervisor, parts)
    kubeconfig = settings.kubeconfig or (settings.kubeconfigs / "all.yaml" if clusters else None)
    progress("preparing the home cluster")
    context = settings.context or (clusters[0].name if clusters else "")
    prepared = await asyncio.to_thread(home.prepare, kubeconfig, context, settings.namespace, clusters)
    engine_settings = msgspec.structs.replace(settings, context=context)
    engine = Parts(engine_settings, ports)
    progress("starting the control process and the workers")
    said = await supervisor.start(
        engine.engine("control", "control", kubeconfig, redis_url),
        *(engine.engine(name, "worker", kubeconfig, redis_url) for name in workers),
    )
    url = str(said[0]["url"])
    if repository:
        progress("creating the example Applications")
        await asyncio.to_thread(_example, settings, prepared, url, repository, kubeconfig, context, clusters)
    metrics_urls = [str(one["metrics_url"]) for one in said]
    return await asyncio.to_thread(
        _ready, settings, prepared, url, redis_url, kubeconfig, repository, metrics_urls
    )


def _tools(settings: UpSettings, progress: Progress) -> None:
    """Bring helm and kubectl when they are missing; without them the rest works, as doctor says."""
    tools = Tools(settings.data_dir)
    try:
        tools.find("helm")
        tools.find_kustomize()
    except ToolMissing:
        try:
            install(tools, progress)
        except (ToolMissing, OSError) as error:
            progress(f"continuing without helm and kustomize: {error}")


async def _foundations(
    settings: UpSettings, supervisor: Supervisor, parts: Parts
) -> tuple[str, list[SandboxCluster], str]:
    """What the engine stands on: Redis' address, the sandbox clusters, the example repository's address."""
    starting = {}
    redis_url = settings.redis_url
    if not redis_url:
        starting["valkey"], redis_url = parts.valkey()
    if settings.kubeconfig is None:
        starting["sandbox"] = parts.sandbox()
    if settings.example:
        await asyncio.to_thread(create_example, settings.repository)
        starting["git"] = parts.git_host()
    said = dict(zip(starting, await supervisor.start(*starting.values()), strict=True))
    clusters = convert(said.get("sandbox", {}).get("clusters", []), list[SandboxCluster])
    base = said.get("git", {}).get("url")
    return redis_url, clusters, f"{base}/{settings.repository.name}" if base else ""


def _example(
    settings: UpSettings,
    prepared: Prepared,
    url: str,
    repository: str,
    kubeconfig: Path | None,
    context: str,
    clusters: list[SandboxCluster],
) -> None:
    secret_file = settings.data_dir / "webhook-secret"
    descriptor = os.open(secret_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(prepared.webhook_key)
    install_webhook_hook(settings.repository, f"{url}/api/webhook", secret_file, repository_url=repository)
    if kubeconfig is not None and clusters:
        home.apply_example(kubeconfig, context, settings.namespace, repository, clusters)


def _ready(
    settings: UpSettings,
    prepared: Prepared,
    url: str,
    redis_url: str,
    kubeconfig: Path | None,
    repository: str,
    metrics_urls: list[str],
) -> Ready:
    ready = Ready(
        url=url,
        username="admin",
        password=prepared.password,
        token=_token(url, prepared.password) if prepared.password else "",
        kubeconfig=str(kubeconfig or ""),
        redis_url=redis_url,
        repository_path=str(settings.repository) if repository else "",
        repository_url=repository,
        metrics_urls=tuple(metrics_urls),
        login_url=f"{url}/login/once?token={_login_token(redis_url)}",
        kubectl=_kubectl(settings),
        data_dir=str(settings.data_dir),
        pid=os.getpid(),
    )
    descriptor = os.open(settings.ready_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(msgspec.to_builtins(ready)))
    return ready


def _kubectl(settings: UpSettings) -> str:
    """kubectl's place when the user's shell would not find it."""
    if shutil.which("kubectl"):
        return ""
    installed = Tools(settings.data_dir).directory / "kubectl"
    return str(installed) if installed.exists() else ""


def _token(url: str, password: str) -> str:
    """A bearer token of the admin; empty when the password has been changed."""
    answer = httpx.post(f"{url}/api/v1/session", json={"username": "admin", "password": password}, timeout=10)
    if answer.status_code != httpx.codes.OK:
        return ""
    token = answer.json().get("token")
    if not token:
        raise PartFailed(
            f"the server answered a login with {answer.text[:200]!r}, where a token was expected"
        )
    return str(token)


def _login_token(redis_url: str) -> str:
    """A login that works once: only its digest is kept, and not for long."""
    token = secrets.token_urlsafe(24)
    client = connect(redis_url)
    try:
        RedisLogins(client).hand_out(token, seconds=LOGIN_LINK_SECONDS)
    finally:
        client.close()
    return token
