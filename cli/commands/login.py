"""`moor login` and `moor logout`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.commands.tools import data_dir_option
from cli.go_flags import GoCommand
from cli.rest import Api, RestError
from cli.rest_settings import NoServer, Target, config_file, running_up, save, saved, server_address


@click.command(cls=GoCommand)
@click.argument("server", default="", metavar="[SERVER]")
@click.option("--username", default="admin", show_default=True)
@click.option(
    "--password", envvar="MOORINGS_PASSWORD", help="Asked for when left out; or $MOORINGS_PASSWORD."
)
@click.option("--auth-token", default="", metavar="TOKEN", help="Remember this token instead of logging in.")
@click.option("--plaintext", is_flag=True, help="Use http where SERVER names no scheme.")
@click.option("--insecure", is_flag=True, help="Do not verify the server's certificate.")
@data_dir_option
@click.pass_context
def login(
    context: click.Context,
    server: str,
    username: str,
    password: str | None,
    auth_token: str,
    plaintext: bool,
    insecure: bool,
    data_dir: Path,
) -> None:
    """Log in to SERVER, and remember it for the other commands.

    SERVER is an address such as https://moorings.example.com; without a scheme https is meant, but http on
    this machine. Without SERVER: the `moor up` that runs on this machine.
    """
    here = running_up(data_dir)
    if not server and here is None:
        raise NoServer("no `moor up` runs on this machine: name a SERVER")
    address = server_address(server, plaintext=plaintext) if server else (here.server if here else "")
    where = Target(server=address, insecure=insecure, token=auth_token)
    if not auth_token:
        if password is None and here is not None and here.server == address and username == here.username:
            password = here.password
        password = password or click.prompt(f"{username}'s password", hide_input=True, err=True)
    with Api(where, transport=context.obj) as api:
        if auth_token:
            username = str(api.get("/api/v1/session/userinfo").get("username") or username)
        else:
            auth_token = _token(api, username, str(password))
    file = config_file()
    config = saved(file)
    entry: dict[str, Any] = {"token": auth_token, "username": username}
    if insecure:
        entry["insecure"] = True
    _write(file, {"current": address, "servers": {**config["servers"], address: entry}})
    click.echo(f"{username} is logged in to {address}")


def _token(api: Api, username: str, password: str) -> str:
    try:
        answer = api.post("/api/v1/session", {"username": username, "password": password})
    except RestError as error:
        if error.status != 401:
            raise
        said = error.message.partition(": log in with")[0]
        raise RestError(f"{api.target.server} refuses the login of {username}: {said}", status=401) from error
    return str(answer["token"])


def _write(file: Path, config: dict[str, Any]) -> None:
    try:
        save(file, config)
    except OSError as error:
        raise click.ClickException(f"the login cannot be kept: {error}") from error


@click.command()
@click.argument("server", default="", metavar="[SERVER]")
@click.pass_context
def logout(context: click.Context, server: str) -> None:
    """Log out of SERVER (the current one when left out): its token is refused from then on, and forgotten."""
    file = config_file()
    config = saved(file)
    address = server_address(server) if server else str(config.get("current") or "")
    entry = config["servers"].pop(address, None)
    if entry is None:
        raise NoServer(f"no login to {address} is kept" if address else "no login is kept")
    where = Target(server=address, token=str(entry["token"]), insecure=bool(entry.get("insecure")))
    current = "" if config.get("current") == address else config.get("current")
    _write(file, {**config, "current": current})
    try:
        with Api(where, transport=context.obj) as api:
            api.delete("/api/v1/session")
    except RestError as error:
        click.echo(
            f"warning: the login is forgotten here, but the server was not told: {error.message}", err=True
        )
    click.echo(f"logged out of {address}")
