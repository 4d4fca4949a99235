"""Credential plugins of client-go: a program that prints an ExecCredential."""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from typing import Any

import msgspec
import orjson

from common.core.access import ClusterAccess, ExecPlugin, Secret
from common.core.errors import ClusterUnreachable, Unauthorized

API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
TIMEOUT_SECONDS = 30.0

_PASSED = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    | {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"}
)
_PASSED_PREFIXES = ("AWS_", "AZURE_", "CLOUDSDK_", "GOOGLE_", "KUBERNETES_SERVICE_")
"""Where the clouds' own tools find a workload's identity. Nothing of ours goes to a plugin."""


class PluginCredential(msgspec.Struct, frozen=True, kw_only=True):
    """The status of an ExecCredential."""

    token: Secret | None = None
    client_cert: str = ""
    """PEM."""
    client_key: Secret | None = None
    expires_at: datetime | None = None
    """None: good for as long as the process runs."""


def run_plugin(access: ClusterAccess) -> PluginCredential:
    """Run the access's plugin and read what it prints.

    Raises:
        Unauthorized: it is missing, fails, or prints no usable credential.
        ClusterUnreachable: it takes longer than 30 s.
    """
    plugin = access.exec_plugin
    if plugin is None:
        raise Unauthorized(f"cluster {access.id}: no credential plugin is configured")
    where = f"cluster {access.id}: credential plugin {plugin.command}"
    if plugin.command.rpartition("/")[2] == "argocd-k8s-auth":
        cloud = plugin.args[0] if plugin.args else "?"
        raise Unauthorized(f"{where}: cloud identity {cloud!r} is not served yet")
    if plugin.api_version not in API_VERSIONS:
        raise Unauthorized(
            f"{where}: apiVersion {plugin.api_version!r}, expected one of {', '.join(API_VERSIONS)}"
        )
    return _read(where, plugin, _output(where, plugin))


def _output(where: str, plugin: ExecPlugin) -> bytes:
    try:
        done = subprocess.run(
            [plugin.command, *plugin.args],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_environment(plugin),
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterUnreachable(f"{where}: no answer within {TIMEOUT_SECONDS:.0f} s") from error
    except OSError as error:
        hint = f" ({plugin.install_hint})" if plugin.install_hint else ""
        raise Unauthorized(f"{where}: {error.strerror}{hint}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-500:]
        raise Unauthorized(f"{where}: exit code {done.returncode}: {said}")
    return done.stdout


def _environment(plugin: ExecPlugin) -> dict[str, str]:
    built = {k: v for k, v in os.environ.items() if k in _PASSED or k.startswith(_PASSED_PREFIXES)}
    built.update(plugin.env)
    request = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": {"interactive": False}}
    built["KUBERNETES_EXEC_INFO"] = orjson.dumps(request).decode()
    return built


def _read(where: str, plugin: ExecPlugin, output: bytes) -> PluginCredential:
    try:
        answer: Any = orjson.loads(output)
        status = answer["status"]
        right = answer["kind"] == "ExecCredential" and answer["apiVersion"] == plugin.api_version
        expires = status.get("expirationTimestamp")
        expires_at = datetime.fromisoformat(expires) if expires else None
        token, key = status.get("token"), status.get("clientKeyData")
        cert = status.get("clientCertificateData") or ""
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unauthorized(f"{where}: its output is no ExecCredential of {plugin.api_version}") from error
    if not right:
        raise Unauthorized(f"{where}: its output is no ExecCredential of {plugin.api_version}")
    if not token and not (cert and key):
        raise Unauthorized(f"{where}: it printed neither a token nor a client certificate with its key")
    return PluginCredential(
        token=Secret(token) if token else None,
        client_cert=cert,
        client_key=Secret(key) if key else None,
        expires_at=expires_at,
    )
