"""TLS: whom we trust, whom we show ourselves as, and under which name."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from common.adapters.cluster.connection import ConnectionPool
from common.adapters.cluster.tls import tls_context
from common.core.access import ClusterAccess, Secret
from common.core.errors import ClusterUnreachable, InvalidInput
from common.core.keys import ClusterId
from tests.certificates import Authority
from tests.unit.common.adapters.cluster.scripted_server import answer, scripted


def _server_context(authority: Authority, name: str, *, client_ca: str = "") -> ssl.SSLContext:
    certificate, key = authority.issue(name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if client_ca:
        context.load_verify_locations(cadata=client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _ask(server_url: str, **access: Any) -> int:
    pool = ConnectionPool(ClusterAccess(id=ClusterId("c"), server=server_url, **access))
    try:
        return pool.request("GET", "/").status
    finally:
        pool.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who signs."""
    return Authority(tmp_path / "authority")


def test_own_authority_is_trusted_and_others_are_not(authority: Authority) -> None:
    """caData replaces the system's authorities."""
    ca = authority.pem
    with scripted(lambda _: answer(200, {}), _server_context(authority, "server")) as server:
        assert _ask(server.url, ca_data=ca) == 200
        with pytest.raises(ClusterUnreachable, match="certificate is not trusted"):
            _ask(server.url)
        assert _ask(server.url, insecure=True) == 200


def test_server_name_replaces_the_address_in_verification(authority: Authority) -> None:
    """tlsClientConfig.serverName."""
    ca = authority.pem
    with scripted(lambda _: answer(200, {}), _server_context(authority, "server")) as server:
        with pytest.raises(ClusterUnreachable, match="certificate is not trusted"):
            _ask(server.url, ca_data=ca, server_name="kubernetes.example")
        assert _ask(server.url, ca_data=ca, server_name="localhost") == 200


def test_client_certificate_is_shown(authority: Authority, tmp_path: Path) -> None:
    """certData and keyData; without them the server ends the handshake."""
    ca = authority.pem
    certificate, key = (path.read_text() for path in authority.issue("me"))
    before = set(Path("/tmp").glob("moorings-*.pem"))
    with scripted(lambda _: answer(200, {}), _server_context(authority, "server", client_ca=ca)) as server:
        assert _ask(server.url, ca_data=ca, client_cert=certificate, client_key=Secret(key)) == 200
        with pytest.raises(ClusterUnreachable):
            _ask(server.url, ca_data=ca)
    assert set(Path("/tmp").glob("moorings-*.pem")) <= before


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"ca_data": "no certificate"}, "caData"),
        ({"insecure": True, "client_cert": "no certificate", "client_key": Secret("no key")}, "certData"),
    ],
)
def test_unreadable_pem_is_bad_input(values: dict[str, Any], field: str) -> None:
    """The cluster and the field are named; the key is not shown."""
    with pytest.raises(InvalidInput, match=f"cluster c: tlsClientConfig.{field}") as caught:
        tls_context(ClusterAccess(id=ClusterId("c"), server="https://h", **values))
    assert "no key" not in str(caught.value)
