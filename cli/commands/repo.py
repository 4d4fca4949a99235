"""`moor repo`."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from cli.go_flags import GoCommand
from cli.printing import output_option, print_table, print_value
from cli.rest import Api, connected

REPOSITORIES = "/api/v1/repositories"
_KEY_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def repo() -> None:
    """Repositories, and the credentials for them."""


@repo.command("list")
@output_option("wide", "url", "name", "json", "yaml")
@connected
def list_repositories(api: Api, output: str) -> None:
    """List declared repositories; credentials are never shown."""
    found = api.get(REPOSITORIES).get("items") or []
    if output in ("json", "yaml"):
        print_value(found, output)
    elif output in ("url", "name"):
        for one in found:
            click.echo(one["repo"] if output == "url" else one.get("name") or one["repo"])
    else:
        print_table(
            ("TYPE", "NAME", "REPO", "INSECURE", "OCI", "LFS", "USER", "STATUS", "MESSAGE", "PROJECT"),
            (_row(one) for one in found),
        )


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    state = one.get("connectionState") or {}
    switches = (str(bool(one.get(name))).lower() for name in ("insecure", "enableOCI", "enableLfs"))
    return (
        *(one.get("type"), one.get("name"), one["repo"], *switches, one.get("username")),
        *(state.get("status"), state.get("message"), one.get("project")),
    )


@repo.command("add", cls=GoCommand)
@click.argument("url", metavar="URL")
@click.option("--type", "kind", type=click.Choice(["git", "helm", "oci"]), default="git", show_default=True)
@click.option("--name", default="", help="What it is called; for Helm repositories.")
@click.option("--project", default="", help="Only for applications of this project.")
@click.option("--username", default="", help="For https.")
@click.option("--password", default="", envvar="MOORINGS_REPO_PASSWORD", help="Or $MOORINGS_REPO_PASSWORD.")
@click.option("--bearer-token", default="", help="Instead of a name and a password.")
@click.option("--ssh-private-key-path", type=_KEY_FILE, metavar="FILE", help="For ssh.")
@click.option("--tls-client-cert-path", type=_KEY_FILE, metavar="FILE", help="With its key, for https.")
@click.option("--tls-client-cert-key-path", type=_KEY_FILE, metavar="FILE")
@click.option("--insecure-skip-server-verification", is_flag=True, help="Trust any server.")
@click.option("--insecure-ignore-host-key", is_flag=True, help="Trust any ssh host key.")
@click.option("--enable-lfs", is_flag=True, help="Fetch large files.")
@click.option("--enable-oci", is_flag=True, help="Helm charts in an OCI registry.")
@click.option("--force-http-basic-auth", is_flag=True, help="Send credentials without being asked.")
@click.option("--proxy", default="", metavar="URL")
@click.option("--upsert", is_flag=True, help="Change the one that is there.")
@connected
def add_repository(
    api: Api,
    /,
    url: str,
    kind: str,
    upsert: bool,
    ssh_private_key_path: Path | None,
    tls_client_cert_path: Path | None,
    tls_client_cert_key_path: Path | None,
    **given: Any,
) -> None:
    """Declare a repository, once it has answered."""
    body = {
        "repo": url,
        "type": kind,
        "name": given["name"],
        "project": given["project"],
        "username": given["username"],
        "password": given["password"],
        "bearerToken": given["bearer_token"],
        "sshPrivateKey": _text(ssh_private_key_path),
        "tlsClientCertData": _text(tls_client_cert_path),
        "tlsClientCertKey": _text(tls_client_cert_key_path),
        "insecure": given["insecure_skip_server_verification"],
        "insecureIgnoreHostKey": given["insecure_ignore_host_key"],
        "enableLfs": given["enable_lfs"],
        "enableOCI": given["enable_oci"],
        "forceHttpBasicAuth": given["force_http_basic_auth"],
        "proxy": given["proxy"],
    }
    answer = api.post(REPOSITORIES, {name: value for name, value in body.items() if value}, upsert=upsert)
    click.echo(f"repository {answer['repo']} is declared")


def _text(file: Path | None) -> str:
    try:
        return file.read_text() if file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}: {error}") from error


@repo.command("rm", cls=GoCommand)
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option("--project", default="", help="The one of this project.")
@connected
def remove_repository(api: Api, urls: tuple[str, ...], project: str) -> None:
    """Forget repositories, and the credentials for them."""
    for url in urls:
        api.delete(f"{REPOSITORIES}/{quote(url, safe='')}", appProject=project)
        click.echo(f"repository {url} is forgotten")
