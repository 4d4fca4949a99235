"""The CustomResourceDefinitions are current, structural, and have exactly the models' fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import inspect

import common.crds
from common.core.model.operation import Operation
from common.core.model.project import AppProjectSpec, AppProjectStatus
from common.core.model.spec import ApplicationSpec
from common.core.model.status import ApplicationStatus
from common.crds import load
from common.crds.generate import documents, main
from tests.unit.common.core.model.documents import document, model_paths, schema_paths

PATCH = "kustomize.patches."
"""Below it the models hand on what a kustomization has; only the schema says what that is."""


def by_kind() -> dict[str, dict[str, Any]]:
    """The definitions."""
    return {crd["spec"]["names"]["kind"]: crd for crd in load()}


def schema(kind: str) -> dict[str, Any]:
    """The schema of the one version."""
    (version,) = by_kind()[kind]["spec"]["versions"]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return found


@pytest.mark.parametrize(
    ("kind", "part", "model"),
    [
        ("Application", "spec", ApplicationSpec),
        ("Application", "operation", Operation),
        ("Application", "status", ApplicationStatus),
        ("AppProject", "spec", AppProjectSpec),
        ("AppProject", "status", AppProjectStatus),
    ],
)
def test_schema_and_model_have_the_same_fields(kind: str, part: str, model: type) -> None:
    """Every field of the one is in the other."""
    ours = {path for path in model_paths(inspect.type_info(model)) if not path.endswith(".*")}
    served = {path for path in schema_paths(schema(kind)["properties"][part]) if PATCH not in path}
    assert served == ours


def _nodes(node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from _nodes(child, f"{path}.{name}")
    for name in ("items", "additionalProperties"):
        if isinstance(node.get(name), dict):
            yield from _nodes(node[name], f"{path}.{name}")


@pytest.mark.parametrize("kind", ["Application", "AppProject", "ApplicationSet"])
def test_schemas_are_structural(kind: str) -> None:
    """Each place has a type, arrays have items, and what is required is a property."""
    for path, node in _nodes(schema(kind), kind):
        assert "type" in node or node.get("x-kubernetes-int-or-string"), path
        assert (node.get("type") == "array") == ("items" in node), path
        assert set(node.get("required", ())) <= set(node.get("properties", {})), path


def _undeclared(value: Any, node: dict[str, Any], path: str) -> Iterator[str]:
    if node.get("x-kubernetes-preserve-unknown-fields") or path == ".metadata":
        return
    if isinstance(value, list):
        for item in value:
            yield from _undeclared(item, node["items"], path)
    elif isinstance(value, dict):
        properties, rest = node.get("properties", {}), node.get("additionalProperties")
        yield from (f"{path}.{key}" for key in value if key not in properties and rest is None)
        yield from (f"{path}.{key} missing" for key in node.get("required", ()) if key not in value)
        for key in value.keys() & (properties.keys() if rest is None else value.keys()):
            yield from _undeclared(value[key], properties.get(key, rest), f"{path}.{key}")


@pytest.mark.parametrize(
    ("kind", "name"), [("Application", "application-full"), ("AppProject", "appproject-full")]
)
def test_nothing_of_a_full_object_is_pruned(kind: str, name: str) -> None:
    """Every field of the fixtures is declared, and has what it requires."""
    assert list(_undeclared(document(name), schema(kind), "")) == []


def test_names_and_columns() -> None:
    """Short names, the columns that kubectl prints, and which kinds have a status subresource."""
    found = by_kind()
    assert {kind: crd["spec"]["names"]["shortNames"] for kind, crd in found.items()} == {
        "Application": ["app", "apps"],
        "AppProject": ["appproj", "appprojs"],
        "ApplicationSet": ["appset", "appsets"],
    }
    (version,) = found["Application"]["spec"]["versions"]
    assert [
        (c["name"], c["jsonPath"], c.get("priority", 0)) for c in version["additionalPrinterColumns"]
    ] == [
        ("Sync Status", ".status.sync.status", 0),
        ("Health Status", ".status.health.status", 0),
        ("Revision", ".status.sync.revision", 10),
        ("Project", ".spec.project", 10),
    ]
    with_status = [k for k, crd in found.items() if "subresources" in crd["spec"]["versions"][0]]
    assert with_status == ["ApplicationSet"]
    assert [crd["metadata"]["name"] for crd in load()] == [
        "applications.argoproj.io",
        "appprojects.argoproj.io",
        "applicationsets.argoproj.io",
    ]


def test_each_caller_has_its_own_copy() -> None:
    """Nobody can spoil another's."""
    load()[0]["metadata"]["name"] = "spoiled"
    assert load()[0]["metadata"]["name"] == "applications.argoproj.io"


def test_the_files_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m common.crds.generate` would change nothing."""
    assert main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_stale_files_are_named_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` fails on them; without it they are written."""
    monkeypatch.setattr("common.crds.generate.files", lambda _: tmp_path)
    assert main(["--check"]) == 1
    assert "application.yaml, appproject.yaml, applicationset.yaml" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert {path.stem for path in tmp_path.iterdir()} == set(documents()) == set(common.crds.NAMES)


def test_descriptions_come_from_the_models() -> None:
    """So `kubectl explain` says what the code says."""
    spec = schema("Application")["properties"]["spec"]["properties"]
    assert spec["revisionHistoryLimit"]["description"] == (
        "How many entries status.history keeps; None for 10."
    )
