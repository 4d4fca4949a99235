"""`moor login` and `moor logout`."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.unit.cli.server_double import ADDRESS, Server, refusal

SESSION = "/api/v1/session"


def test_a_login_is_kept_and_used(tmp_path: Path) -> None:
    """Without the environment, the next command goes there with its token; logging out forgets it."""
    server = Server({f"POST {SESSION}": {"token": "t1"}, f"DELETE {SESSION}": {}, "GET /api/v1/projects": {}})
    here = {"XDG_CONFIG_HOME": str(tmp_path), "MOORINGS_SERVER": "", "MOORINGS_TOKEN": ""}
    ended = server.run("login", ADDRESS, "--username", "ada", environ=here, given="secret\n")
    assert ended.exit_code == 0, ended.output
    assert server.body() == {"username": "ada", "password": "secret"}
    assert server.run("proj", "list", environ=here).exit_code == 0
    assert server.asked[-1].headers["authorization"] == "Bearer t1"
    assert server.run("logout", environ=here).exit_code == 0
    assert server.asked[-1].method == "DELETE"
    config = yaml.safe_load((tmp_path / "moorings/config.yaml").read_text())
    assert config == {"current": "", "servers": {}}
    assert server.run("logout", environ=here).exit_code == 1


def test_a_refused_login_says_who_and_where(tmp_path: Path) -> None:
    """Nothing is kept."""
    server = Server({f"POST {SESSION}": refusal(401, "Invalid username or password")})
    ended = server.run("login", ADDRESS, "--password", "x", environ={"XDG_CONFIG_HOME": str(tmp_path)})
    assert ended.exit_code == 1
    assert f"{ADDRESS} refuses the login of admin: Invalid username or password" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_token_is_tried_before_it_is_kept(tmp_path: Path) -> None:
    """Its owner's name is the server's to say."""
    server = Server({f"GET {SESSION}/userinfo": {"username": "robot"}})
    ended = server.run("login", ADDRESS, "--auth-token", "t2", environ={"XDG_CONFIG_HOME": str(tmp_path)})
    assert ended.stdout == f"robot is logged in to {ADDRESS}\n"


def test_without_a_server_one_must_run_here() -> None:
    """And none does."""
    ended = Server({}).run("login")
    assert ended.exit_code == 1
    assert "no `moor up` runs on this machine" in ended.stderr
