"""What is synced: applications of four small objects, plain YAML, one directory each, in one repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pygit2
import yaml

from common.core.keys import IN_CLUSTER

Object = dict[str, Any]

HOME_NAMESPACE = "argocd"
NAMESPACES = 10
"""Made beforehand, for Moorings and for the floor alike."""


def app_name(number: int) -> str:
    """`app-0007`."""
    return f"app-{number:04}"


def namespace_of(number: int) -> str:
    """Applications are spread over a few namespaces, as teams do."""
    return f"team-{number % NAMESPACES}"


def namespaces() -> list[Object]:
    """The namespaces of all applications."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace_of(number)}}
        for number in range(NAMESPACES)
    ]


def objects(number: int, *, colour: str = "blue") -> list[Object]:
    """A ConfigMap, a ServiceAccount, a Service and a Role."""
    name = app_name(number)
    meta = {"name": name, "labels": {"app.kubernetes.io/name": name}}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"colour": colour, "level": "7"}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {
                "selector": {"app.kubernetes.io/name": name},
                "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
            },
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": meta,
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}],
        },
    ]


def application(number: int, repository_url: str) -> Object:
    """Automated, pruned and self-healed."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": app_name(number), "namespace": HOME_NAMESPACE},
        "spec": {
            "project": "default",
            "source": {
                "repoURL": repository_url,
                "targetRevision": "main",
                "path": f"apps/{app_name(number)}",
            },
            "destination": {"server": IN_CLUSTER, "namespace": namespace_of(number)},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    }


class Monorepo:
    """A bare repository that a Git host serves."""

    def __init__(self, path: Path, applications: int) -> None:
        self.path = path
        self._repository = pygit2.init_repository(str(path), bare=True, initial_head="main")
        self._repository.config["http.receivepack"] = "true"
        apps = self._repository.TreeBuilder()
        for number in range(applications):
            apps.insert(app_name(number), self._folder(objects(number)), pygit2.enums.FileMode.TREE)
        self._commit(apps.write(), "Add the applications", [])

    def change(self, number: int, *, colour: str) -> str:
        """Commit another value to one application's ConfigMap; the new revision."""
        head = self._repository.revparse_single("refs/heads/main")
        before = self._repository[head.tree["apps"].id]
        apps = self._repository.TreeBuilder(before.id)
        folder = self._folder(objects(number, colour=colour))
        apps.insert(app_name(number), folder, pygit2.enums.FileMode.TREE)
        return self._commit(apps.write(), f"Change {app_name(number)}", [head.id])

    def _folder(self, wanted: list[Object]) -> pygit2.Oid:
        builder = self._repository.TreeBuilder()
        for obj in wanted:
            text = yaml.safe_dump(obj, sort_keys=False).encode()
            name = f"{obj['kind'].lower()}.yaml"
            builder.insert(name, self._repository.create_blob(text), pygit2.enums.FileMode.BLOB)
        return builder.write()

    def _commit(self, apps: pygit2.Oid, message: str, parents: list[pygit2.Oid]) -> str:
        root = self._repository.TreeBuilder()
        root.insert("apps", apps, pygit2.enums.FileMode.TREE)
        who = pygit2.Signature("Benchmark", "benchmark@moorings.invalid")
        made = self._repository.create_commit("refs/heads/main", who, who, message, root.write(), parents)
        return str(made)
