"""Write the CustomResourceDefinitions: `python -m common.crds.generate [--check]`.

The schemas of Application and AppProject come from the typed models. Of an ApplicationSet the outer fields
are here; generators and templates, which nest without end, keep whatever is in them.
"""

from __future__ import annotations

import argparse
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from common.core.model.operation import Operation
from common.core.model.project import AppProjectSpec, AppProjectStatus
from common.core.model.spec import ApplicationSpec
from common.core.model.status import ApplicationStatus, ResourceStatus
from common.crds.structural import Schema, schema_of

GROUP = "argoproj.io"
VERSION = "v1alpha1"

_ANY: Schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_TRUTH: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "string", "format": "date-time"}


def application() -> dict[str, Any]:
    """Application: no status subresource, so that whoever may write it writes its status too."""
    spec = schema_of(ApplicationSpec)
    spec["required"] = ["destination", "project"]
    columns = [
        _column("Sync Status", ".status.sync.status"),
        _column("Health Status", ".status.health.status"),
        _column("Revision", ".status.sync.revision", priority=10),
        _column("Project", ".spec.project", priority=10),
    ]
    return _definition(
        "Application",
        ("app", "apps"),
        _root(
            "What to run, where, and from which source.",
            {"spec": spec, "operation": schema_of(Operation), "status": schema_of(ApplicationStatus)},
        ),
        columns=columns,
    )


def appproject() -> dict[str, Any]:
    """AppProject."""
    return _definition(
        "AppProject",
        ("appproj", "appprojs"),
        _root(
            "What the Applications that belong to it may use.",
            {"spec": schema_of(AppProjectSpec), "status": schema_of(AppProjectStatus)},
        ),
    )


def applicationset() -> dict[str, Any]:
    """ApplicationSet, with a status subresource."""
    return _definition(
        "ApplicationSet",
        ("appset", "appsets"),
        _root("Applications made from a template.", {"spec": _set_spec(), "status": _set_status()}),
        subresources={"status": {}},
    )


def _column(name: str, path: str, *, priority: int = 0) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, "type": "string", "jsonPath": path}
    return made | ({"priority": priority} if priority else {})


def _root(description: str, properties: dict[str, Schema]) -> Schema:
    return {
        "description": description,
        "type": "object",
        "required": ["metadata", "spec"],
        "properties": {"apiVersion": _TEXT, "kind": _TEXT, "metadata": {"type": "object"}, **properties},
    }


def _definition(
    kind: str,
    short_names: tuple[str, ...],
    schema: Schema,
    *,
    columns: list[dict[str, Any]] | None = None,
    subresources: dict[str, Any] | None = None,
) -> dict[str, Any]:
    singular = kind.lower()
    version: dict[str, Any] = {"name": VERSION, "served": True, "storage": True}
    if columns:
        version["additionalPrinterColumns"] = columns
    if subresources:
        version["subresources"] = subresources
    version["schema"] = {"openAPIV3Schema": schema}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{singular}s.{GROUP}",
            "labels": {
                "app.kubernetes.io/name": f"{singular}s.{GROUP}",
                "app.kubernetes.io/part-of": "argocd",
            },
        },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": f"{singular}s",
                "singular": singular,
                "shortNames": list(short_names),
            },
            "versions": [version],
        },
    }


def _set_spec() -> Schema:
    rolling: Schema = {"type": "object", "properties": {"steps": {"type": "array", "items": _ANY}}}
    strategy = {"type": _TEXT, "deletionOrder": _TEXT, "rollingSync": rolling}
    policy = {"preserveResourcesOnDeletion": _TRUTH, "applicationsSync": _policy_values()}
    ignored: Schema = {
        "type": "object",
        "properties": {"name": _TEXT, "jsonPointers": _TEXTS, "jqPathExpressions": _TEXTS},
    }
    return {
        "type": "object",
        "required": ["generators", "template"],
        "properties": {
            "goTemplate": _TRUTH,
            "goTemplateOptions": _TEXTS,
            "generators": {"type": "array", "items": _ANY},
            "template": {
                "type": "object",
                "required": ["metadata", "spec"],
                "properties": {"metadata": _ANY, "spec": _ANY},
            },
            "templatePatch": _TEXT,
            "syncPolicy": {"type": "object", "properties": policy},
            "strategy": {"type": "object", "properties": strategy},
            "preservedFields": {"type": "object", "properties": {"annotations": _TEXTS, "labels": _TEXTS}},
            "applyNestedSelectors": _TRUTH,
            "ignoreApplicationDifferences": {"type": "array", "items": ignored},
        },
    }


def _policy_values() -> Schema:
    return {"type": "string", "enum": ["create-only", "create-update", "create-delete", "sync"]}


def _set_status() -> Schema:
    condition: Schema = {
        "type": "object",
        "required": ["message", "reason", "status", "type"],
        "properties": {
            "type": _TEXT,
            "status": _TEXT,
            "reason": _TEXT,
            "message": _TEXT,
            "lastTransitionTime": _TIME,
        },
    }
    member: Schema = {
        "type": "object",
        "required": ["application", "message", "status", "step", "targetRevisions"],
        "properties": {
            "application": _TEXT,
            "lastTransitionTime": _TIME,
            "message": _TEXT,
            "status": _TEXT,
            "step": _TEXT,
            "targetRevisions": _TEXTS,
        },
    }
    health = {"status": _TEXT, "lastTransitionTime": _TIME, "message": _TEXT}
    return {
        "type": "object",
        "properties": {
            "conditions": {"type": "array", "items": condition},
            "applicationStatus": {"type": "array", "items": member},
            "resources": {"type": "array", "items": schema_of(ResourceStatus)},
            "resourcesCount": {"type": "integer", "format": "int64"},
            "health": {"type": "object", "properties": health},
        },
    }


class _Dumper(yaml.SafeDumper):
    """Without anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        """Never refer back."""
        return True


def text_of(document: dict[str, Any]) -> str:
    """The file's text."""
    head = "# Written by `python -m common.crds.generate`; do not edit.\n"
    return head + str(yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=100))


def documents() -> dict[str, str]:
    """What each file should hold, by name."""
    made = {"application": application(), "appproject": appproject(), "applicationset": applicationset()}
    return {name: text_of(document) for name, document in made.items()}


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or with `--check` say which are not current (exit code 1)."""
    parser = argparse.ArgumentParser(prog="python -m common.crds.generate")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is not current")
    check = parser.parse_args(arguments).check
    folder = Path(str(files("common.crds")))
    stale = []
    for name, text in documents().items():
        path = folder / f"{name}.yaml"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if not check:
            path.write_text(text, encoding="utf-8")
    if check and stale:
        sys.stderr.write(f"not current: {', '.join(stale)}; run python -m common.crds.generate\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
