"""Requests over kept-alive connections, against a server that does exactly what a test says."""

from __future__ import annotations

import gzip
import threading
import time

import pytest

from common.adapters.cluster.connection import ConnectionPool, Limits
from common.core.access import ClusterAccess, Secret
from common.core.errors import ClusterError, ClusterUnreachable, InvalidInput, Unauthorized
from common.core.keys import ClusterId
from tests.unit.common.adapters.cluster.scripted_server import Request, answer, scripted


def _access(url: str, **more: object) -> ClusterAccess:
    return ClusterAccess(id=ClusterId(url), server=url, **more)  # type: ignore[arg-type]


def test_one_connection_serves_many_requests() -> None:
    """A connection is kept and used again."""
    with scripted(lambda r: answer(200, {"path": r.path})) as server:
        pool = ConnectionPool(_access(server.url))
        bodies = [pool.request("GET", f"/{n}").body for n in range(3)]
        pool.close()
    assert bodies == [b'{"path":"/0"}', b'{"path":"/1"}', b'{"path":"/2"}']
    assert server.connections == 1


def test_request_carries_path_prefix_token_and_body() -> None:
    """What is sent: the address's own path first, the bearer token, the body with its length and type."""
    with scripted(lambda _: answer(200, {})) as server:
        pool = ConnectionPool(_access(server.url + "/k8s/c-1/", bearer_token=Secret("t0k")))
        pool.request("PATCH", "/api", body=b"{}", content_type="application/merge-patch+json")
        pool.close()
    request = server.requests[0]
    assert (request.method, request.path, request.body) == ("PATCH", "/k8s/c-1/api", b"{}")
    assert request.headers["authorization"] == "Bearer t0k"
    assert request.headers["content-type"] == "application/merge-patch+json"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"


def test_basic_auth() -> None:
    """A user name and password are sent as basic authentication."""
    with scripted(lambda _: answer(200, {})) as server:
        pool = ConnectionPool(_access(server.url, username="u", password=Secret("p")))
        pool.request("GET", "/")
        pool.close()
    assert server.requests[0].headers["authorization"] == "Basic dTpw"


def test_connection_closed_while_idle_is_replaced_unseen() -> None:
    """A server that closed an idle connection costs nothing, not even to a POST."""
    with scripted(lambda _: answer(200, {})) as server:
        pool = ConnectionPool(_access(server.url))
        pool.request("GET", "/")
        server.drop_connections()
        time.sleep(0.15)
        assert pool.request("POST", "/", body=b"{}").status == 200
        pool.close()
    assert server.connections == 2


def _dies_on_reuse(request: Request) -> bytes | None:
    first = [r for r in server_requests if r.connection == request.connection]
    return answer(200, {}) if len(first) == 1 else None


server_requests: list[Request] = []


@pytest.mark.parametrize(("idempotent", "sent"), [(True, 3), (False, 2)])
def test_stale_connection_is_retried_once_for_idempotent_requests_only(idempotent: bool, sent: int) -> None:
    """A request that a reused connection swallowed is sent again only when doing it twice is harmless."""
    global server_requests
    with scripted(_dies_on_reuse) as server:
        server_requests = server.requests
        pool = ConnectionPool(_access(server.url))
        pool.request("GET", "/")
        if idempotent:
            assert pool.request("GET", "/", idempotent=True).status == 200
        else:
            with pytest.raises(ClusterUnreachable):
                pool.request("POST", "/", body=b"{}")
        pool.close()
        assert len(server.requests) == sent


def test_new_connection_that_dies_is_not_retried() -> None:
    """Only a kept-alive connection can be stale; a new one that ends without an answer is an error."""
    with scripted(lambda _: None) as server:
        pool = ConnectionPool(_access(server.url))
        with pytest.raises(ClusterUnreachable):
            pool.request("GET", "/", idempotent=True)
        assert len(server.requests) == 1


def test_slow_answer_times_out_and_its_connection_is_not_used_again() -> None:
    """A late answer must not be read as the next request's."""
    release = threading.Event()

    def slow(request: Request) -> bytes:
        if request.path == "/slow":
            release.wait(5)
        return answer(200, {"path": request.path})

    with scripted(slow) as server:
        pool = ConnectionPool(_access(server.url), Limits(read_seconds=0.1))
        with pytest.raises(ClusterUnreachable, match=r"no answer within 0\.1 s"):
            pool.request("GET", "/slow", idempotent=True)
        release.set()
        assert pool.request("GET", "/next").body == b'{"path":"/next"}'
        pool.close()


def test_answer_that_drips_is_bounded_as_a_whole() -> None:
    """The limit is for the whole answer, so that one byte now and then does not hold a worker."""
    with scripted(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx") as server:
        pool = ConnectionPool(_access(server.url), Limits(read_seconds=0.1))
        started = time.monotonic()
        with pytest.raises(ClusterUnreachable):
            pool.request("GET", "/")
        assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"
        + gzip.compress(b"x" * 90)[:20],
    ],
    ids=["no-http", "no-gzip", "short-gzip"],
)
def test_broken_answer_is_unreachable(raw: bytes) -> None:
    """What cannot be understood says nothing about what happened."""
    with scripted(lambda _: raw) as server:
        pool = ConnectionPool(_access(server.url))
        with pytest.raises(ClusterUnreachable):
            pool.request("GET", "/")
        pool.close()


def test_chunked_and_gzipped_answer() -> None:
    """Chunks are joined and unpacked."""
    data = gzip.compress(b'{"a": 1}')
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (data[:7], data[7:]))
    raw = (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunks
        + b"0\r\n\r\n"
    )
    with scripted(lambda _: raw) as server:
        pool = ConnectionPool(_access(server.url))
        assert [pool.request("GET", "/").body for _ in range(2)] == [b'{"a": 1}'] * 2
        pool.close()
    assert server.connections == 1


def test_gzip_is_not_asked_for_over_loopback() -> None:
    """Compression costs both sides CPU and buys nothing where there is no network."""
    assert not ConnectionPool(_access("https://127.0.0.1:6443")).compress
    assert ConnectionPool(_access("https://example.org")).compress
    assert not ConnectionPool(_access("https://example.org", disable_compression=True)).compress


@pytest.mark.parametrize("packed", [False, True])
def test_huge_body_is_refused(packed: bool) -> None:
    """Neither a long body nor one that unpacks to a long one is taken."""
    data = b"x" * 5000
    raw = (
        answer(200, headers="Content-Encoding: gzip\r\n", raw=gzip.compress(data))
        if packed
        else answer(200, raw=data)
    )
    with scripted(lambda _: raw) as server:
        pool = ConnectionPool(_access(server.url), Limits(body_bytes=1000))
        with pytest.raises(ClusterError, match="larger than 1000 bytes"):
            pool.request("GET", "/")
        pool.close()


def test_connections_are_bounded() -> None:
    """More threads than connections take turns."""
    gate = threading.Event()
    with scripted(lambda _: answer(200, {}) if gate.wait(5) else None) as server:
        pool = ConnectionPool(_access(server.url), Limits(connections=2))
        threads = [threading.Thread(target=pool.request, args=("GET", "/")) for _ in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        assert len(server.requests) == 2
        gate.set()
        for thread in threads:
            thread.join()
        pool.close()
    assert (len(server.requests), server.connections) == (6, 2)


def test_connection_close_is_obeyed() -> None:
    """A server that says close gets a new connection for the next request."""
    with scripted(lambda _: answer(200, {}, "Connection: close\r\n")) as server:
        pool = ConnectionPool(_access(server.url))
        pool.request("GET", "/")
        pool.request("GET", "/")
    assert server.connections == 2


def test_token_file_is_read_again_after_a_401(tmp_path) -> None:
    """A rotated service account token is taken up, and the request done again: refused is not done."""
    file = tmp_path / "token"
    file.write_text("old\n")

    def guard(request: Request) -> bytes:
        return answer(200 if request.headers["authorization"] == "Bearer new" else 401, {})

    with scripted(guard) as server:
        pool = ConnectionPool(_access(server.url, bearer_token_file=str(file)))
        assert pool.request("GET", "/").status == 401
        file.write_text("new\n")
        assert pool.request("POST", "/", body=b"{}").status == 200
        pool.close()


def test_missing_token_file_names_it(tmp_path) -> None:
    """No credential is an error before any request."""
    pool = ConnectionPool(_access("http://127.0.0.1:1", bearer_token_file=str(tmp_path / "none")))
    with pytest.raises(Unauthorized, match="none"):
        pool.request("GET", "/")


def test_nobody_listens() -> None:
    """A refused connection is an unreachable cluster, named."""
    with scripted(lambda _: None) as server:
        url = server.url
    with pytest.raises(ClusterUnreachable, match=url):
        ConnectionPool(_access(url)).request("GET", "/")


def test_http_proxy_is_asked_to_connect() -> None:
    """proxyUrl: a CONNECT with its credentials, then the request through the tunnel."""
    replies = {"CONNECT": b"HTTP/1.1 200 OK\r\n\r\n"}
    with scripted(lambda r: replies.get(r.method, answer(200, {"via": "proxy"}))) as proxy:
        proxy_url = f"http://u:p@127.0.0.1:{proxy.port}"
        pool = ConnectionPool(_access("http://api.invalid:6443", proxy_url=proxy_url))
        assert pool.request("GET", "/x").body == b'{"via":"proxy"}'
        pool.close()
    assert proxy.requests[0].path == "api.invalid:6443"
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic dTpw"


def test_proxy_that_refuses_is_unreachable() -> None:
    """The proxy's refusal is not the API server's."""
    with scripted(
        lambda _: b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    ) as proxy:
        pool = ConnectionPool(_access("http://api.invalid", proxy_url=f"http://127.0.0.1:{proxy.port}"))
        with pytest.raises(ClusterUnreachable, match="407"):
            pool.request("GET", "/")


@pytest.mark.parametrize(("field", "value"), [("server", "not-an-address"), ("proxy_url", "socks5://h:1")])
def test_bad_addresses_are_named(field: str, value: str) -> None:
    """An address that can never work is bad input, not an outage."""
    values = {"id": ClusterId("c"), "server": "https://h"} | {field: value}
    with pytest.raises(InvalidInput, match="found"):
        ConnectionPool(ClusterAccess(**values))  # type: ignore[arg-type]
