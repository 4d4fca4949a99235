"""A cluster's Secret (`argocd.argoproj.io/secret-type: cluster`) as what is needed to talk to the cluster.

The fields are those of Argo CD's "Declarative Setup", section Clusters.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson
from msgspec import field

from common.core.access import ClusterAccess, ExecPlugin, Secret
from common.core.annotations import SKIP_RECONCILE
from common.core.errors import InvalidInput
from common.core.keys import ClusterId, Object
from common.core.model.reading import read
from common.core.model.record import Record
from common.core.model.secret_values import SecretValues

CLOUD_PLUGIN = "argocd-k8s-auth"
"""The program of Argo CD that gives out tokens of the clouds' own identities; ours takes its calls."""
_CLOUD_API_VERSION = "client.authentication.k8s.io/v1beta1"


class TlsConfig(Record, frozen=True, kw_only=True):
    """`tlsClientConfig`; the three `…Data` are base64 of PEM."""

    insecure: bool = False
    server_name: str = ""
    ca_data: str = ""
    cert_data: str = ""
    key_data: str = ""


class ExecConfig(Record, frozen=True, kw_only=True):
    """`execProviderConfig`."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    api_version: str = ""
    install_hint: str = ""


class AwsConfig(Record, frozen=True, kw_only=True):
    """`awsAuthConfig`."""

    cluster_name: str = ""
    role_arn: str = field(name="roleARN", default="")
    profile: str = ""


class ClusterConfig(Record, frozen=True, kw_only=True):
    """`config`, a JSON document."""

    username: str = ""
    password: str = ""
    bearer_token: str = ""
    tls_client_config: TlsConfig = TlsConfig()
    exec_provider_config: ExecConfig | None = None
    aws_auth_config: AwsConfig | None = None
    proxy_url: str = ""
    disable_compression: bool = False


def cluster_access(obj: Object) -> ClusterAccess:
    """Read a cluster's Secret.

    Raises:
        InvalidInput: with every error; none of them shows a value.
    """
    values = SecretValues(obj)
    server = values.required("server").rstrip("/")
    namespaces = tuple(part for raw in values.text("namespaces").split(",") if (part := raw.strip()))
    config = _config(values)
    tls = config.tls_client_config
    key = _pem(values, "keyData", tls.key_data)
    made = ClusterAccess(
        id=ClusterId(server),
        server=server,
        name=values.text("name") or server,
        namespaces=namespaces,
        cluster_resources=not namespaces or values.truth("clusterResources"),
        project=values.text("project"),
        username=config.username,
        password=Secret(config.password) if config.password else None,
        bearer_token=Secret(config.bearer_token) if config.bearer_token else None,
        insecure=tls.insecure,
        server_name=tls.server_name,
        ca_data=_pem(values, "caData", tls.ca_data),
        client_cert=_pem(values, "certData", tls.cert_data),
        client_key=Secret(key) if key else None,
        exec_plugin=_plugin(values, config),
        proxy_url=config.proxy_url,
        disable_compression=config.disable_compression,
        skip_reconcile=values.annotations.get(SKIP_RECONCILE) == "true",
        labels=tuple(sorted(values.labels.items())),
        annotations=tuple(sorted(values.annotations.items())),
    )
    if bool(tls.cert_data) != bool(tls.key_data):
        values.refuse("config.tlsClientConfig", "one of certData and keyData", "both, or neither")
    if values.errors:
        raise InvalidInput.of(values.errors)
    return made


def _config(values: SecretValues) -> ClusterConfig:
    text = values.text("config")
    if not text:
        return ClusterConfig()
    try:
        raw: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        values.refuse("config", "text that is no JSON", "a JSON object")
        return ClusterConfig()
    config, errors = read(raw, ClusterConfig, name=values.name, at="config")
    for error in errors:
        values.refuse(error.field, "a value of another type", error.expected)
    return config


def _pem(values: SecretValues, name: str, text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        values.refuse(f"config.tlsClientConfig.{name}", "a value that is not base64 of text", "base64 of PEM")
        return ""


def _plugin(values: SecretValues, config: ClusterConfig) -> ExecPlugin | None:
    given, aws = config.exec_provider_config, config.aws_auth_config
    if given is not None and aws is not None:
        values.refuse("config", "awsAuthConfig and execProviderConfig", "one of them")
    if given is not None:
        if not given.command:
            values.refuse("config.execProviderConfig.command", "nothing", "a program")
        return ExecPlugin(
            command=given.command,
            args=given.args,
            env=tuple(sorted(given.env.items())),
            api_version=given.api_version,
            install_hint=given.install_hint,
        )
    if aws is None:
        return None
    flags = (("--cluster-name", aws.cluster_name), ("--role-arn", aws.role_arn), ("--profile", aws.profile))
    return ExecPlugin(
        command=CLOUD_PLUGIN,
        args=("aws", *(part for flag, value in flags if value for part in (flag, value))),
        api_version=_CLOUD_API_VERSION,
    )


def cloud_of(plugin: ExecPlugin | None) -> str:
    """Which cloud's identity a plugin asks for (aws, gcp, azure); empty for any other program."""
    if plugin is None or plugin.command.rpartition("/")[2] != CLOUD_PLUGIN:
        return ""
    return plugin.args[0] if plugin.args else ""
