"""What the environment says, read once: frozen groups of documented fields.

Each field carries its variable, its meaning with unit, and the Argo CD key that it answers to. What is set in
the ConfigMaps of the home cluster (poll interval, tracking, ignore rules) is not here: it may change while we
run.
"""

from __future__ import annotations

import os
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self, get_args, get_origin, get_type_hints

import msgspec

from common.core.access import Secret
from common.core.errors import FieldError, InvalidInput

PREFIX = "MOORINGS_"


class Env(msgspec.Struct, frozen=True):
    """How a field is read: its variable without the prefix, what it means (with unit and what leaving it out
    means), and Argo CD's key for the same thing.
    """

    name: str
    meaning: str
    argocd: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


class RedisSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where Redis is."""

    url: Annotated[
        Secret,
        Env(
            "REDIS_URL",
            "redis://, rediss:// or unix:// address with its credentials and database",
            "redis.server",
        ),
    ] = Secret("redis://127.0.0.1:6379/0")
    sentinel_service: Annotated[
        str, Env("REDIS_SENTINEL", "Sentinel's name for the master; empty when the URL is Redis itself")
    ] = ""
    timeout_seconds: Annotated[
        float, Env("REDIS_TIMEOUT_SECONDS", "for connecting and for each answer", minimum=0.1, maximum=60)
    ] = 5.0
    blob_bytes: Annotated[
        int, Env("BLOB_BYTES", "bytes of rendered output kept in Redis at most", minimum=1_000_000)
    ] = 256_000_000


class HomeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster that holds the Applications."""

    namespace: Annotated[
        str, Env("NAMESPACE", "where Applications, projects, Secrets and ConfigMaps are read")
    ] = "argocd"
    kubeconfig: Annotated[
        Path | None, Env("KUBECONFIG", "path; None: in-cluster credentials, or else kubectl's own default")
    ] = None
    context: Annotated[str | None, Env("CONTEXT", "kubeconfig context; None: its current one")] = None
    in_cluster: Annotated[
        bool, Env("IN_CLUSTER", "use the pod's service account and no kubeconfig at all")
    ] = False


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One worker process, and how work is spread over them."""

    concurrency: Annotated[
        int,
        Env(
            "CONCURRENCY",
            "threads of a worker",
            "controller.operation.processors",
            minimum=1,
            maximum=1000,
        ),
    ] = 8
    queues: Annotated[
        tuple[str, ...],
        Env("QUEUES", "comma-separated queues this worker takes from; empty: all but named edge queues"),
    ] = ()
    shards: Annotated[
        int,
        Env(
            "SHARDS",
            "queues that diff and apply are spread over by cluster; the same in every process",
            minimum=1,
            maximum=256,
        ),
    ] = 4
    edge_queues: Annotated[
        tuple[str, ...],
        Env(
            "EDGE_QUEUES",
            "comma-separated `cluster address=queue`: clusters whose diff and apply go to their own workers",
        ),
    ] = ()
    lease_seconds: Annotated[
        float,
        Env(
            "LEASE_SECONDS",
            "how long a killed worker's work stays untouched; renewed at three tenths of it",
            minimum=1,
            maximum=300,
        ),
    ] = 5.0
    memory_limit_bytes: Annotated[
        int | None,
        Env(
            "WORKER_MEMORY_BYTES",
            "resident bytes beyond which a worker ends warm, to be started again; None: no limit",
            minimum=64_000_000,
        ),
    ] = None
    grace_seconds: Annotated[
        float, Env("GRACE_SECONDS", "what a worker may still take after SIGTERM", minimum=0, maximum=3600)
    ] = 20.0


class ObserveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Logs and metrics of this process."""

    log_level: Annotated[
        str,
        Env(
            "LOG_LEVEL",
            "debug, info, warning or error",
            "controller.log.level",
            choices=("debug", "info", "warning", "error"),
        ),
    ] = "info"
    log_format: Annotated[
        str,
        Env("LOG_FORMAT", "json or console", "controller.log.format", choices=("json", "console")),
    ] = "json"
    metrics_host: Annotated[str, Env("METRICS_HOST", "address that /metrics listens on")] = "127.0.0.1"
    metrics_port: Annotated[
        int | None,
        Env("METRICS_PORT", "port of /metrics; 0: any free one; None: none", minimum=0, maximum=65535),
    ] = None


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The HTTP server."""

    host: Annotated[
        str, Env("LISTEN_HOST", "address that the server listens on", "server.listen.address")
    ] = "127.0.0.1"
    port: Annotated[int, Env("LISTEN_PORT", "its port; 0: any free one", minimum=0, maximum=65535)] = 8080
    root_path: Annotated[str, Env("ROOT_PATH", "path prefix behind a proxy", "server.rootpath")] = ""
    insecure: Annotated[bool, Env("INSECURE", "serve without TLS (a proxy has it)", "server.insecure")] = True
    webhook_secret: Annotated[
        Secret | None,
        Env(
            "WEBHOOK_SECRET",
            "key of Git webhooks' HMAC; None: the keys of argocd-secret alone",
            "webhook.github.secret",
        ),
    ] = None
    max_body_bytes: Annotated[
        int,
        Env(
            "MAX_BODY_BYTES",
            "largest request body; webhook.maxPayloadSizeMB overrides it for webhooks",
            minimum=1024,
        ),
    ] = 50_000_000


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    data_dir: Annotated[
        Path, Env("DATA_DIR", "mirrors, exported trees, installed tools; made when missing")
    ] = Path("~/.local/share/moorings").expanduser()
    redis: RedisSettings = RedisSettings()
    home: HomeSettings = HomeSettings()
    worker: WorkerSettings = WorkerSettings()
    observe: ObserveSettings = ObserveSettings()
    server: ServerSettings = ServerSettings()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read `MOORINGS_*`; an empty variable is as none.

        Raises:
            InvalidInput: with every variable that is wrong, by its name.
        """
        given = os.environ if environ is None else environ
        errors: list[FieldError] = []
        made: Self = _read_group(cls, given, errors)
        if errors:
            raise InvalidInput.of(sorted(errors))
        return made

    @classmethod
    def unknown(cls, environ: Mapping[str, str]) -> list[str]:
        """Variables with our prefix that no field reads, sorted: typing errors to warn of. They are no
        errors, because Kubernetes itself sets such (`MOORINGS_SERVICE_HOST`) beside a Service of our name.
        """
        known = {PREFIX + env.name for _, _, env in described(cls)}
        return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def described(group: type[Any] = Settings) -> Iterator[tuple[str, Any, Env]]:
    """Every field with its default and description, for documentation: `worker.concurrency`, 8, Env(...)."""
    hints = get_type_hints(group, include_extras=True)
    for field in msgspec.structs.fields(group):
        hint = hints[field.name]
        if get_origin(hint) is Annotated:
            yield field.name, field.default, get_args(hint)[1]
        else:
            yield from ((f"{field.name}.{name}", default, env) for name, default, env in described(hint))


def _read_group(group: type[Any], given: Mapping[str, str], errors: list[FieldError]) -> Any:
    values: dict[str, Any] = {}
    hints = get_type_hints(group, include_extras=True)
    for field in msgspec.structs.fields(group):
        hint = hints[field.name]
        if get_origin(hint) is not Annotated:
            values[field.name] = _read_group(hint, given, errors)
            continue
        kind, env = get_args(hint)
        text = given.get(PREFIX + env.name, "")
        if text == "":
            continue
        try:
            values[field.name] = _checked(_parse(text, kind), env)
        except ValueError as error:
            found = "***" if Secret in (kind, *get_args(kind)) else repr(text)
            errors.append(FieldError(PREFIX + env.name, "", found, str(error)))
    return group(**values)


def _parse(text: str, kind: Any) -> Any:
    """The value of a variable. Raises ValueError with what was expected."""
    if get_origin(kind) in (types.UnionType, typing.Union):
        kind = next(arg for arg in get_args(kind) if arg is not type(None))
    if kind is bool:
        if text.lower() in ("1", "true", "yes", "on"):
            return True
        if text.lower() in ("0", "false", "no", "off"):
            return False
        raise ValueError("true or false")
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            raise ValueError("a whole number" if kind is int else "a number") from None
    if kind is Path:
        return Path(text).expanduser()
    if get_origin(kind) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return kind(text)


def _checked(value: Any, env: Env) -> Any:
    if env.choices and value not in env.choices:
        raise ValueError("one of " + ", ".join(env.choices))
    if env.minimum is not None and value < env.minimum:
        raise ValueError(f"at least {env.minimum:g}")
    if env.maximum is not None and value > env.maximum:
        raise ValueError(f"at most {env.maximum:g}")
    return value
