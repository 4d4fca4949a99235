"""Charts that come from HTTP repositories: an index, and archives that it names."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import posixpath
import shutil
import ssl
import tarfile
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from common.core.access import RepositoryAccess
from common.core.errors import (
    RefNotFound,
    RenderFailed,
    RenderLimitExceeded,
    RepositoryAuthFailed,
    RepositoryNotFound,
    RepositoryUnreachable,
)
from common.core.yaml_documents import ReadLimits, read_documents
from common.ports import RenderRequest

_INDEX_BYTES = 64 << 20
_INDEX_LIMITS = ReadLimits(max_bytes=_INDEX_BYTES, max_values=20_000_000)
_ARCHIVE_BYTES = 32 << 20
_CHART_BYTES = 128 << 20
_CHART_FILES = 20_000
_TIMEOUT_SECONDS = 30


class ChartVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a repository's index."""

    version: str
    url: str
    digest: str = ""


class ChartRepositories:
    """Charts of HTTP repositories. Unpacked ones are kept under their archive's digest and never change."""

    def __init__(self, directory: Path) -> None:
        """`directory` is the cache, shared by the processes of one machine."""
        self._directory = directory
        self._indexes: dict[str, tuple[str, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def versions(self, repo: RepositoryAccess, chart: str) -> list[ChartVersion]:
        """Every version of a chart, as the index has them. The index is asked for each time, by its ETag.

        Raises:
            RepositoryUnreachable, RepositoryAuthFailed, RepositoryNotFound
            RefNotFound: the repository has no such chart.
        """
        index = self._index(repo)
        entries = (index.get("entries") or {}).get(chart)
        if not isinstance(entries, list) or not entries:
            raise RefNotFound(f"{_shown(repo)} has no chart {chart}")
        return [
            ChartVersion(
                version=str(entry.get("version")),
                url=urljoin(repo.url.rstrip("/") + "/", str(entry["urls"][0])),
                digest="" if entry.get("digest") is None else str(entry["digest"]),
            )
            for entry in entries
            if isinstance(entry, dict) and entry.get("urls")
        ]

    def chart(self, repo: RepositoryAccess, name: str, version: str, request: RenderRequest) -> Path:
        """The unpacked chart.

        Raises:
            RefNotFound: no such chart or version.
            RenderFailed: the archive is not what the index says, or OCI is asked for.
            RenderLimitExceeded: it is too large.
        """
        if repo.enable_oci or repo.type == "oci" or "://" not in repo.url or repo.url.startswith("oci://"):
            raise RenderFailed(f"{_shown(repo)}: charts from OCI registries are not supported yet")
        found = [v for v in self.versions(repo, name) if v.version.lstrip("v") == version.lstrip("v")]
        if not found:
            raise RefNotFound(f"{_shown(repo)} has no {name} {version}")
        entry = found[0]
        if entry.digest and (kept := self._kept(entry.digest, name)):
            return kept
        options = request.source.helm
        archive = _get(
            repo,
            entry.url,
            limit=_ARCHIVE_BYTES,
            everywhere=bool(options and options.pass_credentials),
        ).content
        digest = hashlib.sha256(archive).hexdigest()
        if entry.digest and digest != entry.digest.removeprefix("sha256:"):
            raise RenderFailed(
                f"{name} {version}: the archive is {digest}, expected {entry.digest} (the index's)"
            )
        return self._kept(digest, name) or self._unpack(archive, digest, name)

    def _index(self, repo: RepositoryAccess) -> dict[str, Any]:
        address = repo.url.rstrip("/") + "/index.yaml"
        with self._lock:
            tag, known = self._indexes.get(address, ("", {}))
        answer = _get(repo, address, limit=_INDEX_BYTES, headers={"If-None-Match": tag} if tag else {})
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return known
        documents = read_documents(answer.content, f"{_shown(repo)}/index.yaml", _INDEX_LIMITS)
        index = documents[0] if documents and isinstance(documents[0], dict) else {}
        with self._lock:
            self._indexes[address] = (answer.headers.get("ETag", ""), index)
        return index

    def _kept(self, digest: str, name: str) -> Path | None:
        place = self._directory / digest.removeprefix("sha256:") / posixpath.basename(name)
        return place if (place / "Chart.yaml").is_file() else None

    def _unpack(self, archive: bytes, digest: str, name: str) -> Path:
        self._directory.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix="unpack-", dir=self._directory))
        try:
            _extract(archive, temporary)
            with contextlib.suppress(OSError):  # somebody else was quicker: the same bytes
                os.rename(temporary, self._directory / digest)  # noqa: PTH104  # atomic, fails where one is
        except tarfile.TarError as error:
            raise RenderFailed(f"{name}: the archive cannot be read: {error}") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        place = self._kept(digest, name)
        if place is None:
            raise RenderFailed(f"{name}: the archive has no {posixpath.basename(name)}/Chart.yaml")
        return place


def _extract(archive: bytes, target: Path) -> None:
    size = count = 0
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            size, count = size + member.size, count + 1
            if size > _CHART_BYTES or count > _CHART_FILES:
                raise RenderLimitExceeded(
                    f"the chart unpacks to more than {_CHART_BYTES >> 20} MiB or too many files"
                )
            if member.isreg() or member.isdir():
                tar.extract(member, target, filter="data")


def _get(
    repo: RepositoryAccess,
    address: str,
    *,
    limit: int,
    headers: Mapping[str, str] | None = None,
    everywhere: bool = False,
) -> httpx.Response:
    """One bounded GET. Credentials go to the repository's own host only, unless the source says otherwise."""
    own = urlsplit(address)[:2] == urlsplit(repo.url)[:2]
    auth = (
        httpx.BasicAuth(repo.username, repo.password.reveal() if repo.password else "")
        if repo.username and (own or everywhere)
        else None
    )
    sent = dict(headers or {})
    if repo.bearer_token and not auth and (own or everywhere):
        sent["Authorization"] = f"Bearer {repo.bearer_token.reveal()}"
    try:
        with (
            _client(repo) as client,
            client.stream("GET", address, headers=sent, auth=auth or httpx.USE_CLIENT_DEFAULT) as answer,
        ):
            _refuse_status(repo, answer)
            content = bytearray()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > limit:
                    raise RenderLimitExceeded(f"{_shown(repo)}: an answer of more than {limit >> 20} MiB")
            return httpx.Response(
                answer.status_code, headers={"ETag": answer.headers.get("ETag", "")}, content=bytes(content)
            )
    except httpx.HTTPError as error:
        raise RepositoryUnreachable(f"{_shown(repo)}: {type(error).__name__}: {error}") from error


def _refuse_status(repo: RepositoryAccess, answer: httpx.Response) -> None:
    code = answer.status_code
    if code in (401, 403):
        raise RepositoryAuthFailed(f"{_shown(repo)} answered {code}")
    if code == 404:
        raise RepositoryNotFound(f"{_shown(repo)} has no {answer.url.path}")
    if code not in (200, 304):
        raise RepositoryUnreachable(f"{_shown(repo)} answered {code}")


def _client(repo: RepositoryAccess) -> httpx.Client:
    return httpx.Client(
        verify=_trust(repo),
        timeout=_TIMEOUT_SECONDS,
        follow_redirects=True,
        max_redirects=5,
        proxy=repo.proxy or None,
    )


def _trust(repo: RepositoryAccess) -> ssl.SSLContext | bool:
    if repo.insecure:
        return False
    if not repo.ca_data and not repo.tls_client_cert:
        return True
    context = ssl.create_default_context(cadata=repo.ca_data or None)
    if repo.tls_client_cert and repo.tls_client_key:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:  # private to us, gone at once
            pem.write(repo.tls_client_cert + "\n" + repo.tls_client_key.reveal())
            pem.flush()
            context.load_cert_chain(pem.name)
    return context


def _shown(repo: RepositoryAccess) -> str:
    parts = urlsplit(repo.url)
    return (
        f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}".rstrip(
            "/"
        )
    )
