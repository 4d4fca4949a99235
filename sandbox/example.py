"""The example of `moor up`: a working copy with three applications' sources, and the Applications on it."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pygit2

Object = dict[str, Any]

BRANCH = "main"
AUTHOR = ("Moorings", "example@moorings.invalid")
_CONTENT = Path(__file__).parent / "example_repository"


class ExampleError(Exception):
    """The example cannot be made; the message says what is in the way."""


class ExampleApplication(msgspec.Struct, frozen=True, kw_only=True):
    """One Application of the example."""

    name: str
    path: str
    cluster: int
    """Index into the clusters; taken modulo their number."""
    helm_values: str = ""


EXAMPLE_APPLICATIONS = (
    ExampleApplication(name="guestbook", path="apps/guestbook", cluster=0),
    ExampleApplication(name="podinfo-staging", path="apps/podinfo-kustomize/overlays/staging", cluster=0),
    ExampleApplication(
        name="podinfo-production", path="apps/podinfo-kustomize/overlays/production", cluster=1
    ),
    ExampleApplication(name="web", path="apps/web-helm", cluster=1, helm_values="replicas: 3\n"),
)


def create_example(path: Path) -> bool:
    """Make the working copy with one commit on `main`, unless there is one; whether it was made.

    It is built beside its place and renamed, so that a start that is killed leaves nothing half made.

    Raises:
        ExampleError: the place holds something else.
    """
    if (path / ".git").is_dir():
        return False
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ExampleError(
            f"{path} is not empty and no Git repository: move it away or choose another --data-dir"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        shutil.copytree(_CONTENT, fresh)
        _commit(fresh)
        if path.exists():
            path.rmdir()
        fresh.rename(path)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return True


def _commit(folder: Path) -> None:
    repository = pygit2.init_repository(str(folder), initial_head=BRANCH)
    repository.index.add_all()
    repository.index.write()
    who = pygit2.Signature(*AUTHOR)
    tree = repository.index.write_tree()
    repository.create_commit(f"refs/heads/{BRANCH}", who, who, "Add the example applications\n", tree, [])
    if not _has_identity(folder):  # so that the first commit of a newcomer works
        repository.config["user.name"] = "You"
        repository.config["user.email"] = "you@example.invalid"
    repository.free()


def _has_identity(folder: Path) -> bool:
    git = shutil.which("git")
    if git is None:
        return False
    asked = subprocess.run([git, "config", "user.email"], cwd=folder, capture_output=True, check=False)
    return asked.returncode == 0


def example_applications(
    repository_url: str, *, namespace: str, clusters: Sequence[str] = ("cluster-1", "cluster-2")
) -> list[Object]:
    """The Applications as objects: synced automatically, pruned and self-healed, spread over the clusters (by
    the names of their Secrets).
    """
    return [
        _application(app, repository_url, namespace, clusters[app.cluster % len(clusters)])
        for app in EXAMPLE_APPLICATIONS
    ]


def _application(app: ExampleApplication, repository_url: str, namespace: str, cluster: str) -> Object:
    source: Object = {"repoURL": repository_url, "targetRevision": BRANCH, "path": app.path}
    if app.helm_values:
        source["helm"] = {"values": app.helm_values}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": app.name,
            "namespace": namespace,
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "project": "default",
            "source": source,
            "destination": {"name": cluster, "namespace": app.name},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["CreateNamespace=true"],
            },
        },
    }
