"""Logs are structured, bound, and without secrets."""

from __future__ import annotations

import io
import logging as stdlib
from collections.abc import Iterator

import orjson
import pytest
import structlog

from common import logging
from common.core.access import RepositoryAccess, Secret


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where JSON logs go; the logging of the test run is put back."""
    root = stdlib.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    logging.configure(level="debug", log_format="json", stream=out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.clear()
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    """What was logged."""
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_event_with_fields_and_context(stream: io.StringIO) -> None:
    """A static event, its fields, what is bound, a time in UTC, level and logger."""
    logging.bind(app="argocd/shop", trace_id="t1")
    logging.get("workers").info("object_applied", wave=2)
    (line,) = lines(stream)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "event": "object_applied",
        "wave": 2,
        "app": "argocd/shop",
        "trace_id": "t1",
        "level": "info",
        "logger": "workers",
    }


def test_clear_forgets_the_context(stream: io.StringIO) -> None:
    """The next task's logs do not carry this one's application."""
    logging.bind(app="argocd/shop")
    logging.clear()
    logging.get("workers").info("idle")
    assert "app" not in lines(stream)[0]


def test_standard_library_goes_the_same_way(stream: io.StringIO) -> None:
    """Celery's and uvicorn's loggers are scrubbed too."""
    stdlib.getLogger("celery").warning("Connected to %s", "redis://:hunter2@redis:6379/0")
    assert lines(stream)[0]["event"] == "Connected to redis://***@redis:6379/0"


def test_level(stream: io.StringIO) -> None:
    """What is below it is not written; chatty libraries only warn."""
    logging.configure(level="warning", stream=stream)
    logging.get("x").info("quiet")
    stdlib.getLogger("kombu").info("chatter")
    assert lines(stream) == []


def test_exceptions_are_scrubbed(stream: io.StringIO) -> None:
    """An error's text may hold a URL with its password."""
    try:
        raise ValueError("https://bob:hunter2@git.example/x")
    except ValueError:
        logging.get("x").exception("fetch_failed")
    text = str(lines(stream)[0]["exception"])
    assert "ValueError: https://***@git.example/x" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("basic dXNlcjpwYXNz", "basic ***"),
        ("https://user:p%40ss@host/path", "https://***@host/path"),
        ("https://token@host/path", "https://***@host/path"),
        ("git@github.com:org/repo", "git@github.com:org/repo"),
        ("https://host/path?token=abc&x=1", "https://host/path?token=***&x=1"),
        ("password: hunter2", "password: ***"),
        ('{"password": "hun ter2", "a": 1}', '{"password": ***, "a": 1}'),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln done", "jwt *** done"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----", "***"),
        ("a plain sentence about tokens", "a plain sentence about tokens"),
    ],
)
def test_scrub_text(text: str, scrubbed: str) -> None:
    """What looks like a credential goes, the rest stays."""
    assert logging.scrub_text(text) == scrubbed


def test_scrub_values() -> None:
    """Secrets of our own type, and fields named like one, at any depth; other names stay."""
    access = RepositoryAccess(url="https://git.example/x", password=Secret("hunter2"))
    cleaned = logging.scrub(
        {
            "s": Secret("hunter2"),
            "deep": [{"api_key": "hunter2", "secret_name": "db", "n": 1, "none": None}],
            "password": "",
            "raw": b"Bearer hunter2hunter2",
            "access": access,
        }
    )
    assert cleaned["s"] == "***"
    assert cleaned["deep"] == [{"api_key": "***", "secret_name": "db", "n": 1, "none": None}]
    assert cleaned["password"] == ""
    assert cleaned["raw"] == "Bearer ***"
    assert "hunter2" not in str(cleaned)


def test_console(stream: io.StringIO) -> None:
    """For a terminal: one line, and no colours into a file."""
    logging.configure(log_format="console", stream=stream)
    logging.get("x").warning("lease_lost", item="app:a/b")
    assert "lease_lost" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
