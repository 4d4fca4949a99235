"""A kubeconfig's context as the API takes a cluster."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import click

from common.adapters.cluster.kubeconfig import load_kubeconfig
from common.core.access import ClusterAccess, Secret
from common.core.errors import InvalidInput


def contexts_of(kubeconfig: str) -> list[str]:
    """The names of a kubeconfig's contexts, in its order; none where it cannot be read."""
    import os

    import yaml

    files = [kubeconfig] if kubeconfig else os.environ.get("KUBECONFIG", "").split(os.pathsep)
    for file in [*(one for one in files if one), *(() if kubeconfig else ("~/.kube/config",))]:
        try:
            config = yaml.safe_load(Path(file).expanduser().read_text())
            return [str(one["name"]) for one in config["contexts"]]
        except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
            continue
    return []


def described(kubeconfig: str, context: str) -> dict[str, Any]:
    """`{server, name, config}` of a context.

    Raises:
        ClickException: there is no such context, or it cannot be used.
    """
    try:
        access = load_kubeconfig(kubeconfig, context)
    except InvalidInput as error:
        raise click.ClickException(" ".join(str(error).split())) from error
    return {"server": access.server, "name": access.name or context, "config": _config(access)}


def _config(access: ClusterAccess) -> dict[str, Any]:
    tls = {
        "insecure": access.insecure,
        "serverName": access.server_name,
        "caData": _base64("" if access.insecure else access.ca_data),
        "certData": _base64(access.client_cert),
        "keyData": _base64(_plain(access.client_key)),
    }
    config: dict[str, Any] = {
        "username": access.username,
        "password": _plain(access.password),
        "bearerToken": _plain(access.bearer_token) or _token_file(access.bearer_token_file),
        "tlsClientConfig": {name: value for name, value in tls.items() if value},
        "proxyUrl": access.proxy_url,
        "disableCompression": access.disable_compression,
    }
    if plugin := access.exec_plugin:
        config["execProviderConfig"] = {
            "command": plugin.command,
            "args": list(plugin.args),
            "env": dict(plugin.env),
            "apiVersion": plugin.api_version,
            "installHint": plugin.install_hint,
        }
    return {name: value for name, value in config.items() if value}


def _plain(secret: Secret | None) -> str:
    return secret.reveal() if secret else ""


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode() if text else ""


def _token_file(path: str) -> str:
    try:
        return Path(path).read_text().strip() if path else ""
    except OSError as error:
        raise click.ClickException(f"the context's token cannot be read: {error}") from error
