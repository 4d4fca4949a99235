"""`/api/v1/repositories`: list, add, remove."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from common.core.access import RepositoryAccess
from common.core.errors import GitError
from common.core.keys import Object
from common.core.model.repo_url import normalise_repo_url
from common.core.model.repository_secret import repository_access
from server.api.secrets import declared, remove, secrets_of_type, store, value
from server.http.bodies import field
from server.http.call import Call
from server.http.faults import Code, Fault
from server.service import Service

_TEXTS = {
    "repo": "url",
    "type": "type",
    "name": "name",
    "project": "project",
    "username": "username",
    "password": "password",
    "bearerToken": "bearerToken",
    "sshPrivateKey": "sshPrivateKey",
    "tlsClientCertData": "tlsClientCertData",
    "tlsClientCertKey": "tlsClientCertKey",
    "proxy": "proxy",
    "noProxy": "noProxy",
    "githubAppPrivateKey": "githubAppPrivateKey",
    "githubAppEnterpriseBaseUrl": "githubAppEnterpriseBaseUrl",
    "gcpServiceAccountKey": "gcpServiceAccountKey",
}
"""The API's names of texts, and the Secret's."""
_TRUTHS = {
    "insecure": "insecure",
    "insecureIgnoreHostKey": "insecureIgnoreHostKey",
    "enableLfs": "enableLfs",
    "enableOCI": "enableOCI",
    "forceHttpBasicAuth": "forceHttpBasicAuth",
    "insecureOCIForceHttp": "insecureOCIForceHttp",
}
_NUMBERS = ("githubAppID", "githubAppInstallationID", "depth")


def list_repositories(call: Call) -> dict[str, Any]:
    """All declared repositories; never a credential."""
    wanted = normalise_repo_url(call.first("repo"))
    return {
        "metadata": {},
        "items": [
            repository_json(call.service, access)
            for access in call.service.fleet.current().repositories
            if not wanted or normalise_repo_url(access.url) == wanted
        ],
    }


def repository_json(service: Service, access: RepositoryAccess, *, ask: bool = False) -> dict[str, Any]:
    """One repository as the API shows it; with `ask`, whether it answers now."""
    state = {"status": "Successful", "message": ""}
    try:
        if ask and access.type == "git":
            service.ports.git.ls_remote(access)
    except GitError as error:
        state = {"status": "Failed", "message": str(error)}
    said = {
        "repo": access.url,
        "type": access.type,
        "name": access.name,
        "project": access.project,
        "username": access.username,
        "insecure": access.insecure,
        "enableLfs": access.enable_lfs,
        "enableOCI": access.enable_oci,
        "connectionState": state,
    }
    return {name: value for name, value in said.items() if value}


def add_repository(call: Call) -> dict[str, Any]:
    """Declare a repository that answers; with `upsert`, one that is declared is changed."""
    body = call.object
    values = {name: field(body, key, str) for key, name in _TEXTS.items()}
    values |= {name: "true" if field(body, key, bool) else "" for key, name in _TRUTHS.items()}
    values |= {name: str(field(body, name, int) or "") for name in _NUMBERS}
    values["type"] = values["type"] or "git"
    secret = declared(call.service, "repository", values["url"], values)
    access = repository_access(secret)
    existing = _declared(call.service, access.url, access.project)
    if existing is not None and existing["data"] != secret["data"] and not call.truth("upsert"):
        raise Fault(
            Code.INVALID_ARGUMENT, "existing repository spec is different; use upsert flag to force update"
        )
    shown = repository_json(call.service, access, ask=True)
    if shown["connectionState"]["status"] != "Successful" and not call.truth("force"):
        raise Fault(Code.INVALID_ARGUMENT, shown["connectionState"]["message"])
    store(call.service, secret, existing)
    return shown


def get_repository(call: Call) -> dict[str, Any]:
    """One repository, asked whether it answers."""
    url = unquote(str(call.path["repo"]))
    for access in call.service.fleet.current().repositories:
        if normalise_repo_url(access.url) == normalise_repo_url(url):
            return repository_json(call.service, access, ask=True)
    raise Fault(Code.NOT_FOUND, f"repo '{url}' not found")


def remove_repository(call: Call) -> dict[str, Any]:
    """Forget a repository and its credentials."""
    url = unquote(str(call.path["repo"]))
    existing = _declared(call.service, url, call.first("appProject", "project") or None)
    if existing is None:
        raise Fault(Code.NOT_FOUND, f"repo '{url}' not found")
    remove(call.service, existing)
    return {}


def _declared(service: Service, url: str, project: str | None) -> Object | None:
    wanted = normalise_repo_url(url)
    for secret in secrets_of_type(service, "repository"):
        same = normalise_repo_url(value(secret, "url")) == wanted
        if same and (project is None or value(secret, "project") == project):
            return secret
    return None
