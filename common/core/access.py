"""How to reach a repository or a cluster: plain values whose secrets never show in a repr."""

from __future__ import annotations

import msgspec

from common.core.keys import ClusterId


class Secret(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """A secret string. Only `reveal()` gives it; `str` and `repr` never do."""

    value: str

    def reveal(self) -> str:
        """The secret itself, for the one place that sends it."""
        return self.value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self.value)


class RepositoryAccess(msgspec.Struct, frozen=True, kw_only=True):
    """A repository's address, with the credentials that its Secret or the longest matching template gives."""

    url: str
    type: str = "git"  # git | helm | oci
    name: str = ""
    project: str = ""
    username: str = ""
    password: Secret | None = None
    bearer_token: Secret | None = None
    ssh_private_key: Secret | None = None
    insecure: bool = False
    """Do not verify the server's certificate or SSH host key."""
    tls_client_cert: str = ""
    """PEM."""
    tls_client_key: Secret | None = None
    ca_data: str = ""
    """PEM of the authorities that argocd-tls-certs-cm gives for this host; empty for the system's."""
    known_hosts: str = ""
    """Lines in OpenSSH's known_hosts format; empty when none are configured."""
    enable_lfs: bool = False
    enable_oci: bool = False
    force_basic_auth: bool = False
    depth: int = 0
    """Commits of history to fetch; 0 leaves it to us (shallow where the transport can)."""
    proxy: str = ""
    no_proxy: str = ""
    oci_plain_http: bool = False
    """`insecureOCIForceHttp`: talk to an OCI registry without TLS."""
    github_app_id: int = 0
    github_app_installation_id: int = 0
    github_app_private_key: Secret | None = None
    github_app_base_url: str = ""
    """The API of a GitHub Enterprise server; empty for github.com's."""
    gcp_service_account_key: Secret | None = None
    use_azure_workload_identity: bool = False
    azure_client_id: str = ""
    azure_client_secret: Secret | None = None
    azure_tenant_id: str = ""
    azure_authority: str = ""
    """`azureActiveDirectoryEndpoint`; empty for the public cloud's."""


class ExecPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """A client-go credential plugin (client.authentication.k8s.io)."""

    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    api_version: str = "client.authentication.k8s.io/v1"
    install_hint: str = ""


class ClusterAccess(msgspec.Struct, frozen=True, kw_only=True):
    """An API server's address with everything needed to talk to it."""

    id: ClusterId
    """What Applications name it by."""
    server: str
    """The address to connect to; the same as `id` but for the home cluster."""
    name: str = ""
    namespaces: tuple[str, ...] = ()
    """Only these namespaces may be read and written; empty for all."""
    cluster_resources: bool = True
    """With `namespaces`: whether cluster-scoped objects may be managed too."""
    project: str = ""
    username: str = ""
    password: Secret | None = None
    bearer_token: Secret | None = None
    bearer_token_file: str = ""
    """Read again for each connection, as in-cluster service account tokens rotate."""
    insecure: bool = False
    server_name: str = ""
    """TLS server name, when it is not the address's host."""
    ca_data: str = ""
    """PEM; empty for the system's authorities."""
    client_cert: str = ""
    """PEM."""
    client_key: Secret | None = None
    exec_plugin: ExecPlugin | None = None
    proxy_url: str = ""
    disable_compression: bool = False
    skip_reconcile: bool = False
    """Annotation argocd.argoproj.io/skip-reconcile on the cluster's Secret."""
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
