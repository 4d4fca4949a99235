"""Settings come from the environment, typed and checked, or every error is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.core.errors import InvalidInput
from common.settings import Settings, described


def test_defaults() -> None:
    """An empty environment is enough."""
    settings = Settings.from_environment({})
    assert settings.home.namespace == "argocd"
    assert settings.worker.concurrency == 8
    assert settings.observe.metrics_port is None
    assert settings.data_dir.is_absolute()


def test_all_types() -> None:
    """Text, numbers, booleans, paths, lists, secrets and what may be None are read."""
    settings = Settings.from_environment(
        {
            "MOORINGS_REDIS_URL": "rediss://:pw@redis:6380/1",
            "MOORINGS_LEASE_SECONDS": "2.5",
            "MOORINGS_METRICS_PORT": "0",
            "MOORINGS_IN_CLUSTER": "true",
            "MOORINGS_INSECURE": "off",
            "MOORINGS_KUBECONFIG": "/etc/kube/config",
            "MOORINGS_QUEUES": "control, render,",
            "MOORINGS_WEBHOOK_SECRET": "s3cret",
        }
    )
    assert settings.redis.url.reveal() == "rediss://:pw@redis:6380/1"
    assert settings.worker.lease_seconds == 2.5
    assert settings.observe.metrics_port == 0
    assert (settings.home.in_cluster, settings.server.insecure) == (True, False)
    assert settings.home.kubeconfig == Path("/etc/kube/config")
    assert settings.worker.queues == ("control", "render")
    assert settings.server.webhook_secret
    assert "pw" not in repr(settings)
    assert "s3cret" not in repr(settings)


def test_empty_is_unset() -> None:
    """As a chart writes a value that nobody gave."""
    assert Settings.from_environment({"MOORINGS_CONCURRENCY": ""}) == Settings.from_environment({})


def test_every_error_is_named() -> None:
    """All of them at once: variable, found, expected."""
    with pytest.raises(InvalidInput) as caught:
        Settings.from_environment(
            {
                "MOORINGS_CONCURRENCY": "many",
                "MOORINGS_LEASE_SECONDS": "soon",
                "MOORINGS_SHARDS": "0",
                "MOORINGS_LISTEN_PORT": "70000",
                "MOORINGS_LOG_LEVEL": "loud",
                "MOORINGS_IN_CLUSTER": "maybe",
            }
        )
    assert [(e.object, e.found, e.expected) for e in caught.value.errors] == [
        ("MOORINGS_CONCURRENCY", "'many'", "a whole number"),
        ("MOORINGS_IN_CLUSTER", "'maybe'", "true or false"),
        ("MOORINGS_LEASE_SECONDS", "'soon'", "a number"),
        ("MOORINGS_LISTEN_PORT", "'70000'", "at most 65535"),
        ("MOORINGS_LOG_LEVEL", "'loud'", "one of debug, info, warning, error"),
        ("MOORINGS_SHARDS", "'0'", "at least 1"),
    ]


def test_unknown_variables_are_found() -> None:
    """A typing error is told; other people's variables are not ours to judge."""
    given = {"MOORINGS_CONCURENCY": "8", "MOORINGS_SHARDS": "2", "HOME": "/"}
    assert Settings.unknown(given) == ["MOORINGS_CONCURENCY"]


def test_every_field_is_described_once() -> None:
    """Each has its own variable and a meaning."""
    rows = list(described())
    variables = [env.name for _, _, env in rows]
    assert len(variables) == len(set(variables)) >= 25
    assert all(env.meaning for _, _, env in rows)
    assert ("worker.concurrency", 8, "controller.operation.processors") in [
        (name, default, env.argocd) for name, default, env in rows
    ]


def test_reads_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping it is this process's."""
    monkeypatch.setenv("MOORINGS_NAMESPACE", "gitops")
    assert Settings.from_environment().home.namespace == "gitops"
