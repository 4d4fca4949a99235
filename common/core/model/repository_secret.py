"""Repositories' Secrets: which credentials go to which repository.

The fields are those of Argo CD's "Declarative Setup", sections Repositories and Repository Credentials.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from common.core.access import RepositoryAccess
from common.core.errors import InvalidInput
from common.core.keys import Object
from common.core.model.repo_url import is_below, normalise_repo_url
from common.core.model.secret_values import SecretValues

TYPES = ("git", "helm", "oci")

_INHERITED = (
    "username",
    "password",
    "bearer_token",
    "ssh_private_key",
    "tls_client_cert",
    "tls_client_key",
    "github_app_id",
    "github_app_installation_id",
    "github_app_private_key",
    "github_app_base_url",
    "gcp_service_account_key",
    "use_azure_workload_identity",
    "azure_client_id",
    "azure_client_secret",
    "azure_tenant_id",
    "azure_authority",
    "force_basic_auth",
    "proxy",
    "no_proxy",
)
"""What a repository without credentials of its own takes from a template, where its own is empty."""
_WITHOUT_REPOSITORY = ("type", "enable_oci", "oci_plain_http", "insecure")
"""What it takes besides when nobody has configured it."""


def repository_access(obj: Object) -> RepositoryAccess:
    """Read a Secret of type `repository`, `repo-creds`, or one of their `write` forms.

    Raises:
        InvalidInput: with every error; none of them shows a value.
    """
    values = SecretValues(obj)
    kind = values.text("type") or "git"
    if kind not in TYPES:
        values.refuse("data.type", "another value", ", ".join(TYPES))
    made = RepositoryAccess(
        url=values.required("url"),
        type=kind,
        name=values.text("name"),
        project=values.text("project"),
        username=values.text("username"),
        password=values.secret("password"),
        bearer_token=values.secret("bearerToken"),
        ssh_private_key=values.secret("sshPrivateKey"),
        insecure=values.truth("insecure") or values.truth("insecureIgnoreHostKey"),
        tls_client_cert=values.text("tlsClientCertData"),
        tls_client_key=values.secret("tlsClientCertKey"),
        enable_lfs=values.truth("enableLfs"),
        enable_oci=values.truth("enableOCI"),
        oci_plain_http=values.truth("insecureOCIForceHttp"),
        force_basic_auth=values.truth("forceHttpBasicAuth"),
        depth=values.number("depth"),
        proxy=values.text("proxy"),
        no_proxy=values.text("noProxy"),
        github_app_id=values.number("githubAppID"),
        github_app_installation_id=values.number("githubAppInstallationID"),
        github_app_private_key=values.secret("githubAppPrivateKey"),
        github_app_base_url=values.text("githubAppEnterpriseBaseUrl"),
        gcp_service_account_key=values.secret("gcpServiceAccountKey"),
        use_azure_workload_identity=values.truth("useAzureWorkloadIdentity"),
        azure_client_id=values.text("azureServicePrincipalClientId"),
        azure_client_secret=values.secret("azureServicePrincipalClientSecret"),
        azure_tenant_id=values.text("azureServicePrincipalTenantId"),
        azure_authority=values.text("azureActiveDirectoryEndpoint"),
    )
    if bool(made.tls_client_cert) != bool(made.tls_client_key):
        values.refuse("data", "one of tlsClientCertData and tlsClientCertKey", "both, or neither")
    if values.errors:
        raise InvalidInput.of(values.errors)
    return made


def repository_for(
    url: str,
    project: str,
    repositories: Sequence[RepositoryAccess],
    templates: Sequence[RepositoryAccess] = (),
) -> RepositoryAccess:
    """How to reach the repository that an Application names.

    The repository with that address wins, the project's own before one of no project; another project's is
    not used. If it has no credentials, or nobody has configured it, those of the template (`repo-creds`) with
    the longest matching prefix are added. With neither it is read anonymously.
    """
    wanted = normalise_repo_url(url)
    found = _of_project(
        (one for one in repositories if normalise_repo_url(one.url).lower() == wanted.lower()), project
    )
    template = _longest(wanted, project, templates)
    if found is None:
        plain = RepositoryAccess(url=url, project=project if template and template.project else "")
        return plain if template is None else _filled(plain, template, (*_INHERITED, *_WITHOUT_REPOSITORY))
    if has_credentials(found) or template is None:
        return found
    return _filled(found, template, _INHERITED)


def has_credentials(access: RepositoryAccess) -> bool:
    """Whether it can say who it is."""
    return bool(
        access.username
        or access.password
        or access.bearer_token
        or access.ssh_private_key
        or access.tls_client_cert
        or access.github_app_private_key
        or access.gcp_service_account_key
        or access.use_azure_workload_identity
        or access.azure_client_secret
    )


def _of_project(candidates: Iterable[RepositoryAccess], project: str) -> RepositoryAccess | None:
    usable = [one for one in candidates if one.project in ("", project)]
    return min(usable, key=lambda one: (not one.project, one.name, one.url), default=None)


def _longest(url: str, project: str, templates: Iterable[RepositoryAccess]) -> RepositoryAccess | None:
    matching = [
        (len(prefix), bool(one.project), one)
        for one in templates
        if one.project in ("", project) and is_below(url, prefix := normalise_repo_url(one.url))
    ]
    return max(matching, key=lambda match: match[:2], default=(0, False, None))[2]


def _filled(
    access: RepositoryAccess, template: RepositoryAccess, fields: tuple[str, ...]
) -> RepositoryAccess:
    taken = {
        field: getattr(template, field)
        for field in fields
        if not getattr(access, field) or field in _WITHOUT_REPOSITORY
    }
    return msgspec.structs.replace(access, **taken)
