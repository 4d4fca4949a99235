"""`python -m sandbox`: clusters as a process of their own. One line on stdout when they are ready."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import click
import orjson
import uvloop

from sandbox.listener import PortInUse
from sandbox.run import SandboxCluster, cluster_names, write_kubeconfig


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--clusters", default=1, show_default=True, type=click.IntRange(1, 64), help="How many.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port-base", default=0, help="The first cluster's port; the others follow. 0: any free ports."
)
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Keep the objects here; without it, in memory."
)
@click.option(
    "--kubeconfig-dir", type=click.Path(path_type=Path), help="Write NAME.yaml for each, and all.yaml."
)
@click.option(
    "--ready-after", default=0.3, show_default=True, help="Seconds that a pod takes to become ready."
)
@click.option("--plain-http", is_flag=True, help="Without TLS (kubectl sends no token then).")
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
def main(
    clusters: int,
    host: str,
    port_base: int,
    data_dir: Path | None,
    kubeconfig_dir: Path | None,
    ready_after: float,
    plain_http: bool,
    output: str,
) -> None:
    """Run Kubernetes APIs in memory, for trying things out and for tests."""
    fleet = [
        SandboxCluster(
            name,
            host=host,
            port=port_base + place if port_base else 0,
            data_dir=data_dir,
            tls=not plain_http,
            ready_after_seconds=ready_after,
        )
        for place, name in enumerate(cluster_names(clusters))
    ]
    try:
        uvloop.run(_serve(fleet, kubeconfig_dir, output))
    except PortInUse as error:
        click.echo(f"sandbox: {error.strerror}", err=True)
        sys.exit(1)


async def _serve(fleet: list[SandboxCluster], folder: Path | None, output: str) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    started: list[SandboxCluster] = []
    try:
        for cluster in fleet:
            await cluster.start()
            started.append(cluster)
        described = [_described(cluster, folder) for cluster in fleet]
        if folder is not None:
            write_kubeconfig(folder / "all.yaml", fleet)
        if output == "json":
            click.echo(orjson.dumps({"clusters": described}).decode())
        else:
            for each in described:
                click.echo(f"{each['name']}: {each['server']}")
        sys.stdout.flush()
        await ended.wait()
    finally:
        for cluster in started:
            await cluster.stop()


def _described(cluster: SandboxCluster, folder: Path | None) -> dict[str, str]:
    found = {
        "name": cluster.name,
        "server": cluster.server,
        "token": cluster.token,
        "ca_data": cluster.ca_data,
    }
    if folder is not None:
        found["kubeconfig"] = str(write_kubeconfig(folder / f"{cluster.name}.yaml", [cluster]))
    return found


if __name__ == "__main__":
    main()
