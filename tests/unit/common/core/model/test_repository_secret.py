"""Repositories' Secrets, and which of them counts."""

from __future__ import annotations

import base64

import pytest

from common.core.access import RepositoryAccess, Secret
from common.core.errors import InvalidInput
from common.core.keys import Object
from common.core.model.repository_secret import has_credentials, repository_access, repository_for


def secret(**values: str) -> Object:
    """A repository's Secret."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {"metadata": {"name": "repo", "namespace": "argocd"}, "data": data}


def test_every_field() -> None:
    """As Argo CD names them."""
    access = repository_access(
        secret(
            url="https://example.com/a",
            type="helm",
            name="charts",
            project="fleet",
            username="u",
            password=" p ",
            bearerToken="b",
            sshPrivateKey="KEY\n",
            insecure="true",
            tlsClientCertData="CERT",
            tlsClientCertKey="CKEY",
            enableLfs="true",
            depth="5",
            enableOCI="true",
            insecureOCIForceHttp="true",
            forceHttpBasicAuth="true",
            proxy="http://proxy",
            noProxy="*.local",
            githubAppID="1",
            githubAppInstallationID="2",
            githubAppPrivateKey="G",
            githubAppEnterpriseBaseUrl="https://ghe",
            gcpServiceAccountKey="{}",
            useAzureWorkloadIdentity="true",
            azureServicePrincipalClientId="c",
            azureServicePrincipalClientSecret="s",
            azureServicePrincipalTenantId="t",
            azureActiveDirectoryEndpoint="https://login",
        )
    )
    assert access == RepositoryAccess(
        url="https://example.com/a",
        type="helm",
        name="charts",
        project="fleet",
        username="u",
        password=Secret(" p "),
        bearer_token=Secret("b"),
        ssh_private_key=Secret("KEY\n"),
        insecure=True,
        tls_client_cert="CERT",
        tls_client_key=Secret("CKEY"),
        enable_lfs=True,
        depth=5,
        enable_oci=True,
        oci_plain_http=True,
        force_basic_auth=True,
        proxy="http://proxy",
        no_proxy="*.local",
        github_app_id=1,
        github_app_installation_id=2,
        github_app_private_key=Secret("G"),
        github_app_base_url="https://ghe",
        gcp_service_account_key=Secret("{}"),
        use_azure_workload_identity=True,
        azure_client_id="c",
        azure_client_secret=Secret("s"),
        azure_tenant_id="t",
        azure_authority="https://login",
    )


def test_the_old_name_of_insecure() -> None:
    """`insecureIgnoreHostKey` means the same."""
    assert repository_access(secret(url="u", insecureIgnoreHostKey="true")).insecure


def test_every_error_at_once_without_values() -> None:
    """What is wrong is described, not shown."""
    with pytest.raises(InvalidInput) as caught:
        repository_access(secret(type="hunter2", depth="hunter2", insecure="hunter2", tlsClientCertData="C"))
    assert {error.field for error in caught.value.errors} == {
        "data.url",
        "data.type",
        "data.depth",
        "data.insecure",
        "data",
    }
    assert "hunter2" not in str(caught.value)


REPOS = (
    RepositoryAccess(url="https://example.com/team/a.git", username="plain"),
    RepositoryAccess(url="https://example.com/team/a", username="of-fleet", project="fleet"),
    RepositoryAccess(url="https://example.com/bare", insecure=True, proxy="http://own"),
)
TEMPLATES = (
    RepositoryAccess(url="https://example.com", username="short", proxy="http://template"),
    RepositoryAccess(url="https://example.com/team", username="long", password=Secret("x")),
    RepositoryAccess(url="https://example.com/team", username="scoped", project="fleet"),
    RepositoryAccess(url="oci://registry", type="helm", enable_oci=True, username="oci", insecure=True),
)


@pytest.mark.parametrize(
    ("url", "project", "username"),
    [
        ("https://EXAMPLE.com/team/a/", "default", "plain"),
        ("https://example.com/Team/A.git", "fleet", "of-fleet"),
        ("https://example.com/team/b", "default", "long"),
        ("https://example.com/team/b", "fleet", "scoped"),
        ("https://example.com/other", "default", "short"),
        ("https://example.com/bare", "default", "short"),
        ("https://example.com.elsewhere.net/a", "default", ""),
    ],
)
def test_which_credentials_count(url: str, project: str, username: str) -> None:
    """The very repository, the project's own first; else the longest prefix; else none."""
    assert repository_for(url, project, REPOS, TEMPLATES).username == username


def test_a_template_fills_only_what_is_empty() -> None:
    """The repository's own proxy and flags stay."""
    found = repository_for("https://example.com/bare", "", REPOS, TEMPLATES)
    assert (found.insecure, found.proxy, found.username) == (True, "http://own", "short")


def test_a_template_says_how_to_reach_an_unconfigured_repository() -> None:
    """Its type too; the address stays the Application's."""
    found = repository_for("oci://registry/charts", "", REPOS, TEMPLATES)
    assert (found.url, found.type, found.enable_oci, found.insecure) == (
        "oci://registry/charts",
        "helm",
        True,
        True,
    )


def test_another_projects_repository_is_not_used() -> None:
    """Nor its credentials."""
    mine = (RepositoryAccess(url="https://a/b", username="x", project="other"),)
    assert repository_for("https://a/b", "fleet", mine) == RepositoryAccess(url="https://a/b")
    bare = (RepositoryAccess(url="https://a/b"),)
    assert repository_for("https://a/b", "fleet", bare) == bare[0]


@pytest.mark.parametrize(
    "field",
    ["password", "bearer_token", "ssh_private_key", "github_app_private_key", "gcp_service_account_key"],
)
def test_what_counts_as_credentials(field: str) -> None:
    """Any one of them."""
    assert has_credentials(RepositoryAccess(url="u", **{field: Secret("x")}))  # type: ignore[arg-type]
    assert not has_credentials(RepositoryAccess(url="u"))
