"""Requests, and errors of one line."""

from __future__ import annotations

import httpx
import pytest

from tests.unit.cli.server_double import Server, refusal

APP = "/api/v1/applications/shop"


def test_a_token_goes_with_each_request() -> None:
    """As a bearer token."""
    server = Server({"GET /api/v1/projects": {"items": []}})
    assert server.run("proj", "list").exit_code == 0
    assert server.asked[0].headers["authorization"] == "Bearer token"


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (refusal(404, "no such\n  application"), "Error: no such application"),
        (refusal(401, "expired"), "Error: expired: log in with `moor login`"),
        (refusal(503, "away"), "Error: away (HTTP 503)"),
        (
            httpx.Response(502, text="<html>"),
            "answered GET /api/v1/applications/shop with no JSON object (HTTP 502)",
        ),
        (httpx.Response(200, text="[]"), "answered GET /api/v1/applications/shop with no JSON object"),
        (httpx.ConnectError("refused"), "Error: cannot reach http://moorings.test: refused"),
        (httpx.ReadTimeout("late"), "Error: http://moorings.test did not answer within 90 s"),
    ],
)
def test_an_error_is_one_line_and_exit_code_1(answer: object, line: str) -> None:
    """Whatever went wrong; nothing is on stdout."""
    ended = Server({f"GET {APP}": answer}).run("app", "get", "shop")
    assert ended.exit_code == 1
    assert line in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stdout == ""


def test_names_are_quoted_in_paths() -> None:
    """A name cannot lead to another path."""
    server = Server({})
    server.run("cluster", "rm", "https://a.test/x", "--yes")
    assert server.asked[0].url.raw_path == b"/api/v1/clusters/https%3A%2F%2Fa.test%2Fx"


def test_no_server_is_said_so() -> None:
    """With what to do."""
    ended = Server({}).run("app", "list", environ={"MOORINGS_SERVER": ""})
    assert ended.exit_code == 1
    assert "no server is known: log in with `moor login SERVER`" in ended.stderr
