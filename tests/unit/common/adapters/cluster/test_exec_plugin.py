"""Credential plugins: what they are given, what they print, and every way to fail."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import orjson
import pytest

from common.adapters.cluster.connection import ConnectionPool
from common.adapters.cluster.exec_plugin import run_plugin
from common.core.access import ClusterAccess, ExecPlugin, Secret
from common.core.errors import Unauthorized
from common.core.keys import ClusterId
from tests.unit.common.adapters.cluster.scripted_server import answer, scripted

V1 = "client.authentication.k8s.io/v1"


def _script(folder: Path, text: str) -> str:
    file = folder / "plugin"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def _access(command: str, server: str = "https://h", **more: object) -> ClusterAccess:
    plugin = ExecPlugin(command=command, **more)  # type: ignore[arg-type]
    return ClusterAccess(id=ClusterId("c"), server=server, exec_plugin=plugin)


def _printed(**status: str) -> str:
    return orjson.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": status}).decode()


def test_token_with_expiry(tmp_path: Path) -> None:
    """Token and the time it ends."""
    printed = _printed(token="t", expirationTimestamp="2030-01-02T03:04:05Z")
    made = run_plugin(_access(_script(tmp_path, f"echo '{printed}'")))
    assert made.token == Secret("t")
    assert made.expires_at is not None
    assert made.expires_at.isoformat() == "2030-01-02T03:04:05+00:00"


def test_environment_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own variables and the clouds' identity; nothing of ours."""
    monkeypatch.setenv("MOORINGS_REDIS_URL", "redis://secret")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn")
    out = tmp_path / "env"
    script = _script(tmp_path, f"env > {out}; echo '{_printed(token='t')}'")
    run_plugin(_access(script, env=(("MINE", "1"),)))
    seen = dict(line.split("=", 1) for line in out.read_text().splitlines() if "=" in line)
    assert "MOORINGS_REDIS_URL" not in seen
    assert (seen["MINE"], seen["AWS_ROLE_ARN"], seen["PATH"]) == ("1", "arn", os.environ["PATH"])
    assert orjson.loads(seen["KUBERNETES_EXEC_INFO"])["spec"] == {"interactive": False}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("echo oops >&2; exit 3", "exit code 3: oops"),
        ("echo nothing", "no ExecCredential"),
        ('echo \'{"kind": "Pod", "apiVersion": "v1", "status": {"token": "t"}}\'', "no ExecCredential"),
        (f"echo '{_printed(clientCertificateData='x')}'", "neither a token nor"),
        (f"echo '{_printed(token='t', expirationTimestamp='soon')}'", "no ExecCredential"),
    ],
)
def test_failures_are_sentences(tmp_path: Path, text: str, sentence: str) -> None:
    """Named by cluster and plugin."""
    with pytest.raises(Unauthorized, match=f"cluster c: credential plugin .*{sentence}"):
        run_plugin(_access(_script(tmp_path, text)))


def test_missing_program_shows_its_hint() -> None:
    """The kubeconfig says how to install it."""
    with pytest.raises(Unauthorized, match=r"No such file.*brew install it"):
        run_plugin(_access("/nonexistent/plugin", install_hint="brew install it"))


def test_argocd_k8s_auth_says_not_yet() -> None:
    """Named, never silently run or ignored."""
    with pytest.raises(Unauthorized, match="cloud identity 'aws' is not served yet"):
        run_plugin(_access("argocd-k8s-auth", args=("aws",)))


def test_unknown_api_version() -> None:
    """Older ExecCredential versions are gone from Kubernetes."""
    with pytest.raises(Unauthorized, match="v1alpha1"):
        run_plugin(_access("x", api_version="client.authentication.k8s.io/v1alpha1"))


def test_credential_is_kept_until_refused(tmp_path: Path) -> None:
    """One run serves many requests; a 401 makes it run once more."""
    count = tmp_path / "count"
    script = _script(
        tmp_path,
        f"echo x >> {count}; n=$(wc -l < {count}); echo '{_printed(token='t')}' | sed s/:.t./:\\\"t$n\\\"/",
    )
    refused = {"Bearer t1": False}

    def guard(request) -> bytes:
        return answer(401 if refused.get(request.headers["authorization"]) else 200, {})

    with scripted(guard) as server:
        pool = ConnectionPool(_access(script, server.url))
        assert [pool.request("GET", "/").status for _ in range(3)] == [200] * 3
        assert len(server.requests) == 3
        refused["Bearer t1"] = True
        assert pool.request("GET", "/").status == 200
        pool.close()
    assert server.requests[-1].headers["authorization"] == "Bearer t2"
    assert count.read_text() == "x\nx\n"


def test_expired_credential_is_made_again(tmp_path: Path) -> None:
    """A credential past its end is not used."""
    count = tmp_path / "count"
    printed = _printed(token="t", expirationTimestamp="2020-01-01T00:00:00Z")
    script = _script(tmp_path, f"echo x >> {count}; echo '{printed}'")
    with scripted(lambda _: answer(200, {})) as server:
        pool = ConnectionPool(_access(script, server.url))
        pool.request("GET", "/")
        pool.request("GET", "/")
        pool.close()
    assert count.read_text() == "x\nx\n"
