"""What a chart depends on: vendored, beside it, or built from the repositories it names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import orjson

from common.adapters.renderers.process import Run, run
from common.adapters.renderers.workspace import mirror
from common.core.access import RepositoryAccess
from common.core.errors import RenderFailed
from common.core.kustomization import join, leaves
from common.core.yaml_documents import read_documents
from common.ports import RenderRequest


def dependencies(documents: Iterable[Any]) -> list[dict[str, Any]]:
    """The `dependencies` of a Chart.yaml or requirements.yaml."""
    return [
        entry
        for document in documents
        if isinstance(document, Mapping)
        for entry in document.get("dependencies") or []
        if isinstance(entry, dict)
    ]


def sibling_charts(documents: Iterable[Any], chart: str) -> list[str]:
    """Directories that `file://` dependencies name.

    Raises:
        RenderFailed: one is outside of the repository.
    """
    found = []
    for entry in dependencies(documents):
        repository = str(entry.get("repository") or "")
        if repository.startswith("file://"):
            where = join(chart, repository.removeprefix("file://"))
            if leaves(where):
                raise RenderFailed(f"{chart or '.'}: dependency {repository} is outside of the repository")
            found.append(where)
    return found


def with_dependencies(helm: Path, root: Path, chart: Path, home: Path, request: RenderRequest) -> Path:
    """The chart with all its dependencies: itself where they are vendored, else a copy where they were built.

    Raises:
        RenderFailed: a dependency's repository is of a kind that is not supported (yet), or helm could not.
    """
    wanted = [
        entry
        for name in ("Chart.yaml", "requirements.yaml")
        if (chart / name).is_file()
        for entry in dependencies(read_documents((chart / name).read_bytes(), name))
    ]
    if all(_vendored(chart, entry) for entry in wanted):
        return chart
    for entry in wanted:
        if str(entry.get("repository") or "").startswith("oci://"):
            raise RenderFailed(
                f"dependency {entry.get('name')}: charts from OCI registries are not supported yet"
            )
    copy = home / "tree"
    mirror(root, copy, copy=True)
    place = copy / chart.relative_to(root)
    _write_repositories(home, wanted, request)
    remote = any(not str(e.get("repository") or "").startswith("file://") for e in wanted)
    run(
        Run(
            command=[str(helm), "dependency", "build", "."],
            cwd=place,
            home=home,
            limits=request.settings.limits,
            network=remote,
            secrets=secrets_of(request),
            hide={str(copy): "", str(home): "<scratch>"},
        )
    )
    return place


def secrets_of(request: RenderRequest) -> list[str]:
    """Everything that must not show in an error."""
    repositories = [request.repo, *request.helm_repositories, *(r.repo for r in request.refs.values())]
    return [
        secret.reveal()
        for repo in repositories
        for secret in (repo.password, repo.bearer_token, repo.ssh_private_key, repo.tls_client_key)
        if secret
    ]


def _vendored(chart: Path, entry: Mapping[str, Any]) -> bool:
    name = str(entry.get("name") or "")
    repository = str(entry.get("repository") or "")
    if not repository and not (chart / "charts" / name).exists():
        return True  # helm itself says what is wrong with it
    return (chart / "charts" / name).is_dir() or any((chart / "charts").glob(f"{glob_escape(name)}-*.tgz"))


def glob_escape(name: str) -> str:
    """A name in a pattern, meaning itself."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _write_repositories(home: Path, wanted: list[dict[str, Any]], request: RenderRequest) -> None:
    """helm's repositories.yaml: every repository the chart names, with the credentials configured for it."""
    by_url = {repo.url.rstrip("/"): repo for repo in request.helm_repositories}
    by_name = {repo.name: repo for repo in request.helm_repositories if repo.name}
    entries = []
    for entry in wanted:
        address = str(entry.get("repository") or "")
        if address.startswith(("@", "alias:")):
            name = address.removeprefix("@").removeprefix("alias:")
            if name in by_name:
                entries.append(_repository_entry(name, by_name[name], home, request))
        elif address.startswith(("http://", "https://")):
            repo = by_url.get(address.rstrip("/"), RepositoryAccess(url=address, type="helm"))
            name = hashlib.sha256(address.encode()).hexdigest()[:16]
            entries.append(_repository_entry(name, msgspec.structs.replace(repo, url=address), home, request))
    config = home / "config"
    config.mkdir(exist_ok=True)
    unique = {entry["name"]: entry for entry in entries}
    (config / "repositories.yaml").write_bytes(
        orjson.dumps(
            {"apiVersion": "v1", "generated": "2000-01-01T00:00:00Z", "repositories": list(unique.values())}
        )
    )
    (config / "repositories.yaml").chmod(0o600)


def _repository_entry(
    name: str, repo: RepositoryAccess, home: Path, request: RenderRequest
) -> dict[str, Any]:
    options = request.source.helm
    entry: dict[str, Any] = {
        "name": name,
        "url": repo.url,
        "username": repo.username,
        "password": repo.password.reveal() if repo.password else "",
        "insecure_skip_tls_verify": repo.insecure,
        "pass_credentials_all": bool(options and options.pass_credentials),
    }
    for field, pem in (
        ("caFile", repo.ca_data),
        ("certFile", repo.tls_client_cert),
        ("keyFile", repo.tls_client_key.reveal() if repo.tls_client_key else ""),
    ):
        if pem:
            place = home / f"{name}-{field}.pem"
            place.write_text(pem)
            place.chmod(0o600)
            entry[field] = str(place)
    return entry
