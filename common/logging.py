"""Logs: structlog with static event names and bound context, as JSON or for a terminal, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from common.core.access import Secret

HIDDEN = "***"

_SECRET_NAME = re.compile(
    r"passw|token|secret|authorization|credential|private.?key|api.?key|cookie|bearer|client.?key",
    re.IGNORECASE,
)
_NOT_SECRET_NAME = re.compile(r"secret_(name|namespace|type)|token_(count|kind)", re.IGNORECASE)
_IN_TEXT = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), r"\1 " + HIDDEN),
    (re.compile(r"([a-zA-Z][\w+.-]*://)[^\s/@'\"]+@"), r"\1" + HIDDEN + "@"),
    (
        re.compile(
            r"(?i)(\"?\b(?:password|passwd|token|access_token|api_?key|client_secret|secret|signature)\"?\s*[=:]\s*)"
            r"(\"[^\"]*\"|'[^']*'|[^\s&,;}\"']+)"
        ),
        r"\1" + HIDDEN,
    ),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        HIDDEN,
    ),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), HIDDEN),
)


def scrub_text(text: str) -> str:
    """Without bearer tokens, JWTs, credentials in URLs, `password=...` and private keys."""
    for pattern, instead in _IN_TEXT:
        text = pattern.sub(instead, text)
    return text


def scrub(value: Any) -> Any:
    """The same for any value that is logged; mappings hide what is named like a secret."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: HIDDEN if _named_secret(key) and item else scrub(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes):
        return scrub_text(value.decode("utf-8", "replace"))
    return scrub_text(str(value))


def _named_secret(key: object) -> bool:
    return isinstance(key, str) and bool(_SECRET_NAME.search(key)) and not _NOT_SECRET_NAME.search(key)


def _scrub_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for key in [key for key in event if not key.startswith("_")]:
        event[key] = HIDDEN if _named_secret(key) and event[key] else scrub(event[key])
    return event


def _to_json(value: Any, **_options: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def configure(*, level: str = "info", log_format: str = "json", stream: TextIO | None = None) -> None:
    """Set up structlog, and the standard library's loggers (Celery's, uvicorn's) through the same processors.

    Logs go to `stream`, standard error unless given: standard output belongs to commands.
    """
    out = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor]
    if log_format == "json":
        last = [structlog.processors.JSONRenderer(serializer=_to_json)]
    else:
        last = [structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=_plain_exception)]
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[
                structlog.processors.format_exc_info,
                _scrub_event,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in (
        "httpx",
        "httpcore",
        "asyncio",
        "kombu",
        "amqp",
        "celery.worker.strategy",
        "celery.app.trace",
    ):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _plain_exception(out: TextIO, exception: Any) -> None:
    """Never reached: exceptions are text by now, so that they can be scrubbed."""
    out.write(str(exception))


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger. Event names are static; everything else is a field."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def bind(**fields: object) -> None:
    """Add fields to everything that this thread (or task) logs from now on."""
    structlog.contextvars.bind_contextvars(**fields)


def clear() -> None:
    """Forget what was bound."""
    structlog.contextvars.clear_contextvars()
