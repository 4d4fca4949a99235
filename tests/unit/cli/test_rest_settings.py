"""Which server is meant."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import click
import orjson
import pytest

from cli.rest_settings import NoServer, Target, running_up, save, saved, server_address, target

HERE = {"url": "http://127.0.0.1:1", "token": "up", "username": "admin", "password": "secret"}


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """With a saved login, and a `moor up` that runs."""
    save(
        tmp_path / "moorings" / "config.yaml",
        {"current": "https://saved.test", "servers": {"https://saved.test": {"token": "kept"}}},
    )
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "up.json").write_bytes(orjson.dumps({**HERE, "pid": os.getpid()}))
    return tmp_path


def meant(places: Path, server: str = "", *, explicit: bool = False, **environ: str) -> Target:
    """The target with this environment."""
    return target(
        server=server,
        token="",
        insecure=False,
        data_dir=places / "up",
        explicit_data_dir=explicit,
        environ={"XDG_CONFIG_HOME": str(places), **environ},
    )


def test_the_order_is_option_environment_login_and_a_running_up(places: Path) -> None:
    """A data directory that was named comes before the login."""
    assert meant(places, "other.test").server == "https://other.test"
    assert meant(places, MOORINGS_SERVER="http://env.test").server == "http://env.test"
    assert meant(places) == Target(server="https://saved.test", token="kept")
    assert meant(places, explicit=True).token == "up"
    (places / "moorings" / "config.yaml").unlink()
    assert meant(places).server == HERE["url"]
    assert meant(places, "http://127.0.0.1:1").token == "up"


def test_a_token_of_the_environment_wins(places: Path) -> None:
    """On a server that a login was kept for, too."""
    assert meant(places, MOORINGS_TOKEN="given") == Target(server="https://saved.test", token="given")
    assert meant(places, "https://saved.test").token == "kept"
    assert meant(places, "https://other.test").token == ""


def test_an_up_that_ended_is_none(places: Path) -> None:
    """Its file is left where it was killed."""
    file = places / "up" / "up.json"
    file.write_bytes(orjson.dumps({**HERE, "pid": 2**22 + 1}))
    assert running_up(places / "up") is None
    file.write_text("[]")
    assert running_up(places / "up") is None
    (places / "moorings" / "config.yaml").unlink()
    with pytest.raises(NoServer):
        meant(places)


def test_logins_are_for_their_owner_only(places: Path) -> None:
    """The file is written in one step, and nothing is left beside it."""
    file = places / "moorings" / "config.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("text", ["- a", "servers: 1", "a: ["])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    """By its name."""
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(click.ClickException, match=r"config\.yaml"):
        saved(file)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a.test", "https://a.test"),
        ("a.test:8443/", "https://a.test:8443"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("localhost", "http://localhost"),
        ("http://a.test", "http://a.test"),
    ],
)
def test_an_address_without_a_scheme_is_https_but_here(text: str, address: str) -> None:
    """Nobody listens between a machine and itself."""
    assert server_address(text) == address


def test_what_is_no_address_is_refused() -> None:
    """Before anything is asked."""
    assert server_address("a.test", plaintext=True) == "http://a.test"
    with pytest.raises(click.BadParameter):
        server_address("ftp://a.test")
