"""`moor app sync`."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from cli.app_names import AppName, chosen, several
from cli.app_report import print_operation, print_resources
from cli.go_flags import GoCommand
from cli.managed import ResourceName, labelled, resource_name
from cli.printing import at_path, output_option, print_value
from cli.rest import Api, connected
from cli.waiting import finished


class SyncFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What the command was asked for."""

    revision: str = ""
    prune: bool = False
    dry_run: bool = False
    force: bool = False
    strategy: str = "hook"
    apply_out_of_sync_only: bool = False
    replace: bool = False
    server_side: bool = False
    retry_limit: int = 0
    info: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """The sync options that flags stand for."""
        flags = {
            "ApplyOutOfSyncOnly=true": self.apply_out_of_sync_only,
            "Replace=true": self.replace,
            "ServerSideApply=true": self.server_side,
        }
        return [name for name, wanted in flags.items() if wanted]


@click.command(cls=GoCommand)
@several
@click.option("--revision", default="", help="Sync to this commit, branch or tag.")
@click.option("--prune", is_flag=True, help="Delete objects that are no longer desired.")
@click.option("--dry-run", is_flag=True, help="Ask the cluster, and change nothing.")
@click.option(
    "--resource",
    "resources",
    multiple=True,
    metavar="GROUP:KIND:[NAMESPACE/]NAME",
    help="Only these objects.",
)
@click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="Only objects with this label.")
@click.option("--force", is_flag=True, help="Delete and create what cannot be changed.")
@click.option("--strategy", type=click.Choice(["hook", "apply"]), default="hook", show_default=True)
@click.option("--apply-out-of-sync-only", is_flag=True, help="Leave objects alone that are in sync.")
@click.option("--replace", is_flag=True, help="Replace objects instead of applying them.")
@click.option("--server-side", is_flag=True, help="Apply on the server's side.")
@click.option("--retry-limit", type=int, default=0, help="Try so often again; -1: without end.")
@click.option("--info", multiple=True, metavar="KEY=VALUE", help="Keep this with the operation.")
@click.option("--async", "asynchronous", is_flag=True, help="Do not wait for the end.")
@click.option("--timeout", type=click.FloatRange(0), default=0, metavar="SECONDS", help="0: without end.")
@output_option("wide", "none", "json", "yaml")
@connected
def sync(
    api: Api,
    /,
    names: tuple[str, ...],
    selector: str,
    app_namespace: str,
    resources: tuple[str, ...],
    labels: tuple[str, ...],
    asynchronous: bool,
    timeout: float,
    output: str,
    **flags: Any,
) -> None:
    """Make live equal to what the repository says, and wait until that is done.

    Exits with 1 when the sync fails, does not end within the timeout, or leaves objects that need --prune.
    """
    wanted = SyncFlags(**flags)
    named = [resource_name(text) for text in resources]
    which = chosen(api, names, selector, app_namespace)
    for name in which:
        app = name.fetch(api)
        only = list(named)
        if labels:
            only += labelled(api, name, labels, revision=wanted.revision)
        api.post(f"{name.path}/sync", body_of(app, wanted, only), appNamespace=name.namespace)
    if asynchronous:
        return
    for name in which:
        _conclude(api, name, timeout, output, partial=bool(named or labels), wanted=wanted)


def body_of(app: dict[str, Any], wanted: SyncFlags, only: list[ResourceName]) -> dict[str, Any]:
    """The request. Options of the application's policy stay where a flag adds one."""
    body: dict[str, Any] = {
        "revision": wanted.revision,
        "prune": wanted.prune,
        "dryRun": wanted.dry_run,
        "strategy": {wanted.strategy: {"force": True} if wanted.force else {}},
        "resources": [msgspec.to_builtins(one) for one in only],
    }
    if added := wanted.options():
        names = {option.partition("=")[0] for option in added}
        had = at_path(app, "spec", "syncPolicy", "syncOptions", default=[])
        kept = [option for option in had if option.partition("=")[0] not in names]
        body["syncOptions"] = {"items": [*kept, *added]}
    if wanted.retry_limit:
        body["retryStrategy"] = {"limit": wanted.retry_limit}
    if wanted.info:
        pairs = (text.partition("=") for text in wanted.info)
        body["infos"] = [{"name": name, "value": value} for name, _, value in pairs]
    return body


def _conclude(
    api: Api, name: AppName, timeout: float, output: str, *, partial: bool, wanted: SyncFlags
) -> None:
    app = finished(api, name, timeout_seconds=timeout)
    if output in ("json", "yaml"):
        print_value(app, output)
    elif output == "wide":
        print_operation(app)
        click.echo()
        print_resources(app)
    left = [one for one in at_path(app, "status", "resources", default=[]) if one.get("requiresPruning")]
    if left and not (wanted.dry_run or wanted.prune or partial):
        raise click.ClickException(f"{name}: {len(left)} objects are no longer desired; sync with --prune")
