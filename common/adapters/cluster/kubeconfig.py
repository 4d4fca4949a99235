"""Where a cluster is, from a kubeconfig file or from inside a pod.

Parsed here rather than by the official package: its import costs 0.5 s and 16 MiB in each process, and
what is needed is one page of YAML.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from common.core.access import ClusterAccess, ExecPlugin, Secret
from common.core.errors import InvalidInput
from common.core.keys import IN_CLUSTER, ClusterId

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the kubelet mounts a pod's service account."""


def load_kubeconfig(
    path: str = "", context: str = "", *, cluster_id: ClusterId | None = None
) -> ClusterAccess:
    """The access that a kubeconfig's context describes; its current context when none is named.

    `path` empty: the first existing file of `$KUBECONFIG`, else `~/.kube/config`. Files that it refers to
    are read now and inlined, but for a token file, which is read again as it rotates. `cluster_id`
    replaces the server's address as what Applications name the cluster by.

    Raises:
        InvalidInput: names the file, the entry and the field that is missing or unreadable.
    """
    file = _find(path)
    config = _parse(file)
    name = context or config.get("current-context") or ""
    if not name:
        raise InvalidInput(str(file), "current-context", found=None, expected="a context, or name one")
    chosen = _entry(file, config, "contexts", "context", name)
    cluster = _entry(file, config, "clusters", "cluster", str(chosen.get("cluster") or ""))
    user_name = str(chosen.get("user") or "")
    user = _entry(file, config, "users", "user", user_name) if user_name else {}
    return _access(file, name, cluster, user, cluster_id)


def load_in_cluster(
    *, root: Path = SERVICE_ACCOUNT, environ: Mapping[str, str] = os.environ
) -> ClusterAccess:
    """The access of the service account that this pod runs as.

    Raises:
        InvalidInput: this is no pod, or it has no service account token.
    """
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
    token, authorities = root / "token", root / "ca.crt"
    if not host or not token.is_file():
        raise InvalidInput(
            "in-cluster configuration", "KUBERNETES_SERVICE_HOST", found=host or None,
            expected=f"a pod with a service account in {root} (outside of a cluster, name a kubeconfig)",
        )  # fmt: skip
    host = f"[{host}]" if ":" in host else host
    return ClusterAccess(
        id=IN_CLUSTER,
        server=f"https://{host}:{port}",
        name="in-cluster",
        bearer_token_file=str(token),
        ca_data=authorities.read_text() if authorities.is_file() else "",
    )


def _find(path: str) -> Path:
    if path:
        file = Path(path).expanduser()
    else:
        listed = [Path(p) for p in os.environ.get("KUBECONFIG", "").split(os.pathsep) if p]
        default = Path("~/.kube/config").expanduser()
        file = next((p for p in [*listed, default] if p.is_file()), default)
    if not file.is_file():
        raise InvalidInput("kubeconfig", "", found=str(file), expected="an existing file")
    return file


def _parse(file: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"kubeconfig {file}", "", found=str(error), expected="readable YAML") from error
    if not isinstance(config, dict):
        raise InvalidInput(f"kubeconfig {file}", "", found=config, expected="a mapping")
    return config


def _entry(file: Path, config: Mapping[str, Any], section: str, field: str, name: str) -> dict[str, Any]:
    entries = [e for e in config.get(section) or () if isinstance(e, dict)]
    for entry in entries:
        if entry.get("name") == name:
            return entry.get(field) or {}
    known = ", ".join(sorted(str(e.get("name")) for e in entries)) or "none"
    raise InvalidInput(f"kubeconfig {file}", section, found=name, expected=f"one of: {known}")


def _access(
    file: Path, name: str, cluster: Mapping[str, Any], user: Mapping[str, Any], cluster_id: ClusterId | None
) -> ClusterAccess:
    where = f"kubeconfig {file}, context {name}"
    server = str(cluster.get("server") or "").rstrip("/")
    if not server:
        raise InvalidInput(where, "cluster.server", found=None, expected="an address")
    if user.get("auth-provider"):
        raise InvalidInput(
            where, "user.auth-provider", found=user["auth-provider"].get("name"),
            expected="an exec plugin (Kubernetes removed auth providers in 1.26)",
        )  # fmt: skip
    key = _inlined(where, file, user, "client-key")
    token_file = str(user.get("tokenFile") or "")
    return ClusterAccess(
        id=cluster_id or ClusterId(server),
        server=server,
        name=name,
        username=str(user.get("username") or ""),
        password=Secret(str(user["password"])) if user.get("password") else None,
        bearer_token=Secret(str(user["token"])) if user.get("token") else None,
        bearer_token_file=str(file.parent / token_file) if token_file else "",
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        server_name=str(cluster.get("tls-server-name") or ""),
        ca_data=_inlined(where, file, cluster, "certificate-authority"),
        client_cert=_inlined(where, file, user, "client-certificate"),
        client_key=Secret(key) if key else None,
        exec_plugin=_plugin(where, file, user.get("exec")),
        proxy_url=str(cluster.get("proxy-url") or ""),
        disable_compression=bool(cluster.get("disable-compression")),
    )


def _inlined(where: str, file: Path, entry: Mapping[str, Any], field: str) -> str:
    """`<field>-data` (base64), which wins, or the file that `<field>` names relative to the kubeconfig."""
    if entry.get(f"{field}-data"):
        try:
            return base64.b64decode(entry[f"{field}-data"], validate=True).decode()
        except (binascii.Error, ValueError, TypeError) as error:
            raise InvalidInput(where, f"{field}-data", found="no base64", expected="base64 of PEM") from error
    if not entry.get(field):
        return ""
    path = file.parent / str(entry[field])
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(where, field, found=str(path), expected="a readable PEM file") from error


def _plugin(where: str, file: Path, exec_config: Any) -> ExecPlugin | None:
    if not exec_config:
        return None
    command = str(exec_config.get("command") or "")
    if not command:
        raise InvalidInput(where, "user.exec.command", found=None, expected="a program")
    if "/" in command:  # relative to the kubeconfig; a bare name is looked up on PATH
        command = str(file.parent / command)
    return ExecPlugin(
        command=command,
        args=tuple(str(a) for a in exec_config.get("args") or ()),
        env=tuple((str(e["name"]), str(e.get("value") or "")) for e in exec_config.get("env") or ()),
        api_version=str(exec_config.get("apiVersion") or "client.authentication.k8s.io/v1"),
        install_hint=str(exec_config.get("installHint") or ""),
    )
